"""Types for what the analysis finds in dumps: who waits for whom, whether a process hangs, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from asyncspy.model.findings import Culprit, Remedy, WaitKind
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import ChainFrame

HangVerdict = Literal["deadlock", "suspected", "blocked-loop", "pool-exhausted", "slow", "busy", "healthy", "idle"]
"""What several dumps of a process show, worst first."""

ThreadRole = Literal["loop", "private-loop", "request", "shared", "default-pool", "pool", "other"]
"""What a thread is for. `request`: thread-sensitive work of one request; `shared`: that of the whole process;
`private-loop`: an event loop that `async_to_sync` started for one call; `default-pool`: the loop's default executor."""

WaitReason = WaitKind | Literal["loop", "pool", "debugger"]
"""What a thread waits for: a `WaitKind`, a loop that is to run something, the end of a pool's threads, or a person at a
debugger."""


@dataclass(frozen=True, slots=True)
class WaitingThreads:
    """Threads that wait at the same line for the same thing, and for how many dumps in a row (`looks`).

    `line` is the deepest frame of own code, else the leaf; `on` are the threads that could end the wait. `still`: none
    of the threads moved; they had the same frames and never ran between dumps, as far as that is known. `timed`: the
    wait ends by itself; None if unknown. `receiver` is the class of `self` at the line, if it was asked for.
    """

    pid: int | None
    role: ThreadRole
    threads: tuple[str, ...]
    kind: WaitReason
    line: Culprit
    on: tuple[str, ...]
    frames: tuple[ChainFrame, ...]
    looks: int
    still: bool
    timed: bool | None = None
    seconds: float | None = None
    receiver: str | None = None


class AwaitingTasks(NamedTuple):
    """Tasks that await in one place: `line` is the deepest frame of own code, the last frame what is awaited there."""

    tasks: tuple[str, ...]
    line: Culprit
    frames: tuple[ChainFrame, ...]
    awaited_by: tuple[str, ...] = ()


class SuggestedCommand(NamedTuple):
    """A command to run now, and what it does."""

    command: str
    purpose: str


@dataclass(frozen=True, slots=True)
class HangCulprit:
    """A line that starts a wait: what it waits for, and the role of the thread that waits."""

    culprit: Culprit
    kind: WaitReason
    role: ThreadRole
    receiver: str | None = None


@dataclass(frozen=True, slots=True)
class Hang:
    """Whether one process hangs, and on what: several dumps of its threads (`looks`), compared.

    `grounds` are sentences that give the reasons, strongest first. `now` and `later` are what to do; `watch` is for how
    many seconds to watch to be surer. `known` names the faults of installed versions that fit. `awaiting` is where
    coroutines of own code wait; `no_tasks` is why they could not be read, `other_tasks` counts those of servers and
    frameworks.
    """

    pid: int | None
    verdict: HangVerdict
    certain: bool
    grounds: tuple[str, ...]
    culprits: tuple[HangCulprit, ...] = ()
    waits: tuple[WaitingThreads, ...] = ()
    known: tuple[str, ...] = ()
    now: tuple[SuggestedCommand, ...] = ()
    later: tuple[Remedy, ...] = ()
    watch: int | None = None
    looks: int = 0
    seconds: float | None = None
    paused: float | None = None
    idle_threads: int = 0
    awaiting: tuple[AwaitingTasks, ...] = ()
    other_tasks: int = 0
    no_tasks: str | None = None
    target: Worker | None = None
