"""Choose which of a profile's values say how often each stack was seen, and what one sample has of them.

A profile may have several values for each sample: times, counts of samples, of locks, of bytes. Those of waits are
taken where there are any (as Datadog's profiler writes), else those of the processor; counts rather than times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asyncspy.model.stacks import SamplingMode

WALL, PROCESSOR, ANY = "wall", ("cpu", "process_cpu"), "sample"
"""How the names of types begin that are about waits, about the processor, or about either."""

COUNTS = frozenset({"count", "samples", ""})
TIMES = {
    **dict.fromkeys(("nanoseconds", "ns"), 1),
    **dict.fromkeys(("microseconds", "us", "\N{GREEK SMALL LETTER MU}s", "\N{MICRO SIGN}s"), 1_000),
    **dict.fromkeys(("milliseconds", "ms"), 10**6),
    **dict.fromkeys(("seconds", "s"), 10**9),
}
"""Units of time, in nanoseconds."""

NANOSECONDS, MAX_RATE, MAX_COUNT = 10**9, 10**6, 10**12

BY_TIME = "its samples are worked out from times, at {:,} microseconds each"
ONE_PERIOD = "it does not say at which interval it was sampled: every entry counts as one sample"


class NamedType(NamedTuple):
    """A type of values by its name and unit."""

    name: str
    unit: str


class ValueType(NamedTuple):
    """One of a sample's values: its place among them, what is sampled, and how much one sample has of it."""

    place: int
    mode: SamplingMode
    per_sample: int
    rate: int | None

    def samples(self, amount: int) -> int:
        """For how many samples so much of it stands."""
        return min(-(-amount // self.per_sample) if self.per_sample else int(amount > 0), MAX_COUNT)

    @property
    def notes(self) -> list[str]:
        """How samples were counted, if not as the profile itself counts them."""
        if not self.per_sample:
            return [ONE_PERIOD]
        return [BY_TIME.format(10**6 // self.rate)] if self.per_sample > 1 and self.rate else []


def choose(types: Sequence[NamedType], period: int, period_type: NamedType | None) -> ValueType | None:
    """The values of a profile of time; None where it is one of anything else."""
    nanoseconds = period * TIMES.get(period_type.unit.lower(), 0) if period_type else 0
    rate = round(NANOSECONDS / nanoseconds) if nanoseconds * MAX_RATE >= NANOSECONDS else None
    wall, processor, samples = (
        [place for place, each in enumerate(types) if each.name.lower().startswith(begin)]
        for begin in (WALL, PROCESSOR, ANY)
    )
    fitting = [*(wall or processor), *([] if wall and processor else samples)]
    counts = [place for place in fitting if types[place].unit.lower() in COUNTS]
    times = [place for place in fitting if types[place].unit.lower() in TIMES]
    if not counts and not times:
        return None
    by_wall_clock = wall or (not processor and period_type is not None and period_type.name.lower().startswith(WALL))
    mode: SamplingMode = "wall" if by_wall_clock else "default"
    if counts:
        return ValueType(counts[0], mode, 1, rate)
    return ValueType(times[0], mode, nanoseconds // TIMES[types[times[0]].unit.lower()] if rate else 0, rate)
