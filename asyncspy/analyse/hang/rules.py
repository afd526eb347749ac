"""What the threads of a process wait for, to the verdict: rules in order, the first that holds decides.

Each says no more than its looks prove. `certain` means that nothing else fits what was seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from asyncspy.analyse.hang import crowd
from asyncspy.analyse.hang.asgiref_bugs import AsgirefBug, Shape, at_work
from asyncspy.analyse.hang.graph import WaitGraph, WaitNode, twins
from asyncspy.analyse.hops import sync_middleware
from asyncspy.analyse.stacks.pattern import Pattern, Rules
from asyncspy.model.hangs import HangVerdict, WaitingThreads
from asyncspy.model.processes import Worker

SURE_SECONDS = 60
"""After so long without any movement a wait that looks like a deadlock is called one; few requests may take longer."""

LONG_SECONDS = 1.0
"""One thread that has been at the same place for so long makes its request slow."""

MOST_OF_THE_TIME = 0.6
"""In this part of the looks, or of the time, a loop that is not free serves nobody."""

CLOSING: Rules[bool] = Rules([(Pattern("ThreadSensitiveContext.__aexit__", "asgiref/sync.py"), True)])
STOPPED, HELD = "T", "t"
"""The kernel's letters; py-spy itself, run by somebody else at the same time, holds a process for a moment only."""


@dataclass(frozen=True)
class HangFinding:
    """The verdict on one process and its grounds."""

    verdict: HangVerdict
    certain: bool
    grounds: tuple[str, ...]
    culprits: tuple[WaitingThreads, ...] = ()
    known: tuple[AsgirefBug, ...] = ()
    watch: int | None = None
    held_by: Literal["signal", "tracer"] | None = None


class Case(NamedTuple):
    """What all rules look at."""

    scene: WaitGraph
    target: Worker | None

    @property
    def looks(self) -> int:
        """How many times the process was looked at."""
        return self.scene.history.looks

    @property
    def over(self) -> str:
        """`in all 5 looks over 2.0 s`."""
        seconds = self.scene.history.seconds
        span = f" over {seconds:.1f} s" if seconds is not None else ""
        return f"in all {self.looks} looks{span}" if self.looks > 1 else "in the one look there is"


Rule = Callable[[Case], HangFinding | None]


def verdict(scene: WaitGraph, target: Worker | None) -> HangFinding:
    """The first rule that holds."""
    case = Case(scene, target)
    return next(found for rule in RULES if (found := rule(case)) is not None)


def stopped(case: Case) -> HangFinding | None:
    """Somebody stopped the process: nothing in it can move, and nothing in it is to blame."""
    states = [dump.state for dump in case.scene.history.dumps]
    if all(state == HELD for state in states):
        said = "the process is held by a debugger or tracer (gdb, strace): nothing in it can move until that lets it go"
        return HangFinding("blocked-loop", True, (said,), held_by="tracer")
    if states[-1] != STOPPED:
        return None
    said = "the process is stopped by a signal (SIGSTOP or Ctrl-Z): nothing in it can move until it is continued"
    return HangFinding("blocked-loop", True, (said,), held_by="signal")


def circle(case: Case) -> HangFinding | None:
    """The loop waits for threads of its own process, and every one that is not idle waits for the loop."""
    loop = next(
        (stand for stand in case.scene.on_loops if stand.sight.kind in {"pool", "thread", "lock", "loop"}), None
    )
    if loop is None or loop.sight.timed is not False or not loop.thread.always:
        return None
    beside = case.scene.beside
    private = any(thread.role == "private-loop" for thread in case.scene.history.threads)
    if private or not all(stand.sight.kind == "loop" and stand.thread.always for stand in beside):
        return None
    return _joined(case, loop, beside) or _nobody_left(case, loop, beside)


def _joined(case: Case, loop: WaitNode, beside: Sequence[WaitNode]) -> HangFinding | None:
    """The loop waits for the end of a thread that waits for the loop: proof at the first look."""
    if loop.sight.kind != "pool" or not beside:
        return None
    closing = any(map(CLOSING.match, loop.thread.frames))
    grounds = (
        f"the event loop waits for {_count(beside)} to end, and serves nobody meanwhile",
        f"{_each(beside)} waits for the event loop: neither can go on",
        f"this is proved by the frames alone, and they were the same {case.over}",
    )
    known = tuple(at_work("closing", case.target)) if closing else ()
    return HangFinding("deadlock", True, grounds, _lines(beside), known)


def _nobody_left(case: Case, loop: WaitNode, beside: Sequence[WaitNode]) -> HangFinding | None:
    """The loop waits for what only this process can give, and nobody in it is left to give it."""
    if not loop.thread.still or loop.thread.moved:
        return None
    others = f"{_each(beside)} waits for the loop itself" if beside else "no other thread has anything to do"
    needs = {"lock": "a lock", "loop": "a coroutine that only the loop itself could run"}
    grounds = (
        f"the event loop waits for {needs.get(loop.sight.kind, 'the result of other work')}, without a limit",
        f"{others}: nobody is left who could end that wait",
        f"nothing has moved {case.over}",
    )
    certain = loop.sight.kind in {"lock", "loop"} or bool(beside)
    return HangFinding("deadlock", certain, grounds, _lines([loop]))


def blocked(case: Case) -> HangFinding | None:
    """The loop waits inside somebody's code."""
    for stand in case.scene.on_loops:
        if stand.waits and (stand.thread.still or case.looks == 1):
            grounds = [f"the event loop is inside one wait {case.over}, and serves nobody meanwhile"]
            if stand.thread.moved is False:
                grounds.append("the kernel did not let it run once between the looks")
            return HangFinding("blocked-loop", case.looks > 1, tuple(grounds), _lines([stand]), watch=_longer(case))
    return _often_blocked(case)


def _often_blocked(case: Case) -> HangFinding | None:
    """The loop moves, but it was found in a wait more often than not."""
    waiting = [stand for stand in case.scene.on_loops if stand.sight.seen]
    for stand in waiting:
        if case.looks > 1 and stand.held >= max(2, MOST_OF_THE_TIME * case.looks):
            said = (
                f"in {stand.held} of {case.looks} looks the event loop was in a call that blocks; it moved in between"
            )
            return HangFinding("blocked-loop", False, (said,), _lines([stand]))
    return None


def exhausted(case: Case) -> HangFinding | None:
    """Every thread of a pool is taken: whoever needs one more has to wait."""
    full = crowd.full(case.scene)
    if full is None:
        return None
    names = {
        "shared": "the one thread for thread-sensitive work of this process is",
        "default-pool": "all {} threads of the default pool are",
    }
    grounds = [f"{names[full.role].format(len(full.stands))} taken {case.over}: other work for it has to wait"]
    still = all(stand.thread.still for stand in full.stands)
    if still:
        grounds.append("none of them has moved" if len(full.stands) > 1 else "it has not moved")
    if all(stand.sight.kind == "loop" for stand in full.stands):
        grounds.append("each waits for a coroutine; where that needs this pool, too, it is a deadlock")
    return HangFinding(
        "pool-exhausted", still and full.size_known, tuple(grounds), _lines(full.stands), watch=_longer(case)
    )


def busy(case: Case) -> HangFinding | None:
    """It computes."""
    share = crowd.cpu_share(case.scene.history, [stand.thread for stand in case.scene.on_loops])
    loops = [stand for stand in case.scene.on_loops if not stand.sight.seen]
    if share is not None and share >= MOST_OF_THE_TIME:
        said = f"the event loop computes: it ran, or waited for its turn to run, for {share:.0%} of the time"
        return HangFinding("busy", case.looks > 1, (said,), _lines(loops))
    if share is None and any(stand.thread.busy_in_all for stand in loops):
        said = f"the event loop was at work {case.over}; whether it computes or waits cannot be seen"
        return HangFinding("busy", False, (said,), _lines(loops))
    everybody = crowd.cpu_share(case.scene.history, case.scene.history.threads)
    if everybody is not None and everybody >= MOST_OF_THE_TIME:
        said = f"its threads compute: together they ran, or waited for their turn, for {everybody:.0%} of the time"
        return HangFinding(
            "busy", case.looks > 1, (said,), _lines([stand for stand in case.scene.beside if not stand.sight.seen])
        )
    return None


def suspected(case: Case) -> HangFinding | None:
    """Threads wait for this process itself, without a limit, and do not move. A slow request can look the same."""
    stuck = [
        stand
        for stand in case.scene.beside
        if stand.sight.kind in {"loop", "thread", "lock"}
        and stand.sight.timed is not True
        and stand.thread.role != "other"
        if stand.thread.still or (case.looks == 1 and stand.sight.kind == "loop")
    ]
    if not stuck:
        return None
    seconds = case.scene.history.seconds or 0.0
    known = tuple(dict.fromkeys(known for stand in stuck for known in at_work(_shape(stand), case.target)))
    certainly = case.looks > 1 and seconds >= SURE_SECONDS
    grounds = [f"{_each(stuck)} waits for {_whom(stuck)} and has not moved {case.over}"]
    if certainly:
        grounds.append(f"nothing that takes part has moved for {seconds:.0f} s; requests that long are rare")
        return HangFinding("deadlock", False, tuple(grounds), _lines(stuck), known)
    grounds.append("a request that is merely slow has the same frames: only time tells them apart")
    return HangFinding("suspected", False, tuple(grounds), _lines(stuck), known, watch=SURE_SECONDS)


def slow(case: Case) -> HangFinding | None:
    """Work in a thread takes long, and the loop is free."""
    seconds = case.scene.history.seconds
    long = [stand for stand in case.scene.beside if stand.thread.busy_in_all and stand.thread.role != "other"]
    if case.looks == 1 or not long or (seconds is not None and seconds < LONG_SECONDS):
        return None
    said = f"{_each(long)} has been at work {case.over}; the event loop is free"
    return HangFinding("slow", True, (said,), _lines(long))


def healthy(case: Case) -> HangFinding | None:
    """Work comes and goes."""
    at_work = any(not thread.idle for thread in case.scene.history.threads if thread.role != "other")
    if not at_work:
        return None
    said = "work comes and goes: no thread was at the same thing all the time, and the event loop was free in between"
    if case.looks == 1:
        said = "the event loop was free when it was looked at; one look cannot tell more"
    return HangFinding("healthy", case.looks > 1, (said,))


def idle(case: Case) -> HangFinding | None:
    """Nobody has anything to do, as far as threads tell: coroutines that wait have none."""
    grounds = [f"no thread had anything to do {case.over}"]
    if not any(dump.tasks for dump in case.scene.history.dumps):
        grounds.append("a coroutine that waits for ever has no thread, and cannot be seen this way before Python 3.14")
    return HangFinding("idle", case.looks > 1, tuple(grounds))


RULES: tuple[Rule, ...] = (stopped, circle, blocked, exhausted, busy, suspected, slow, healthy, idle)


def _longer(case: Case) -> int | None:
    return crowd.SHORT_WATCH if case.looks == 1 else None


def _shape(stand: WaitNode) -> Shape:
    return "middleware" if sync_middleware.sync_middleware_in(stand.thread.frames) else "sync view"


def _lines(stands: Sequence[WaitNode]) -> tuple[WaitingThreads, ...]:
    """The lines to blame, those that most threads are at first."""
    return twins(stand.waiting for stand in stands)


def _count(stands: Sequence[WaitNode]) -> str:
    return f"{len(stands)} threads" if len(stands) > 1 else "a thread"


def _each(stands: Sequence[WaitNode]) -> str:
    return f"each of {len(stands)} threads" if len(stands) > 1 else "a thread"


def _whom(stands: Sequence[WaitNode]) -> str:
    kinds = Counter(stand.sight.kind for stand in stands)
    names = {"loop": "the event loop to finish a coroutine", "lock": "a lock"}
    return names.get(kinds.most_common(1)[0][0], "another thread")
