"""A profile to its threads, as the formats want them: each with its stacks, those alike side by side."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from asyncspy.model.stacks import Frame, Origin, Profile
from asyncspy.untrusted import escape_unprintable, finite

MOST_HZ = 1_000_000
LONGEST_NAME = 10_000
"""Characters of a name; a longer one is no name."""

BILLION = 1_000_000_000
LONGEST = 1e9
"""Seconds; more than these are no recording."""

LARGEST, LARGEST_LINE = 2**63 - 1, 2**31 - 1
"""What the numbers of protocol buffers hold."""

NONE = (Frame("(no frames)", ""),)
"""What a sample shows that was taken outside of Python; the formats want every sample to have a frame."""


class Thread(NamedTuple):
    """One thread of one process; its stacks from the root to the leaf, with their samples."""

    pid: int | None
    name: str
    stacks: tuple[tuple[tuple[Frame, ...], int], ...]

    @property
    def title(self) -> str:
        """`Process 7 MainThread`, as far as that is known."""
        parts = [f"Process {self.pid}" if self.pid is not None else "", safe(self.name)]
        return " ".join(filter(None, parts)) or "all threads"


def threads_of(profile: Profile) -> list[Thread]:
    """All threads, the busiest first."""
    threads: dict[tuple[int | None, str], list[tuple[tuple[Frame, ...], int]]] = defaultdict(list)
    for stack, weight in profile.stacks.items():
        threads[stack.pid, stack.thread].append((stack.frames or NONE, weight))
    made = [Thread(pid, name, tuple(sorted(stacks))) for (pid, name), stacks in threads.items()]
    return sorted(made, key=lambda one: (-sum(weight for _, weight in one.stacks), one.pid or 0, one.name))


def interval(profile: Profile) -> float | None:
    """The seconds that one sample stands for, where all origins agree on it."""
    rates = {origin.rate for origin in profile.origins}
    rate = rates.pop() if len(rates) == 1 else None
    return 1 / rate if rate and 0 < rate <= MOST_HZ else None


def duration(origins: tuple[Origin, ...]) -> float:
    """How long was recorded, in seconds; 0 where it is not known."""
    return sum(finite(origin.duration) or 0 for origin in origins)


def measured(profile: Profile) -> str:
    """What its samples are samples of."""
    return "wall" if profile.modes == {"wall"} else "cpu"


def started(profile: Profile) -> int:
    """When the first recording began, in nanoseconds since 1970; 0 where none says."""
    times = []
    for origin in profile.origins:
        try:
            times.append(datetime.fromisoformat(origin.started_at or "").timestamp())
        except (ValueError, OverflowError):
            continue
    return max(0, round(min(times) * BILLION)) if times else 0


def safe(name: str) -> str:
    """A name without control characters, and in valid Unicode."""
    return escape_unprintable(name, limit=LONGEST_NAME)


@lru_cache(maxsize=100_000)
def frame_name(frame: Frame) -> str:
    """A frame as py-spy writes it: `count (django/db/models/query.py:604)`."""
    line = f":{frame.line}" if frame.line > 0 else ""
    return safe(f"{frame.function} ({frame.file}{line})" if frame.file else frame.function)


class Table:
    """Names or other things, each once; what is asked for is its number."""

    def __init__(self, *first: object) -> None:
        self.numbers: dict[object, int] = {each: number for number, each in enumerate(first)}

    def __getitem__(self, thing: object) -> int:
        return self.numbers.setdefault(thing, len(self.numbers))
