"""A thread's frames to what it waits for, as far as they and the source of its lines tell; pure rules as data."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NamedTuple

from asyncspy.analyse.remedy.remedies import Source
from asyncspy.analyse.remedy.rewrite import Place, place
from asyncspy.analyse.stacks import worlds
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import Pattern, Rules
from asyncspy.analyse.waits import blocked_loop, blocking_calls
from asyncspy.model.hangs import WaitReason
from asyncspy.model.stacks import Frame

THREADPOOL = "concurrent/futures/thread.py"
TAIL = 4
"""How many frames at the leaf may belong to the wait itself."""

FOR_LOOP = Pattern("CurrentThreadExecutor.run_until_future", "asgiref/current_thread_executor.py")
FOR_POOL = Pattern("ThreadPoolExecutor.shutdown", THREADPOOL)
FOR_FUTURE = Pattern("Future.result", "concurrent/futures/_base.py")
FOR_EXCEPTION = Pattern("Future.exception", "concurrent/futures/_base.py")

WAYS: Rules[WaitReason] = Rules(
    [
        (FOR_LOOP, "loop"),
        (FOR_POOL, "pool"),
        (FOR_FUTURE, "thread"),
        (FOR_EXCEPTION, "thread"),
        # drivers written in C: the last frame is the one that calls them
        (Pattern("CursorWrapper._execute", "django/db/backends/utils.py"), "socket"),
        (Pattern("CursorWrapper._executemany", "django/db/backends/utils.py"), "socket"),
        (Pattern("CursorWrapper._execute_with_wrappers", "django/db/backends/utils.py"), "socket"),
        (Pattern("Connection.query", "MySQLdb/connections.py"), "socket"),
        # a person at a prompt
        (Pattern("Pdb.interaction", "pdb.py"), "debugger"),
        (Pattern("Pdb._cmdloop", "pdb.py"), "debugger"),
        (Pattern("Bdb.user_line", "bdb.py"), "debugger"),
        (Pattern("PyDB.do_wait_suspend", "_pydevd_bundle/pydevd.py"), "debugger"),
        (Pattern("PyDB._do_wait_suspend", "_pydevd_bundle/pydevd.py"), "debugger"),
        (Pattern("PyDB.do_wait_suspend", "pydevd.py"), "debugger"),
    ]
)
"""Frames near the leaf that say what a thread waits for; more exact than the wait that they end in."""

WITHOUT_LIMIT: Rules[bool] = Rules([(FOR_LOOP, True), (FOR_POOL, True)])
CONDITION: Rules[bool] = Rules([(Pattern("Condition.wait", "threading.py"), True)])

ANYWHERE = frozenset({"debugger"})
"""What counts however far from the leaf it is."""

LIMITED = frozenset("acquire wait result exception join get".split())
"""Calls that take how long they may wait."""

ON_ITS_LOOP = "run_coroutine_threadsafe"
TIMEOUT = "timeout"


class ThreadWait(NamedTuple):
    """What a thread waits for: `line` is the index of the frame to blame. `timed`: ends by itself; None: not known.

    `seen` is whether the frames or the source show the wait; else only that the thread never ran proves one.
    """

    kind: WaitReason
    line: int
    timed: bool | None = None
    seen: bool = True


def sight(frames: Sequence[Frame], source: Source, owners: Ownership) -> ThreadWait:
    """What a thread that is not idle waits for; `unknown` where it may as well compute."""
    start = max((i for i, frame in enumerate(frames) if worlds.side(frame)), default=-1) + 1
    line = blocked_loop.line_to_blame(frames, start, owners)
    line = line if line >= 0 else len(frames) - 1
    way = _way(frames)
    if way == "thread" and _of_the_loop(place(source(frames[line].file), frames[line].line)):
        way = "loop"
    if way is not None:
        return ThreadWait(way, line, _timed(frames, source, line))
    kind = blocking_calls.wait_kind(frames, owners)
    if kind is not None:
        return ThreadWait(kind, line, _timed(frames, source, line))
    where = place(source(frames[-1].file), frames[-1].line)
    called = blocking_calls.blocking_call_on(where) if where else None
    if called is not None:
        return ThreadWait(called.kind, line, _limited(where) if where else None)
    return ThreadWait("unknown", line, seen=False)


def _way(frames: Sequence[Frame]) -> WaitReason | None:
    for at, frame in enumerate(reversed(frames)):
        way = WAYS.match(frame)
        if way is not None and (at < TAIL or way in ANYWHERE):
            return way if way != "socket" or at == 0 else None
    return None


def _of_the_loop(where: Place | None) -> bool:
    """Whether the function that asks for a result made its future of a coroutine: then a loop has to run it."""
    if where is None:
        return False
    held: ast.AST = where.function or where.tree
    names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(held)
        if isinstance(node, (ast.Attribute, ast.Name))
    }
    return ON_ITS_LOOP in names


def _timed(frames: Sequence[Frame], source: Source, line: int) -> bool | None:
    """Whether the wait ends by itself: `Condition.wait` has one line for waits with a limit, and one for others."""
    if any(map(WITHOUT_LIMIT.match, frames[-TAIL:])):
        return False
    if CONDITION.match(frames[-1]):
        lines = (source(frames[-1].file) or "").split("\n")
        return TIMEOUT in lines[frames[-1].line - 1] if 0 < frames[-1].line <= len(lines) and lines != [""] else None
    where = place(source(frames[line].file), frames[line].line)
    return _limited(where) if where else None


def _limited(where: Place) -> bool:
    """Whether a call on this line is given anything that may be a limit."""
    calls = [node for node in ast.walk(where.tree) if isinstance(node, ast.Call) and _on(node, where.line)]
    return any(
        call.args or call.keywords
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in LIMITED
    )


def _on(node: ast.expr, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)
