"""What readers make: frames, stacks, and a profile of them with where it came from.

`Frame` and `Stack` are tuples because a recording holds hundreds of thousands of them and tuples hash in C.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from asyncspy.model.processes import Worker

SamplingMode = Literal["gil", "wall", "default", "unknown", "exact"]
"""What a sample means: a thread that held the GIL, any thread, py-spy's own guess of "busy", or not recorded. Where the
guard's calls were counted it is exact, and there are none."""
UNSAMPLED_MODES: frozenset[SamplingMode] = frozenset({"unknown", "exact"})

ENDED_WORKERS_PID = 0
"""The pid that the workers go by, all together, which ended long before a watch did: each apart would grow for ever."""

FindingKind = Literal["async-unsafe", "sync-middleware", "hop-cost", "blocked-loop", "pool-saturated", "deadlock"]
"""Of findings, and of what a log tells of."""


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


def distinct_frames(stacks: Iterable[Stack]) -> set[Frame]:
    """Each frame once: what is asked of a frame is asked of these, not of all that stand on stacks."""
    return set().union(*(stack.frames for stack in stacks))


class ChainFrame(NamedTuple):
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
    """Calls that were counted without their chain: there were too many at once, or too many chains."""

    @property
    def added_up(self) -> bool:
        """Whether an entry of its saved form stands for as many samples as it weighs; of one slice each is one."""
        return self.slices > 1


def common_django_version(origins: Iterable[Origin]) -> str | None:
    """The targets' Django version, where all that say it say the same."""
    versions = {origin.target.django for origin in origins if origin.target and origin.target.django}
    return versions.pop() if len(versions) == 1 else None


DUMP_FORMATS = frozenset({"dump", "dump --json", "looks"})
"""Formats of inputs that hold no samples, but a few looks at all threads, which prove nothing by their number."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that was read: how many stacks it held, how many could not be used, and what its format lost."""

    path: str
    format: str
    stacks: int
    dropped: int = 0
    notes: tuple[str, ...] = ()


class Event(NamedTuple):
    """What a log tells of once or often: frames of a traceback from the root to the raise, or the name of a middleware.

    `whole` is False where the traceback does not begin at the root: the exception was caught half way up, or the log
    is cut. `captured`: no log told of it, it was counted in the process, where the guard raised or let it pass.
    """

    kind: FindingKind
    frames: tuple[Frame, ...] = ()
    subject: str = ""
    whole: bool = True
    captured: Literal["raised", "passed"] | None = None


class Occurrences(NamedTuple):
    """How often an event is in the logs, and when first and last, in the log's own words."""

    times: int
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class ThreadSnapshot:
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


class ThreadActivity(NamedTuple):
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


class Task(NamedTuple):
    """A task of a running loop, and the frames that it waits in: from the task's own coroutine to what it awaits."""

    name: str
    frames: tuple[Frame, ...]
    awaited_by: tuple[str, ...] = ()


class MergedPart(NamedTuple):
    """One recording in a merged profile: how often it has which stacks, these by their place in the profile's."""

    origins: tuple[Origin, ...]
    places: array[int]
    weights: array[int]


@dataclass(frozen=True)
class Profile:
    """Stacks and how many samples hit each; beside them what logs tell, which is never added to samples.

    `waits` is what the same run sampled counting waits, which is never added either. `sources` are the lines of code
    that were saved with a recording: of each file, those that were worth it.
    """

    stacks: Mapping[Stack, int]
    origins: tuple[Origin, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    events: Mapping[Event, Occurrences] = field(default_factory=dict)
    dumps: tuple[Dump, ...] = ()
    waits: Profile | None = None
    sources: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    parts: tuple[MergedPart, ...] = ()
    """The recordings that it was merged from, where there were several."""

    @property
    def total(self) -> int:
        """All samples."""
        return sum(self.stacks.values())

    @property
    def threads(self) -> tuple[ThreadSnapshot, ...]:
        """Those of all dumps, as they were told."""
        return tuple(thread for dump in self.dumps for thread in dump.threads)

    @property
    def modes(self) -> frozenset[SamplingMode]:
        """The modes that it was sampled in, as far as they are known."""
        return frozenset(origin.mode for origin in self.origins) - UNSAMPLED_MODES
