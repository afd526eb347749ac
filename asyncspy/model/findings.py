"""What the analysis says of samples: findings with their evidence, hops, waits, how far it could see, and flames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from asyncspy.model.stacks import ChainFrame, FindingKind, Frame, Occurrences

World = Literal["loop", "pool", "sync", "idle", "other"]
"""Where the leaf of a stack runs. `other` is neither Python work nor a wait: thread start-up, bare processes."""

AnalysisVerdict = Literal["violations", "none-seen", "no-data"]


WaitKind = Literal["sleep", "socket", "name", "lock", "thread", "process", "file", "unknown"]
"""What a thread waits for: time, a peer, a name's address, a lock, other threads' work, a program, a disk."""


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """How many samples ran in which world; they add up to `total`."""

    total: int = 0
    loop: int = 0
    pool: int = 0
    sync: int = 0
    idle: int = 0
    other: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a finding is known; grades are counted apart and never added up across samples and events.

    `sampled` counts the samples of a finding that has nothing to do with Django's guard.
    """

    reached: int = 0
    heading: int = 0
    logged: int = 0
    exact: int = 0
    sampled: int = 0

    @property
    def samples(self) -> int:
        """The grades that sampling gives."""
        return self.reached + self.heading + self.sampled


class CountedCalls(NamedTuple):
    """The calls of a finding that were counted at the guard in so many seconds, and how many of them it let pass."""

    times: int
    passed: int = 0
    seconds: float = 0.0
    first: str | None = None
    last: str | None = None


class Interval(NamedTuple):
    """A share with its 95% bounds."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to change, since which Django it works, and the line to type where it could be worked out.

    `text` says it all by itself; `note` is what remains to be said beside `code`.
    """

    text: str
    since: str | None = None
    code: str | None = None
    note: str | None = None


class Distribution(NamedTuple):
    """What was installed: the name that pip knows it by, and its version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Culprit:
    """The line to change; `package` is set where no line of the user's own code is on the way.

    `by_name`: the recording holds no folders, so whose code it is was decided by names alone.
    """

    frame: Frame
    package: str | None = None
    distribution: Distribution | None = None
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """How the work came onto the loop: the view, middleware, consumer, … and how many samples came that way."""

    kind: str
    frame: Frame
    weight: int


class WorkerShare(NamedTuple):
    """One process's part in a finding: its samples, and their share of that process's time on the loop."""

    pid: int | None
    samples: int
    share: Interval | None = None


FleetGrouping = Literal["host", "worker", "versions"]


class FleetGroup(NamedTuple):
    """What workers that have a host, or all versions, in common show of a finding: how many of them do, how often."""

    by: FleetGrouping
    name: str
    workers: int
    seen_in: int
    samples: int
    share: Interval | None = None


class FleetSpread(NamedTuple):
    """Of a finding in recordings of several hosts or versions: how many workers and hosts show it, and which."""

    workers: int
    seen_in: int
    hosts: int
    hosts_seen_in: int
    groups: tuple[FleetGroup, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """What blocks the loop; where it is not `certain` that it waits, it may as well compute."""

    kind: WaitKind
    certain: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: all samples of one call on one line of code, whatever the route.

    `share` is of the loop's samples; of a blocked loop or a full pool, of the time that was watched, waits included.
    `threads` is how many threads it holds on average, where the recording can tell; `drags` is how many other
    middleware a sync-only one makes run in its thread.
    """

    kind: FindingKind
    evidence: Evidence
    allowed: bool
    culprit: Culprit
    call: str
    sink: str | None
    entries: tuple[Entry, ...]
    chain: tuple[ChainFrame, ...]
    remedies: tuple[Remedy, ...] = ()
    share: Interval | None = None
    workers: tuple[WorkerShare, ...] = ()
    logged: Occurrences | None = None
    """When logs tell of it; `evidence.logged` is its count."""
    captured: CountedCalls | None = None
    """When calls were counted in the process; `evidence.exact` is their number."""
    completed: bool = False
    """Whether the logged chain was cut, and its outer part is that of a sampled one."""
    wait: Wait | None = None
    threads: float | None = None
    drags: int = 0
    fleet: FleetSpread | None = None


@dataclass(frozen=True, slots=True)
class CodeShare:
    """Some of a total: the samples of one place; without a frame, of what has none (callbacks, bookkeeping)."""

    frame: Frame | None
    package: str | None
    weight: int


@dataclass(frozen=True, slots=True)
class HopCosts:
    """What going to and fro between loop and threads costs: its samples on the loop, who asks for it, what it is for.

    `callers` add up to `samples`; `work` is what ran in the threads, and adds up to the pool's samples.
    """

    samples: int
    share: Interval | None
    callers: tuple[CodeShare, ...] = ()
    work: tuple[CodeShare, ...] = ()


@dataclass(frozen=True, slots=True)
class LoopTime:
    """What the loops did with their time, in samples that count waits: they add up to `loop`.

    `waiting` is inside a wait that blocks, `idle` is the loop's own wait for work, `busy` is anything else;
    `pool_threads` is how many pool threads were busy on average.
    """

    loop: int
    idle: int
    waiting: int
    busy: int
    pool_threads: float | None = None


class NeededDuration(NamedTuple):
    """How many seconds a recording like this one must last to see, with 95% certainty, a call made that often."""

    every_seconds: float
    duration_seconds: float


@dataclass(frozen=True, slots=True)
class DetectionLimit:
    """What the sampling could have seen: the bound on what it did not, and how rare a call it would catch.

    `lost_share` of the samples could not be read; it is allowed for in all the rest.
    """

    unseen_share: float | None = None
    catch_interval_seconds: float | None = None
    needed: tuple[NeededDuration, ...] = ()
    lost_share: float | None = None


class FlameBox(NamedTuple):
    """One box of a flame graph: `start` is how many samples stand to the left of it, `depth` 0 is the root's.

    `finding` is the index of the finding that most of its samples are of, if it lies at that one's culprit or beyond;
    `towards` is how many of its samples are of any finding.
    """

    depth: int
    start: int
    samples: int
    frame: Frame
    package: str | None
    finding: int | None = None
    towards: int = 0


@dataclass(frozen=True, slots=True)
class FlameGraph:
    """What the event loops ran, without their own frames; a box's children follow it, each beginning further right.

    `samples` is the width of it all; `idle` are those that were left out, as the loop waited for work; boxes too narrow
    to be seen are not in `rows`.
    """

    rows: tuple[FlameBox, ...]
    samples: int
    idle: int = 0
    waits: bool = False
    """Whether it shows where the loops waited, too."""
