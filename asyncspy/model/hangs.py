"""What the analysis says of dumps: who waits for whom, whether it is hung, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from asyncspy.model.findings import Culprit, Remedy, WaitKind
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import ChainFrame

HangVerdict = Literal["deadlock", "suspected", "blocked-loop", "pool-exhausted", "slow", "busy", "healthy", "idle"]
"""Of a process that was looked at several times; worst first."""

ThreadRole = Literal["loop", "private-loop", "request", "shared", "default-pool", "pool", "other"]
"""What a thread is there for. `request`: the thread of one request's thread-sensitive work; `shared`: the one thread
for that of the whole process; `private-loop`: a loop that `async_to_sync` started for one call."""

WaitReason = WaitKind | Literal["loop", "pool", "debugger"]
"""What a thread waits for: further to `WaitKind` a loop that is to run something, the end of a pool's threads, or a
person at a debugger."""


@dataclass(frozen=True, slots=True)
class WaitingThreads:
    """Threads that all wait at one line for one thing, and how many looks in a row they did not move.

    `line` is the deepest own frame, else the leaf; `on` are the threads that could end the wait. `still`: none of them
    moved; the same thread, the same frames, and never on a processor between looks, as far as that is known. `timed`:
    the wait ends by itself; None: not known. `receiver` is the class of `self` at the line, where it was asked for.
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
    """Tasks that all await at one place; `line` is the deepest own frame, and the last frame what is awaited there."""

    tasks: tuple[str, ...]
    line: Culprit
    frames: tuple[ChainFrame, ...]
    awaited_by: tuple[str, ...] = ()


class SuggestedCommand(NamedTuple):
    """A command line to run now, and what it does."""

    command: str
    purpose: str


@dataclass(frozen=True, slots=True)
class HangCulprit:
    """A line that starts a wait: what for, and what the thread that waits is there for."""

    culprit: Culprit
    kind: WaitReason
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
