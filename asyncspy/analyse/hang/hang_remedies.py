"""A verdict to what to do now, for the worker that hangs, and later, in the code."""

from __future__ import annotations

from asyncspy.analyse.hang.rules import HangFinding
from asyncspy.analyse.hops import sync_middleware
from asyncspy.analyse.remedy.remedies import Source
from asyncspy.analyse.remedy.rewrite import place
from asyncspy.analyse.waits import blocking_calls
from asyncspy.analyse.waits.pools import DEFAULT_EXECUTOR, SENSITIVE_THREAD
from asyncspy.model.findings import Remedy, Wait, WaitKind
from asyncspy.model.hangs import HangVerdict, SuggestedCommand, WaitingThreads
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame

STUCK: frozenset[HangVerdict] = frozenset({"deadlock", "blocked-loop", "pool-exhausted", "suspected"})
RESTARTING = frozenset({"gunicorn", "uvicorn", "hypercorn", "granian"})
"""Servers whose master starts another worker where one ends."""

LET_GO = {
    "signal": ("kill -CONT {pid}", "lets it go on"),
    "tracer": ("grep TracerPid /proc/{pid}/status", "says who holds it; ending that one lets it go on"),
}
"""By whom a process is held."""

LATER: dict[str, tuple[Remedy, ...]] = {
    "request": (
        Remedy(
            "do not wait in a thread-sensitive thread for work that may need the same thread: await it in an async "
            "function, or send the call that waits elsewhere: sync_to_async(function, thread_sensitive=False)"
        ),
    ),
    "own loop": (Remedy("await the coroutine instead of asking for its result: on the loop that never comes"),),
    "own lock": (
        Remedy("hold no threading.Lock across an await: share an asyncio.Lock (async with), or release it before"),
    ),
    "debugger": (Remedy("take the breakpoint() out, or continue in the debugger"),),
}


def now(found: HangFinding, pid: int | None, target: Worker | None) -> tuple[SuggestedCommand, ...]:
    """Commands for this very process."""
    if pid is None or found.verdict not in STUCK:
        return ()
    longer = SuggestedCommand(f"asyncspy dump --pid {pid} --wait {found.watch}s", "to be sure")
    watch = () if found.watch is None else (longer,)
    if found.held_by is not None:
        command, purpose = LET_GO[found.held_by]
        return (SuggestedCommand(command.format(pid=pid), purpose),)
    if any(waiting.kind == "debugger" for waiting in found.culprits):
        return ()
    if found.verdict == "deadlock" or (found.verdict == "blocked-loop" and found.certain):
        return (*watch, SuggestedCommand(f"kill -KILL {pid}", f"it no longer hears a gentler signal; {_again(target)}"))
    return watch


def _again(target: Worker | None) -> str:
    """Who starts another one."""
    if target is not None and target.role == "worker" and target.server in RESTARTING and target.ppid > 1:
        return f"where {target.server} has a master, that starts another"
    return "whoever supervises it has to start another"


def later(found: HangFinding, source: Source) -> tuple[Remedy, ...]:
    """What mends it: the release of asgiref that does, and what to change in the lines to blame."""
    remedies = [known.remedy for known in found.known]
    for waiting in found.culprits[:2]:
        remedies += _of(waiting, found.verdict, source)
    return tuple(dict.fromkeys(remedies))


def _of(waiting: WaitingThreads, verdict: HangVerdict, source: Source) -> tuple[Remedy, ...]:
    """What to change at one line."""
    if verdict == "pool-exhausted":
        return (DEFAULT_EXECUTOR if waiting.role == "default-pool" else SENSITIVE_THREAD).remedies
    if waiting.kind == "debugger":
        return LATER["debugger"]
    if waiting.role != "loop":
        return (sync_middleware.middleware_remedy(waiting.line),) if is_middleware(waiting) else _in_a_thread(waiting)
    if waiting.kind == "loop":
        return LATER["own loop"]
    if waiting.kind == "lock" and verdict == "deadlock":
        return LATER["own lock"]
    kind: WaitKind = next((each for each in blocking_calls.REMEDIES if each == waiting.kind), "unknown")
    frame = waiting.line.frame
    return blocking_calls.wait_remedies(Wait(kind, certain=kind != "unknown"), place(source(frame.file), frame.line))


def _in_a_thread(waiting: WaitingThreads) -> tuple[Remedy, ...]:
    return LATER["request"] if waiting.kind in {"loop", "thread", "lock"} else ()


def is_middleware(waiting: WaitingThreads) -> bool:
    """Whether the line calls on through async_to_sync for Django, and not for itself."""
    frames = [Frame(link.function, link.file, link.line) for link in waiting.frames]
    return any(
        sync_middleware.INNER.match(before)
        and sync_middleware.ASYNC_TO_SYNC.match(after)
        and frame == waiting.line.frame
        for before, frame, after in zip(frames, frames[1:], frames[2:], strict=False)
    )
