"""Types for what a hook observes in a worker besides counting calls: how late its loops are, where its tasks wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from asyncspy.model.findings import Culprit
from asyncspy.model.stacks import Frame

MAX_MOMENTS, MAX_WAYS = 20, 2_000
"""How many of the worst moments, and of the ways of tasks, are kept of one loop."""


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


TaskState = Literal["ready", "queued", "running", "task", "future", "other"]
"""What a task awaits: its turn (it is ready), a thread's work that is queued or running, other tasks, or a future."""


class AwaitWay(NamedTuple):
    """The way of tasks from their own coroutine to what they await.

    `seen` is how many tasks were seen on it in all looks together, and `squares` the sum of the squares of how often
    each single wait was seen: a few long waits prove less than many short ones.
    """

    frames: tuple[Frame, ...]
    state: TaskState
    seen: float
    squares: float


@dataclass(frozen=True)
class TaskLooks:
    """What was seen of one loop's tasks in some looks. `beyond` were seen on ways that were too many to be kept.

    `off` is why there were no more looks, if they ended early.
    """

    pid: int | None
    thread: str
    looks: int
    ways: tuple[AwaitWay, ...] = ()
    beyond: float = 0.0
    longest: float = 0.0
    off: str | None = None


@dataclass(frozen=True)
class Observed:
    """All that hooks observed in some workers."""

    loops: tuple[LoopTicks, ...] = ()
    tasks: tuple[TaskLooks, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything was observed."""
        return bool(self.loops or self.tasks)

    def frames(self) -> set[Frame]:
        """All frames in it."""
        calls = {frame for loop in self.loops for moment in loop.moments for frame in moment.frames}
        return calls | {frame for looks in self.tasks for way in looks.ways for frame in way.frames}

    def with_frames(self, change: Callable[[Frame], Frame]) -> Observed:
        """The same with each frame changed."""
        loops = (
            replace(loop, moments=tuple(one._replace(frames=tuple(map(change, one.frames))) for one in loop.moments))
            for loop in self.loops
        )
        tasks = (
            replace(looks, ways=tuple(way._replace(frames=tuple(map(change, way.frames))) for way in looks.ways))
            for looks in self.tasks
        )
        return Observed(tuple(loops), tuple(tasks))


NOTHING_OBSERVED = Observed()


def join_observed(parts: Iterable[Observed]) -> Observed:
    """What was observed in several workers, each for itself."""
    parts = tuple(parts)
    return Observed(
        tuple(loop for part in parts for loop in part.loops), tuple(looks for part in parts for looks in part.tasks)
    )


def merge_observed(parts: Iterable[Observed], pid: int) -> Observed:
    """What was observed in several workers as if they were one, which has this pid."""
    joined = join_observed(parts)
    loops: dict[tuple[str, str, float], LoopTicks] = {}
    for loop in joined.loops:
        known = loops.get(key := (loop.thread, loop.loop, loop.tick))
        loops[key] = replace(_merge_ticks(known, loop) if known else loop, pid=pid)
    tasks: dict[str, TaskLooks] = {}
    for looks in joined.tasks:
        before = tasks.get(looks.thread)
        tasks[looks.thread] = replace(_merge_looks(before, looks) if before else looks, pid=pid)
    return Observed(tuple(loops.values()), tuple(tasks.values()))


def _merge_looks(one: TaskLooks, other: TaskLooks) -> TaskLooks:
    ways: dict[tuple[tuple[Frame, ...], TaskState], AwaitWay] = {}
    for way in (*one.ways, *other.ways):
        known = ways.get((way.frames, way.state))
        added = way._replace(seen=known.seen + way.seen, squares=known.squares + way.squares) if known else way
        ways[way.frames, way.state] = added
    kept = sorted(ways.values(), key=lambda way: -way.seen)
    return replace(
        one,
        looks=one.looks + other.looks,
        ways=tuple(kept[:MAX_WAYS]),
        beyond=one.beyond + other.beyond + sum(way.seen for way in kept[MAX_WAYS:]),
        longest=max(one.longest, other.longest),
        off=one.off or other.off,
    )


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
