"""Types for what the analysis finds in samples: findings with their evidence, hop costs, waits, detection limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from asyncspy.model.stacks import ChainFrame, FindingKind, Frame, Occurrences
from asyncspy.model.third_party import Distribution, MiddlewareSupport

World = Literal["loop", "pool", "sync", "idle", "other"]
"""Where the leaf of a stack runs: on the event loop, in a pool thread, in neither (sync), in a wait for work (idle).
`other` is neither Python work nor a wait, such as the start of a thread."""

WaitKind = Literal["sleep", "socket", "name", "lock", "thread", "process", "file", "unknown"]
"""What a thread waits for: time, a peer, the address of a host name, a lock, other threads' work, a program, a disk."""


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """How many samples ran in each world; they add up to `total`."""

    total: int = 0
    loop: int = 0
    pool: int = 0
    sync: int = 0
    idle: int = 0
    other: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a finding is known, by grade; samples and events are never added up.

    `reached` samples have Django's guard (the async_unsafe wrapper) on the stack; `heading` samples have ORM work that
    can only end there. `logged` tracebacks were read from a log, `exact` calls counted in the process. `sampled` are
    the samples of a finding that does not concern the guard.
    """

    reached: int = 0
    heading: int = 0
    logged: int = 0
    exact: int = 0
    sampled: int = 0

    @property
    def samples(self) -> int:
        """The number of samples, of whatever grade."""
        return self.reached + self.heading + self.sampled


class CountedCalls(NamedTuple):
    """How many calls of a finding were counted at Django's guard in `seconds`, and how many of them it let pass."""

    times: int
    passed: int = 0
    seconds: float = 0.0
    first: str | None = None
    last: str | None = None


class Interval(NamedTuple):
    """A share with its 95% confidence bounds."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to change, since which Django version that works, and the new line if it could be worked out.

    `text` is complete by itself; `note` is what remains to be said beside `code`.
    """

    text: str
    since: str | None = None
    code: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Culprit:
    """The line to change: the deepest frame of the user's own code, or of the named `package` if there is none.

    `by_name`: the recording has no folders, so whose code it is was decided by names alone. `on_behalf`: the package
    only works on what own code returned or declared. `beside_own`: own code is on the way, but does not make the call.
    """

    frame: Frame
    package: str | None = None
    distribution: Distribution | None = None
    by_name: bool = False
    on_behalf: bool = False
    beside_own: bool = False


class PackageCall(NamedTuple):
    """The function of a package that the culprit's line calls, and the frame of the finding's call further in."""

    frame: Frame
    call: Frame


@dataclass(frozen=True, slots=True)
class Entry:
    """How the work came onto the loop: the view, middleware or consumer, and how many samples came through it."""

    kind: str
    frame: Frame
    weight: int


class WorkerShare(NamedTuple):
    """One process's part in a finding: its samples, and their share of that process's loop samples."""

    pid: int | None
    samples: int
    share: Interval | None = None


FleetGrouping = Literal["host", "worker", "versions"]
"""What workers of a fleet are grouped by; `versions` are those of Python, Django, asgiref and the server."""


class FleetGroup(NamedTuple):
    """A finding in workers that have a host, or all versions, in common: how many of them show it, how often."""

    by: FleetGrouping
    name: str
    workers: int
    seen_in: int
    samples: int
    share: Interval | None = None


class FleetSpread(NamedTuple):
    """Where in a fleet of several hosts or versions a finding was seen: in how many workers and hosts, and which."""

    workers: int
    seen_in: int
    hosts: int
    hosts_seen_in: int
    groups: tuple[FleetGroup, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """What blocks the loop; if it is not `certain` that it waits, it may be computing."""

    kind: WaitKind
    certain: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: all samples of one call on one line of code, whatever way led there.

    `chain` leads from the entry to the `sink`, the call that cannot run on the loop. `share` is of the loop's samples;
    for a blocked loop or a full pool, of the time watched, waits included. `logged` and `captured` say when, for the
    counts `evidence.logged` and `evidence.exact`. `completed`: the logged chain was cut, and its outer part was taken
    from a sampled one. `threads` is how many threads it occupies on average, if the recording can tell; `drags` how
    many other middleware a sync-only one forces into its thread. `fleet` is where among several hosts it was seen.
    `via` is set where a package makes the call, and not the culprit's line itself.
    `beside_loop`: sync code was refused its queries since an event loop runs elsewhere in its thread; the culprit runs
    that loop, and the entries are the sync code, which is innocent.
    `middleware` is what is known of a sync-only one, and of other sync-only ones in its thread.
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
    captured: CountedCalls | None = None
    completed: bool = False
    wait: Wait | None = None
    threads: float | None = None
    drags: int = 0
    fleet: FleetSpread | None = None
    beside_loop: bool = False
    via: PackageCall | None = None
    middleware: tuple[MiddlewareSupport, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeShare:
    """The samples of one line of code in a total; without a frame, those of callbacks and bookkeeping."""

    frame: Frame | None
    package: str | None
    weight: int


@dataclass(frozen=True, slots=True)
class HopCosts:
    """What hops between the loop and threads cost: their samples on the loop, who caused them, what ran in the threads.

    `callers` add up to `samples`; `work` adds up to the pool's samples.
    """

    samples: int
    share: Interval | None
    callers: tuple[CodeShare, ...] = ()
    work: tuple[CodeShare, ...] = ()


@dataclass(frozen=True, slots=True)
class LoopTime:
    """What the loops did with their time, in samples that include waits: the parts add up to `loop`.

    `waiting` is in a wait that blocks the loop, `idle` the loop's own wait for work, `busy` anything else.
    `pool_threads` is how many pool threads were busy on average.
    """

    loop: int
    idle: int
    waiting: int
    busy: int
    pool_threads: float | None = None


class NeededDuration(NamedTuple):
    """How long a recording like this one must be to see, with 95% certainty, a call made every `every_seconds`."""

    every_seconds: float
    duration_seconds: float


@dataclass(frozen=True, slots=True)
class DetectionLimit:
    """What the sampling could have missed: the largest share that may be unseen, and how rare a call it would catch.

    `lost_share` of the samples could not be read; all other figures allow for that. `undrawn` samples of the loop end
    where a flame graph may have left out an unsafe call; None if nothing was left out.
    """

    unseen_share: float | None = None
    catch_interval_seconds: float | None = None
    needed: tuple[NeededDuration, ...] = ()
    lost_share: float | None = None
    undrawn: int | None = None
