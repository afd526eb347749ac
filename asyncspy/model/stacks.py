"""Types that readers produce: frames, stacks, and a `Profile` of them with where it came from.

`Frame` and `Stack` are tuples because a recording holds hundreds of thousands of them, and tuples are hashed in C.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from asyncspy.model.processes import Worker
from asyncspy.model.third_party import Distribution

if TYPE_CHECKING:
    from asyncspy.model.observed import Observed

SamplingMode = Literal["gil", "wall", "default", "unknown", "exact"]
"""What a sample is of: a thread that held the GIL (gil), any thread (wall), or one that py-spy took for busy (default).
`exact`: nothing was sampled, but calls were counted at Django's guard."""
UNSAMPLED_MODES: frozenset[SamplingMode] = frozenset({"unknown", "exact"})

ENDED_WORKERS_PID = 0
"""The pid that stands for all workers that ended long ago in a long recording, which cannot keep each of them apart."""

FindingKind = Literal["async-unsafe", "sync-middleware", "hop-cost", "blocked-loop", "pool-saturated", "deadlock"]
"""The kinds of fault that findings, and events in logs, are about."""

DUMP_FORMATS = frozenset({"dump", "dump --json", "looks"})
"""Formats of inputs that hold no samples but a few stack dumps of all threads, whose number proves nothing."""


class Frame(NamedTuple):
    """One line of a stack, spelt as in the recording; line 0 means that it was not recorded."""

    function: str
    file: str
    line: int = 0


class Stack(NamedTuple):
    """What one thread was doing: frames from the root to the leaf."""

    frames: tuple[Frame, ...]
    pid: int | None = None
    thread: str = ""


class ChainFrame(NamedTuple):
    """One frame of a finding's chain; `package` says whose code it is, None being the user's own.

    `repeats` counts the frames of a recursion, of which only the last is kept.
    """

    function: str
    file: str
    line: int = 0
    package: str | None = None
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the weights of a profile come from: the sampler, its mode and rate, when, and of which process.

    `started_at` and `ended_at` are by the recording host's clock, which `duration` does not depend on. A recording may
    be taken in `slices`, of which `failed` gave nothing. `alongside`: another origin covers the same time, since
    several processes were recorded at once. `beyond` counts calls without their chain: there were too many at once, or
    too many chains. `least_drawn`: frames in fewer samples than this were left out, as flame graphs do.
    """

    sampler: str
    mode: SamplingMode = "unknown"
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
    beyond: int = 0
    least_drawn: int = 1

    @property
    def added_up(self) -> bool:
        """Whether a saved entry stands for as many samples as it weighs; in a recording of one slice each is one."""
        return self.slices > 1


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that was read: how many stacks it held, how many could not be used, and what its format lost."""

    path: str
    format: str
    stacks: int
    dropped: int = 0
    notes: tuple[str, ...] = ()


class Event(NamedTuple):
    """Something that happened once or often: frames of a traceback from the root to the raise, or a middleware's name.

    A log tells of it, unless `captured` says that it was counted in the process, where Django's guard raised or let
    the call pass. `whole` is False if the traceback does not begin at the root: the exception was caught half way up,
    or the log is cut.
    """

    kind: FindingKind
    frames: tuple[Frame, ...] = ()
    subject: str = ""
    whole: bool = True
    captured: Literal["raised", "passed"] | None = None


class Occurrences(NamedTuple):
    """How often an event happened, and when first and last, as the log writes it."""

    times: int
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class ThreadSnapshot:
    """One thread at one moment, as `py-spy dump` shows it: frames from the root to the leaf; None if unknown.

    `selves` is the class of `self` in each frame, if it was asked for and there is one.
    """

    frames: tuple[Frame, ...]
    name: str = ""
    pid: int | None = None
    id: int | None = None
    os_id: int | None = None
    active: bool | None = None
    owns_gil: bool | None = None
    selves: tuple[str, ...] = ()


class ThreadActivity(NamedTuple):
    """How often a thread was put on a CPU since the last dump, and how long it ran or waited for its turn."""

    switches: int
    nanoseconds: int


class AskedServer(NamedTuple):
    """The processes that can answer a request, which is one where it was accepted, and the port that it was sent to."""

    pids: tuple[int, ...]
    port: int


class Task(NamedTuple):
    """A task of a running loop, and the frames it waits in: from its own coroutine to what that awaits."""

    name: str
    frames: tuple[Frame, ...]
    awaited_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dump:
    """All threads of one process at one moment; several of them show what hangs.

    `at` is seconds since the epoch, `paused` how long the process stood still for the dump, `state` the kernel's letter
    for the process. `ran` is what each thread (by its operating system id) did since the dump before, over `counted`
    seconds, `asks` the worker of the same server for whose answer it waits; None if unknown. `no_tasks` is why the
    tasks were not read, if this Python could have shown them.
    """

    threads: tuple[ThreadSnapshot, ...] = ()
    pid: int | None = None
    at: float | None = None
    path: str = ""
    paused: float | None = None
    state: str | None = None
    ran: Mapping[int, ThreadActivity] | None = None
    counted: float | None = None
    cpus: int | None = None
    tasks: tuple[Task, ...] = ()
    no_tasks: str | None = None
    asks: Mapping[int, AskedServer] | None = None


class MergedPart(NamedTuple):
    """One recording in a merged profile: how often it has which stacks, given by their place in the profile."""

    origins: tuple[Origin, ...]
    places: array[int]
    weights: array[int]


@dataclass(frozen=True)
class Profile:
    """Stacks and how many samples hit each; beside them the events of logs, which are never added to samples.

    `waits` is what the same run sampled including waits, which is never added either. `sources` are the lines of code
    that were saved with a recording, by file, and `distributions` what files belong to. `parts` are the recordings it
    was merged from, if there were several. `observed` is what hooks observed besides the events.
    """

    stacks: Mapping[Stack, int]
    origins: tuple[Origin, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    events: Mapping[Event, Occurrences] = field(default_factory=dict)
    dumps: tuple[Dump, ...] = ()
    waits: Profile | None = None
    sources: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    parts: tuple[MergedPart, ...] = ()
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    observed: Observed | None = None

    @property
    def total(self) -> int:
        """The number of samples."""
        return sum(self.stacks.values())

    @property
    def modes(self) -> frozenset[SamplingMode]:
        """The known modes that it was sampled in."""
        return frozenset(origin.mode for origin in self.origins) - UNSAMPLED_MODES
