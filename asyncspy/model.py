"""The nouns that every room shares: frozen, free of I/O; `Profile` is what readers make and analysis takes.

`Frame` and `Stack` are tuples because a recording holds hundreds of thousands of them and tuples hash in C.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from asyncspy.processes import Check as Check
from asyncspy.processes import Diagnosis as Diagnosis
from asyncspy.processes import Role as Role
from asyncspy.processes import Worker as Worker

Mode = Literal["gil", "wall", "default", "unknown"]
"""What a sample means: a thread that held the GIL, any thread, py-spy's own guess of "busy", or not recorded."""

World = Literal["loop", "pool", "sync", "idle", "other"]
"""Where the leaf of a stack runs. `other` is neither Python work nor a wait: thread start-up, bare processes."""

Verdict = Literal["violations", "none-seen", "no-data"]
Kind = Literal["async-unsafe", "sync-middleware", "hop-cost", "blocked-loop", "pool-saturated", "deadlock"]


WaitKind = Literal["sleep", "socket", "name", "lock", "thread", "process", "file", "unknown"]
"""What a thread waits for: time, a peer, a name's address, a lock, other threads' work, a program, a disk."""


class Frame(NamedTuple):
    """One line of a stack, spelt as the recording spells it; line 0 is "not recorded"."""

    function: str
    file: str
    line: int = 0


class Stack(NamedTuple):
    """What one thread was doing: frames from the root to the leaf."""

    frames: tuple[Frame, ...]
    pid: int | None = None
    thread: str = ""


class Link(NamedTuple):
    """One frame of a finding's chain; `package` says whose code it is, None being the user's own.

    `repeats` counts a recursion's frames, of which only the last is kept.
    """

    function: str
    file: str
    line: int = 0
    package: str | None = None
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a profile's weights come from, and of what process.

    `started_at` and `ended_at` are the recording host's clock, `duration` is not taken from it. A recording may be
    taken in `slices`; `failed` more gave nothing. `alongside` says that another origin already counts this one's time:
    several processes were recorded at once.
    """

    sampler: str
    mode: Mode = "unknown"
    rate: int | None = None
    duration: float | None = None
    started_at: str | None = None
    samples: int | None = None
    errors: int | None = None
    late_seconds: float | None = None
    interrupted: bool = False
    asyncspy: str | None = None
    target: Worker | None = None
    ended_at: str | None = None
    host: str | None = None
    native: bool = False
    nonblocking: bool = False
    slices: int = 1
    failed: int = 0
    alongside: bool = False


def common_django(origins: Iterable[Origin]) -> str | None:
    """The targets' Django version, where all that say it say the same."""
    versions = {origin.target.django for origin in origins if origin.target and origin.target.django}
    return versions.pop() if len(versions) == 1 else None


@dataclass(frozen=True, slots=True)
class Input:
    """One file that was read: how many stacks it held, how many could not be used, and what its format lost."""

    path: str
    format: str
    stacks: int
    dropped: int = 0
    notes: tuple[str, ...] = ()


class Event(NamedTuple):
    """What a log tells of once or often: frames of a traceback from the root to the raise, or the name of a middleware.

    `whole` is False where the traceback does not begin at the root: the exception was caught half way up, or the log
    is cut.
    """

    kind: Kind
    frames: tuple[Frame, ...] = ()
    subject: str = ""
    whole: bool = True


class Logged(NamedTuple):
    """How often an event is in the logs, and when first and last, in the log's own words."""

    times: int
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """One thread at one moment, as `py-spy dump` shows it; frames from the root to the leaf, None being not told."""

    frames: tuple[Frame, ...]
    name: str = ""
    pid: int | None = None
    id: int | None = None
    os_id: int | None = None
    active: bool | None = None
    owns_gil: bool | None = None
    selves: tuple[str, ...] = ()
    """The class of `self` in each frame, where it was asked for and there is one."""


class Ran(NamedTuple):
    """How often a thread was put on a processor, and how long it ran or waited for its turn, since the last look."""

    switches: int
    nanoseconds: int


@dataclass(frozen=True)
class Dump:
    """All threads of one process at one moment.

    `at` is seconds since the epoch, `paused` for how long the process stood still for it, `state` the kernel's letter
    for the process. `ran` tells by thread of the system what happened since the dump before this one; None: not told.
    `counted` is over how many seconds. `no_tasks` is why the tasks were not read, of a Python that has them to read.
    """

    threads: tuple[Thread, ...] = ()
    pid: int | None = None
    at: float | None = None
    path: str = ""
    paused: float | None = None
    state: str | None = None
    ran: Mapping[int, Ran] | None = None
    counted: float | None = None
    cpus: int | None = None
    tasks: tuple[Task, ...] = ()
    no_tasks: str | None = None


class Task(NamedTuple):
    """A task of a running loop, and the frames that it waits in: from the task's own coroutine to what it awaits."""

    name: str
    frames: tuple[Frame, ...]
    awaited_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """Stacks and how many samples hit each; beside them what logs tell, which is never added to samples.

    `waits` is what the same run sampled counting waits, which is never added either. `sources` are the lines of code
    that were saved with a recording: of each file, those that were worth it.
    """

    stacks: Mapping[Stack, int]
    origins: tuple[Origin, ...] = ()
    inputs: tuple[Input, ...] = ()
    events: Mapping[Event, Logged] = field(default_factory=dict)
    dumps: tuple[Dump, ...] = ()
    waits: Profile | None = None
    sources: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All samples."""
        return sum(self.stacks.values())

    @property
    def threads(self) -> tuple[Thread, ...]:
        """Those of all dumps, as they were told."""
        return tuple(thread for dump in self.dumps for thread in dump.threads)

    @property
    def modes(self) -> frozenset[Mode]:
        """The modes that it was sampled in, as far as they are known."""
        return frozenset(origin.mode for origin in self.origins) - {"unknown"}


def merge(profiles: Iterable[Profile]) -> Profile:
    """Add profiles up. Samples of different modes measure different things: refused with ValueError."""
    profiles = list(profiles)
    modes = sorted({mode for profile in profiles for mode in profile.modes})
    if len(modes) > 1:
        raise ValueError(f"samples of the modes {' and '.join(modes)} cannot be added together")
    stacks: Counter[Stack] = Counter()
    events: dict[Event, Logged] = {}
    for profile in profiles:
        stacks.update(profile.stacks)
        for event, logged in profile.events.items():
            events[event] = seen_again(events.get(event), logged)
    return Profile(
        stacks,
        tuple(origin for profile in profiles for origin in profile.origins),
        tuple(read for profile in profiles for read in profile.inputs),
        events,
        tuple(dump for profile in profiles for dump in profile.dumps),
        merge(waits) if (waits := [profile.waits for profile in profiles if profile.waits]) else None,
        _all_lines(profiles),
    )


def _all_lines(profiles: Sequence[Profile]) -> dict[str, dict[int, str]]:
    """The saved lines of all; of two that differ, the first's."""
    sources: dict[str, dict[int, str]] = {}
    for profile in reversed(profiles):
        for file, lines in profile.sources.items():
            sources.setdefault(file, {}).update(lines)
    return sources


def seen_again(before: Logged | None, now: Logged) -> Logged:
    """Both together. Logs come in any order: times that sort (2026-11-21…) are sorted."""
    if before is None:
        return now
    times = [time for time in (before.first, before.last, now.first, now.last) if time]
    ordered = sorted(times) if all(time[:4].isdigit() for time in times) else times
    return Logged(before.times + now.times, *((ordered[0], ordered[-1]) if ordered else ()))


@dataclass(frozen=True, slots=True)
class Samples:
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

    kind: Kind
    evidence: Evidence
    allowed: bool
    culprit: Culprit
    call: str
    sink: str | None
    entries: tuple[Entry, ...]
    chain: tuple[Link, ...]
    remedies: tuple[Remedy, ...] = ()
    share: Interval | None = None
    workers: tuple[WorkerShare, ...] = ()
    logged: Logged | None = None
    """When logs tell of it; `evidence.logged` is its count."""
    completed: bool = False
    """Whether the logged chain was cut, and its outer part is that of a sampled one."""
    wait: Wait | None = None
    threads: float | None = None
    drags: int = 0


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of a total: the samples of one place; without a frame, of what has none (callbacks, bookkeeping)."""

    frame: Frame | None
    package: str | None
    weight: int


@dataclass(frozen=True, slots=True)
class Hops:
    """What going to and fro between loop and threads costs: its samples on the loop, who asks for it, what it is for.

    `callers` add up to `samples`; `work` is what ran in the threads, and adds up to the pool's samples.
    """

    samples: int
    share: Interval | None
    callers: tuple[Portion, ...] = ()
    work: tuple[Portion, ...] = ()


@dataclass(frozen=True, slots=True)
class Wall:
    """What the loops did with their time, in samples that count waits: they add up to `loop`.

    `waiting` is inside a wait that blocks, `idle` is the loop's own wait for work, `busy` is anything else;
    `pool_threads` is how many pool threads were busy on average.
    """

    loop: int
    idle: int
    waiting: int
    busy: int
    pool_threads: float | None = None


class Needed(NamedTuple):
    """How many seconds a recording like this one must last to see, with 95% certainty, a call made that often."""

    every_seconds: float
    duration_seconds: float


@dataclass(frozen=True, slots=True)
class Reach:
    """What the sampling could have seen: the bound on what it did not, and how rare a call it would catch.

    `lost_share` of the samples could not be read; it is allowed for in all the rest.
    """

    unseen_share: float | None = None
    catch_interval_seconds: float | None = None
    needed: tuple[Needed, ...] = ()
    lost_share: float | None = None


class FlameRow(NamedTuple):
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
class Flame:
    """What the event loops ran, without their own frames; a box's children follow it, each beginning further right.

    `samples` is the width of it all; `idle` are those that were left out, as the loop waited for work; boxes too narrow
    to be seen are not in `rows`.
    """

    rows: tuple[FlameRow, ...]
    samples: int
    idle: int = 0
    waits: bool = False
    """Whether it shows where the loops waited, too."""


HangVerdict = Literal["deadlock", "suspected", "blocked-loop", "pool-exhausted", "slow", "busy", "healthy", "idle"]
"""Of a process that was looked at several times; worst first."""

ThreadRole = Literal["loop", "private-loop", "request", "shared", "default-pool", "pool", "other"]
"""What a thread is there for. `request`: the thread of one request's thread-sensitive work; `shared`: the one thread
for that of the whole process; `private-loop`: a loop that `async_to_sync` started for one call."""

WaitsFor = WaitKind | Literal["loop", "pool", "debugger"]
"""What a thread waits for: further to `WaitKind` a loop that is to run something, the end of a pool's threads, or a
person at a debugger."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Threads that all wait at one line for one thing, and how many looks in a row they did not move.

    `line` is the deepest own frame, else the leaf; `on` are the threads that could end the wait. `still`: none of them
    moved; the same thread, the same frames, and never on a processor between looks, as far as that is known. `timed`:
    the wait ends by itself; None: not known. `receiver` is the class of `self` at the line, where it was asked for.
    """

    pid: int | None
    role: ThreadRole
    threads: tuple[str, ...]
    kind: WaitsFor
    line: Culprit
    on: tuple[str, ...]
    frames: tuple[Link, ...]
    looks: int
    still: bool
    timed: bool | None = None
    seconds: float | None = None
    receiver: str | None = None


class Awaiting(NamedTuple):
    """Tasks that all await at one place; `line` is the deepest own frame, and the last frame what is awaited there."""

    tasks: tuple[str, ...]
    line: Culprit
    frames: tuple[Link, ...]
    awaited_by: tuple[str, ...] = ()


class Action(NamedTuple):
    """A command line to run now, and what it does."""

    command: str
    purpose: str


@dataclass(frozen=True, slots=True)
class HangCulprit:
    """A line that starts a wait: what for, and what the thread that waits is there for."""

    culprit: Culprit
    kind: WaitsFor
    role: ThreadRole
    receiver: str | None = None


@dataclass(frozen=True, slots=True)
class Hang:
    """Whether one process hangs, and on what: several looks at its threads, compared.

    `grounds` are sentences, strongest first; `now` and `later` are what to do; `watch` is for how many seconds to watch
    to be surer; `known` names the faults of installed versions that fit. `awaiting` is where coroutines of own code
    wait, if they can be read: `no_tasks` is why not, `other_tasks` counts those of servers and frameworks.
    """

    pid: int | None
    verdict: HangVerdict
    certain: bool
    grounds: tuple[str, ...]
    culprits: tuple[HangCulprit, ...] = ()
    waits: tuple[Waiting, ...] = ()
    known: tuple[str, ...] = ()
    now: tuple[Action, ...] = ()
    later: tuple[Remedy, ...] = ()
    watch: int | None = None
    looks: int = 0
    seconds: float | None = None
    paused: float | None = None
    idle_threads: int = 0
    awaiting: tuple[Awaiting, ...] = ()
    other_tasks: int = 0
    no_tasks: str | None = None
    target: Worker | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """The whole answer: what every report is made from."""

    verdict: Verdict
    samples: Samples
    findings: tuple[Finding, ...] = ()
    reach: Reach = field(default_factory=Reach)
    origins: tuple[Origin, ...] = ()
    inputs: tuple[Input, ...] = ()
    hops: Hops | None = None
    wall: Wall | None = None
    hangs: tuple[Hang, ...] = ()
    """Of each process that was dumped, worst first."""
    faint: tuple[Finding, ...] = ()
    """What is too weak to be a finding: only a comparison asks, whether it is gone or merely less."""
    flames: tuple[Flame, ...] = ()
    """What the loops ran, and where they waited, as trees; only made where pictures are drawn of them."""


Change = Literal["new", "more", "same", "less", "gone", "not-seen-before", "not-seen-yet"]
"""What became of a finding. The `not-seen` ones are on one side only, and chance may explain it."""

Doubt = Literal["entry-not-seen", "not-sampled"]
"""Why nothing is concluded: no way to it was taken in AFTER; or nothing but logs tell of it."""


@dataclass(frozen=True, slots=True)
class Side:
    """One finding in one of two recordings: where it stands, its samples, and their share of what was watched."""

    culprit: Culprit
    samples: int
    share: Interval | None = None
    logged: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one finding, and the probability that chance alone makes the two recordings differ so.

    `finding` is AFTER's where it is there. `chance` allows for all the findings that were compared beside it;
    `needed_seconds` is how long an AFTER without it must last, at its rate and load, to prove that it is gone.
    `work_before` and `work_after` are the samples of other work that it is held against.
    """

    change: Change
    finding: Finding
    before: Side | None
    after: Side | None
    chance: float | None = None
    needed_seconds: float | None = None
    doubt: Doubt | None = None
    work_before: int = 0
    work_after: int = 0

    @property
    def moved(self) -> bool:
        """Whether the same call of the same function now stands on another line."""
        return bool(self.before and self.after and self.before.culprit.frame.line != self.after.culprit.frame.line)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two recordings of one app. `load` is the work per second of AFTER, of each part that both have, to BEFORE's.

    `left_out` are the modes that only one of the two was recorded in.
    """

    before: Analysis
    after: Analysis
    differences: tuple[Difference, ...]
    load: float | None = None
    left_out: tuple[Mode, ...] = ()


Figure = Literal["hop-share", "blocked-share", "lost-share"]
"""A share of an analysis that a gate can hold to a limit."""


class Condition(NamedTuple):
    """What a gate must not let pass: findings of a kind, or a figure above a limit; `spelt` as the user wrote it."""

    spelt: str
    kind: Kind | None = None
    figure: Figure | None = None
    limit: float = 0.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """Findings that a gate lets pass on purpose: which, why, until when (that day included). None matches anything."""

    reason: str
    expires: date
    file: str
    function: str | None = None
    call: str | None = None
    kind: Kind | None = None


class Failure(NamedTuple):
    """Why a gate is closed: a condition, and the finding that met it, or the least that the figure can be (95%)."""

    condition: Condition
    finding: Finding | None = None
    value: float | None = None
    hang: Hang | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a gate says: it is open where nothing fails.

    `known` findings are in the baseline too; `let_pass` are those that an allowance covers; `expired` and `unused` are
    allowances that no longer work, or match nothing.
    """

    failures: tuple[Failure, ...] = ()
    known: tuple[Finding, ...] = ()
    let_pass: tuple[tuple[Finding, Allowance], ...] = ()
    expired: tuple[Allowance, ...] = ()
    unused: tuple[Allowance, ...] = ()
