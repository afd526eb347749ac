"""Say what to do about a hang: commands for the process now, and what to change in the code."""

from __future__ import annotations

from collections.abc import Sequence

from asyncspy.analyse.hang.judgement import HangJudgement
from asyncspy.analyse.hops import sync_middleware
from asyncspy.analyse.remedy.source_line import SourceReader, parse_line
from asyncspy.analyse.third_party.sync_only import middleware_support, support_remedies
from asyncspy.analyse.waits import blocking_calls
from asyncspy.analyse.waits.pools import DEFAULT_EXECUTOR, SENSITIVE_THREAD
from asyncspy.model.findings import Remedy, Wait, WaitKind
from asyncspy.model.hangs import HangVerdict, SuggestedCommand, WaitingThreads
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame

STUCK: frozenset[HangVerdict] = frozenset({"deadlock", "blocked-loop", "pool-exhausted", "suspected"})
RESTARTING_SERVERS = frozenset({"gunicorn", "uvicorn", "hypercorn", "granian"})
"""Servers whose master replaces a worker that ends."""

RESUME = {
    "signal": ("kill -CONT {pid}", "lets it go on"),
    "tracer": ("grep TracerPid /proc/{pid}/status", "says who holds it; ending that one lets it go on"),
}
"""How to resume a process, by what holds it."""

AVOID_WAIT_IN_THREAD = (
    Remedy(
        "do not wait in a thread-sensitive thread for work that may need the same thread: await it in an async "
        "function, or send the call that waits elsewhere: sync_to_async(function, thread_sensitive=False)"
    ),
)
FOR_OWN_COROUTINE = (Remedy("await the coroutine instead of asking for its result: on the loop that never comes"),)
FOR_OWN_LOCK = (
    Remedy("hold no threading.Lock across an await: share an asyncio.Lock (async with), or release it before"),
)
CALL_DIRECTLY = Remedy(
    "call the function behind that address instead of sending a request to the own server; more workers only make this "
    "rarer, and a timeout of the request ends it"
)
IN_DEBUGGER = (Remedy("take the breakpoint() out, or continue in the debugger"),)


def immediate_actions(judgement: HangJudgement, pid: int | None, target: Worker | None) -> tuple[SuggestedCommand, ...]:
    """Commands for this process now."""
    if pid is None or judgement.verdict not in STUCK:
        return ()
    if judgement.held_by is not None:
        command, purpose = RESUME[judgement.held_by]
        return (SuggestedCommand(command.format(pid=pid), purpose),)
    if any(node.wait.kind == "debugger" for node in judgement.to_blame):
        return ()
    actions = []
    if judgement.watch is not None:
        actions.append(SuggestedCommand(f"asyncspy dump --pid {pid} --wait {judgement.watch}s", "to be sure"))
    if judgement.verdict == "deadlock" or (judgement.verdict == "blocked-loop" and judgement.certain):
        purpose = f"it no longer hears a gentler signal; {_who_restarts(target)}"
        actions.append(SuggestedCommand(f"kill -KILL {pid}", purpose))
    return tuple(actions)


def _who_restarts(target: Worker | None) -> str:
    has_master = target is not None and target.role == "worker" and target.ppid > 1
    if target is not None and has_master and target.server in RESTARTING_SERVERS:
        return f"where {target.server} has a master, that starts another"
    return "its supervisor has to start another"


def code_remedies(
    judgement: HangJudgement, culprits: Sequence[WaitingThreads], source: SourceReader
) -> tuple[Remedy, ...]:
    """Fixes in the code: the release of asgiref that has one, and what to change in the lines to blame."""
    remedies = [bug.remedy for bug in judgement.bugs]
    remedies += [CALL_DIRECTLY] if judgement.own_server else []
    for waiting in culprits[:2]:
        remedies += _line_remedies(waiting, judgement.verdict, source)
    return tuple(dict.fromkeys(remedies))


def _line_remedies(waiting: WaitingThreads, verdict: HangVerdict, source: SourceReader) -> tuple[Remedy, ...]:
    """What to change at one line."""
    if verdict == "pool-exhausted":
        return (DEFAULT_EXECUTOR if waiting.role == "default-pool" else SENSITIVE_THREAD).remedies
    if waiting.kind == "debugger":
        return IN_DEBUGGER
    if waiting.role == "loop":
        return _loop_remedies(waiting, verdict, source)
    if is_middleware(waiting):
        return support_remedies(middleware_support(waiting.line))
    return AVOID_WAIT_IN_THREAD if waiting.kind in {"loop", "thread", "lock"} else ()


def _loop_remedies(waiting: WaitingThreads, verdict: HangVerdict, source: SourceReader) -> tuple[Remedy, ...]:
    if waiting.kind == "loop":
        return FOR_OWN_COROUTINE
    if waiting.kind == "lock" and verdict == "deadlock":
        return FOR_OWN_LOCK
    kind: WaitKind = next((each for each in blocking_calls.WAIT_REMEDIES if each == waiting.kind), "unknown")
    frame = waiting.line.frame
    return blocking_calls.wait_remedies(
        Wait(kind, certain=kind != "unknown"), parse_line(source(frame.file), frame.line)
    )


def is_middleware(waiting: WaitingThreads) -> bool:
    """Whether the line is a middleware's that calls the next one through async_to_sync."""
    frames = [Frame(link.function, link.file, link.line) for link in waiting.frames]
    return any(
        sync_middleware.INNER.match(before)
        and sync_middleware.ASYNC_TO_SYNC.match(after)
        and frame == waiting.line.frame
        for before, frame, after in zip(frames, frames[1:], frames[2:], strict=False)
    )
