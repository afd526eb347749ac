"""Split a profile into its threads, and express its times and lines as the formats of other tools want them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from datetime import datetime
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from asyncspy.model.stacks import Frame, Profile
from asyncspy.untrusted import escape_unprintable

MAX_RATE = 1_000_000
MAX_NAME = 10_000
"""Characters of a name; longer ones are cut."""

NANOSECONDS = 1_000_000_000
MAX_SECONDS = 1e9
"""A longer recording is a damaged one."""

MAX_INT64, MAX_INT32 = 2**63 - 1, 2**31 - 1

NO_FRAMES = (Frame("(no frames)", ""),)
"""What a sample shows that was taken outside of Python; the formats want every sample to have a frame."""

T = TypeVar("T", bound=Hashable)


class ExportedThread(NamedTuple):
    """One thread of one process; its stacks from the root to the leaf, with their samples."""

    pid: int | None
    name: str
    stacks: tuple[tuple[tuple[Frame, ...], int], ...]

    @property
    def title(self) -> str:
        """`Process 7 MainThread`, as far as that is known."""
        parts = [f"Process {self.pid}" if self.pid is not None else "", escaped(self.name)]
        return " ".join(filter(None, parts)) or "all threads"


class ExportedProfile:
    """A profile as the formats want it: its threads, and its times, which are 0 where they are not known."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.clock = "wall" if profile.modes == {"wall"} else "cpu"
        rates = {origin.rate for origin in profile.origins}
        rate = rates.pop() if len(rates) == 1 else None
        self.interval = 1 / rate if rate and 0 < rate <= MAX_RATE else None
        """The seconds that one sample stands for, where all origins agree on it."""
        self.interval_nanoseconds = round((self.interval or 0) * NANOSECONDS)

    @property
    def threads(self) -> list[ExportedThread]:
        """All threads, the busiest first."""
        threads: dict[tuple[int | None, str], list[tuple[tuple[Frame, ...], int]]] = defaultdict(list)
        for stack, weight in self.profile.stacks.items():
            threads[stack.pid, stack.thread].append((stack.frames or NO_FRAMES, weight))
        made = [ExportedThread(pid, name, tuple(sorted(stacks))) for (pid, name), stacks in threads.items()]
        return sorted(made, key=lambda one: (-sum(weight for _, weight in one.stacks), one.pid or 0, one.name))

    @property
    def duration_nanoseconds(self) -> int:
        """How long was recorded."""
        durations = [o.duration for o in self.profile.origins if o.duration is not None]
        seconds = sum(duration for duration in durations if 0 < duration <= MAX_SECONDS)
        return round(min(seconds, MAX_SECONDS) * NANOSECONDS)

    @property
    def start_nanoseconds(self) -> int:
        """When the first recording began, since 1970."""
        times = []
        for origin in self.profile.origins:
            try:
                times.append(datetime.fromisoformat(origin.started_at or "").timestamp())
            except (ValueError, OverflowError):
                continue
        return max(0, round(min(times) * NANOSECONDS)) if times else 0


def line_number(frame: Frame) -> int:
    """The line, as far as the formats can hold it; 0 where it is not known."""
    return min(max(frame.line, 0), MAX_INT32)


def escaped(name: str) -> str:
    """A name without control characters, and in valid Unicode."""
    return escape_unprintable(name, limit=MAX_NAME)


@lru_cache(maxsize=100_000)
def frame_name(frame: Frame) -> str:
    """A frame as py-spy writes it: `count (django/db/models/query.py:604)`."""
    line = f":{frame.line}" if frame.line > 0 else ""
    return escaped(f"{frame.function} ({frame.file}{line})" if frame.file else frame.function)


class Numbering(Generic[T]):
    """Give each thing a number when it is first asked for, from `start` on."""

    def __init__(self, *things: T, start: int = 0) -> None:
        self.start = start
        self.numbers: dict[T, int] = {thing: start + i for i, thing in enumerate(things)}

    def __getitem__(self, thing: T) -> int:
        return self.numbers.setdefault(thing, self.start + len(self.numbers))
