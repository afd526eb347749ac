"""Types for what a hook observes in a worker besides counting calls: how late its event loops are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from asyncspy.model.findings import Culprit
from asyncspy.model.stacks import Frame

MAX_MOMENTS = 20
"""How many of the worst moments of one loop are kept."""


class LateMoment(NamedTuple):
    """A moment at which a loop was late: by how many seconds, and when it came, in seconds since the epoch.

    `frames` is a call to Django's guard that was made on the loop in that time, if one was.
    """

    seconds: float
    at: float
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class LoopTicks:
    """How late one loop came to a timer of the hook's own, which was due `tick` seconds after the time before.

    `ticks` is how often it was late by how many milliseconds, `moments` are the worst, the worst first. `thread` is the
    name of the loop's thread, `loop` its class. `off` is why the hook stopped measuring, if it did.
    """

    pid: int | None
    thread: str
    loop: str
    tick: float
    seconds: float
    ticks: Mapping[int, int] = field(default_factory=dict)
    moments: tuple[LateMoment, ...] = ()
    off: str | None = None


@dataclass(frozen=True)
class Observed:
    """All that hooks observed in some workers."""

    loops: tuple[LoopTicks, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything was observed."""
        return bool(self.loops)

    def frames(self) -> set[Frame]:
        """All frames in it."""
        return {frame for loop in self.loops for moment in loop.moments for frame in moment.frames}

    def with_frames(self, change: Callable[[Frame], Frame]) -> Observed:
        """The same with each frame changed."""
        return Observed(tuple(replace(loop, moments=_changed(loop.moments, change)) for loop in self.loops))


def _changed(moments: Iterable[LateMoment], change: Callable[[Frame], Frame]) -> tuple[LateMoment, ...]:
    return tuple(moment._replace(frames=tuple(map(change, moment.frames))) for moment in moments)


NOTHING_OBSERVED = Observed()


def join_observed(parts: Iterable[Observed]) -> Observed:
    """What was observed in several workers, each for itself."""
    return Observed(tuple(loop for part in parts for loop in part.loops))


def merge_observed(parts: Iterable[Observed], pid: int) -> Observed:
    """What was observed in several workers as if they were one, which has this pid."""
    loops: dict[tuple[str, str, float], LoopTicks] = {}
    for loop in join_observed(parts).loops:
        known = loops.get(key := (loop.thread, loop.loop, loop.tick))
        loops[key] = replace(_merge_ticks(known, loop) if known else loop, pid=pid)
    return Observed(tuple(loops.values()))


def _merge_ticks(one: LoopTicks, other: LoopTicks) -> LoopTicks:
    moments = sorted((*one.moments, *other.moments), key=lambda moment: -moment.seconds)
    return replace(
        one,
        seconds=one.seconds + other.seconds,
        ticks=Counter(one.ticks) + Counter(other.ticks),
        moments=tuple(moments[:MAX_MOMENTS]),
        off=one.off or other.off,
    )


class LocatedMoment(NamedTuple):
    """A moment at which a loop was late, with the line that was on it, and how that is known.

    `call`: a call to Django's guard was made there in that time. `samples`: it is the only line that was sampled on the
    loop for that long, in a recording of that time.
    """

    seconds: float
    at: float
    line: Culprit | None = None
    known_by: Literal["call", "samples"] | None = None


@dataclass(frozen=True, slots=True)
class LoopLateness:
    """How late one loop was, in seconds: half of the time at most `p50`, 99% of it at most `p99`, `worst` once.

    `bands` are shares of the time, each with the lateness that it begins at. `off` is why measuring ended early.
    """

    pid: int | None
    thread: str
    loop: str
    seconds: float
    p50: float
    p99: float
    worst: float
    bands: tuple[tuple[float, float], ...]
    moments: tuple[LocatedMoment, ...] = ()
    off: str | None = None
