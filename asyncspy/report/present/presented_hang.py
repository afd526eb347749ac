"""Present a process that was dumped: whether it hangs, why, which threads wait for what, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from asyncspy.model.hangs import Hang, HangVerdict, ThreadRole, WaitingThreads, WaitReason
from asyncspy.model.stacks import ChainFrame
from asyncspy.report.present.evidence import WAITS_FOR
from asyncspy.report.present.figures import plural, span
from asyncspy.report.present.presented_finding import PresentedRemedy, present_remedy
from asyncspy.report.view import View

MAX_THREADS_NAMED = 3
"""How many threads that wait alike are named before the rest is counted."""

VERDICTS: dict[HangVerdict, str] = {
    "deadlock": "Deadlock: {} cannot go on by itself.",
    "suspected": "Perhaps a deadlock: part of {} has not moved.",
    "blocked-loop": "Blocked: the event loop of {} serves no requests.",
    "pool-exhausted": "A thread pool of {} is full: further work for it has to wait.",
    "slow": "Slow, not hung: requests of {} take long, and the event loop is free.",
    "busy": "Busy, not hung: {} computes.",
    "healthy": "Healthy: {} serves.",
    "idle": "Idle: {} has nothing to do.",
}
UNCERTAIN_VERDICTS: dict[HangVerdict, str] = {
    "deadlock": "Deadlock, by all that can be seen: {} has not moved.",
    "blocked-loop": "Blocked, as it seems: the event loop of {} serves no requests.",
    "pool-exhausted": "A thread pool of {} seems to be full.",
    "busy": "Busy, as it seems: {} is at work.",
    "healthy": "Nothing is wrong with {}, as far as one look tells.",
    "idle": "{} has nothing to do, as far as one look tells.",
}
ALARMING: frozenset[HangVerdict] = frozenset({"deadlock", "suspected", "blocked-loop", "pool-exhausted"})

ROLES: dict[ThreadRole, str] = {
    "loop": "the event loop",
    "private-loop": "a loop of async_to_sync",
    "request": "the thread of a request",
    "shared": "the one thread-sensitive thread",
    "default-pool": "the default pool",
    "pool": "a pool",
    "other": "a thread",
}
SEVERAL: dict[ThreadRole, str] = {
    "request": "the threads of {} requests",
    "default-pool": "{} threads of the default pool",
    "pool": "{} threads of pools",
    "other": "{} threads",
}
THREAD_WAITS: dict[WaitReason, str] = {
    **dict[WaitReason, str](WAITS_FOR.items()),
    "loop": "for the event loop to finish a coroutine",
    "pool": "for threads of a pool to end",
    "debugger": "for a person at a debugger",
    "unknown": "for something that has no frame of its own",
}


class PresentedWait(NamedTuple):
    """Threads that wait at one line: who they are, their names, what they wait for, and which threads could end it."""

    threads: WaitingThreads
    who: str
    names: str
    waits: str
    waits_on: str

    def is_at(self, link: ChainFrame) -> bool:
        """Whether this frame is the line at which they wait."""
        line = self.threads.line.frame
        return (link.file, link.line) == (line.file, line.line)


@dataclass(frozen=True, slots=True)
class PresentedHang:
    """One process in words."""

    hang: Hang
    headline: str
    alarming: bool
    facts: tuple[str, ...]
    grounds: tuple[str, ...]
    waits: tuple[PresentedWait, ...]
    later: tuple[PresentedRemedy, ...]


def present_hang(hang: Hang, view: View) -> PresentedHang:
    """Put the state of a process into words."""
    return PresentedHang(
        hang=hang,
        headline=_headline(hang, view),
        alarming=hang.verdict in ALARMING,
        facts=tuple(_facts(hang, view)),
        grounds=(*hang.grounds, *(f"known fault {known}" for known in hang.known)),
        waits=tuple(_wait(waiting, view) for waiting in hang.waits),
        later=tuple(map(present_remedy, hang.later)),
    )


def _headline(hang: Hang, view: View) -> str:
    template = VERDICTS[hang.verdict] if hang.certain else UNCERTAIN_VERDICTS.get(hang.verdict, VERDICTS[hang.verdict])
    sentence = template.format(_process(hang, view))
    return sentence[:1].upper() + sentence[1:]


def _process(hang: Hang, view: View) -> str:
    target = hang.target
    if target is None or target.server == "python":
        return f"process {hang.pid}" if hang.pid is not None else "the process"
    return f"{view.escape(target.server)} {target.role} {target.pid}"


def _facts(hang: Hang, view: View) -> list[str]:
    facts = [plural(hang.looks, "look")]
    facts += [f"over {span(round(hang.seconds, 1))}"] if hang.seconds is not None else []
    facts += [f"stood still for {hang.paused * 1000:.0f} ms in all"] if hang.paused is not None else []
    target = hang.target
    if target is None:
        return facts
    named = (("", target.app), ("Python", target.python), ("Django", target.django), ("asgiref", target.asgiref))
    return facts + [view.escape(f"{name} {value}".strip()) for name, value in named if value]


def _wait(waiting: WaitingThreads, view: View) -> PresentedWait:
    number = len(waiting.threads)
    several = number > 1 and waiting.role in SEVERAL
    names = ", ".join(view.escape(name) for name in waiting.threads[:MAX_THREADS_NAMED])
    if number > MAX_THREADS_NAMED:
        these = "this" if number == MAX_THREADS_NAMED + 1 else "these"
        names += f" and {number - MAX_THREADS_NAMED} like {these}"
    return PresentedWait(
        threads=waiting,
        who=SEVERAL[waiting.role].format(number) if several else ROLES[waiting.role],
        names=names,
        waits=f"{'wait' if several else 'waits'} {THREAD_WAITS[waiting.kind]}",
        waits_on=_waits_on(waiting, view),
    )


def _waits_on(waiting: WaitingThreads, view: View) -> str:
    """The threads that could end the wait; of a lock that is not known."""
    names = [view.escape(name) for name in waiting.on if name]
    if not names or waiting.kind == "lock":
        return ""
    return f" ({names[0]})" if len(names) == 1 else f" ({names[0]} or {plural(len(names) - 1, 'other')})"
