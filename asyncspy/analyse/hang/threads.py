"""Determine what a thread is for and what it waits for, from its name, its frames and the source of its lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import NamedTuple

from asyncspy.analyse.remedy.source_line import SourceLine, SourceReader, parse_line
from asyncspy.analyse.stacks import worlds
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import Pattern, Rules, any_of, rules_by_meaning
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.analyse.waits import blocked_loop, blocking_calls
from asyncspy.analyse.waits.pools import DEFAULT_EXECUTOR, SENSITIVE_THREAD
from asyncspy.model.hangs import ThreadRole, WaitReason
from asyncspy.model.stacks import Frame, ThreadSnapshot

ROLES_BY_NAME: tuple[tuple[re.Pattern[str], ThreadRole], ...] = (
    (SENSITIVE_THREAD.threads, "shared"),
    (DEFAULT_EXECUTOR.threads, "default-pool"),
    (re.compile(r"ThreadPoolExecutor-\d+_0"), "request"),
)
SENSITIVE_WORK = any_of(
    Pattern("SyncToAsync.thread_handler", "asgiref/sync.py"),
    Pattern("DatabaseSyncToAsync.thread_handler", "channels/db.py"),
)
QUEUE_GET = any_of(Pattern("Queue.get", "queue.py"), Pattern("SimpleQueue.get", "queue.py"))
UVICORN_PONG = any_of(Pattern("Process.always_pong", "uvicorn/supervisors/multiprocess.py"))
"""The thread that answers the health checks of uvicorn's master."""

CONDITION_WAIT = any_of(Pattern("Condition.wait", "threading.py"))

WAIT_FRAMES: Rules[WaitReason] = rules_by_meaning(
    {
        "loop": {"asgiref/current_thread_executor.py": "CurrentThreadExecutor.run_until_future"},
        "pool": {"concurrent/futures/thread.py": "ThreadPoolExecutor.shutdown"},
        "thread": {"concurrent/futures/_base.py": "Future.result Future.exception"},
        "socket": {  # database drivers written in C: the last Python frame is the one that calls them
            "django/db/backends/utils.py": "CursorWrapper._execute CursorWrapper._executemany "
            "CursorWrapper._execute_with_wrappers",
            "MySQLdb/connections.py": "Connection.query",
        },
        "debugger": {
            "pdb.py": "Pdb.interaction Pdb._cmdloop",
            "bdb.py": "Bdb.user_line",
            "_pydevd_bundle/pydevd.py": "PyDB.do_wait_suspend PyDB._do_wait_suspend",
            "pydevd.py": "PyDB.do_wait_suspend",
        },
    }
)
"""Frames near the leaf that say what a thread waits for, more precisely than the leaf itself."""

WITHOUT_LIMIT: frozenset[WaitReason | None] = frozenset({"loop", "pool"})
"""Such waits never have a timeout."""

TAIL_FRAMES = 4
"""How many frames at the leaf may belong to the wait itself; a debugger's may be anywhere."""

THREADSAFE = "run_coroutine_threadsafe"
LIMITED_CALLS = frozenset("acquire wait result exception join get".split())
"""Calls whose arguments may limit how long they wait."""


def thread_role(snapshots: Sequence[ThreadSnapshot]) -> ThreadRole:
    """What a thread is for, judged by all dumps that show it."""
    if any(worlds.is_loop_thread(thread.frames) for thread in snapshots):
        return "loop"
    if any(_runs_private_loop(thread.frames) for thread in snapshots):
        return "private-loop"
    frames = [frame for thread in snapshots for frame in thread.frames]
    if not any(worlds.boundary_side(frame) == "pool" for frame in frames):
        return "other"
    names = {thread.name for thread in snapshots}
    for pattern, role in ROLES_BY_NAME:
        if any(map(pattern.fullmatch, names)):
            return role if role == "default-pool" or any(map(SENSITIVE_WORK.match, frames)) else "pool"
    return "pool"


def _runs_private_loop(frames: Sequence[Frame]) -> bool:
    """Whether a pool's thread runs a loop that async_to_sync started for one call."""
    sides = [side for side in map(worlds.boundary_side, frames) if side]
    return bool(sides) and sides[0] == "pool" and sides[-1] == "loop"


def waits_for_work(frames: Sequence[Frame]) -> bool:
    """Whether a thread is idle: a loop in its select, a free thread of a pool, a consumer at an empty queue."""
    return judge_stack(frames).world in {"idle", "other"} or _is_queue_consumer(frames)


def _is_queue_consumer(frames: Sequence[Frame]) -> bool:
    """Whether this is a background thread that waits for the next item of a queue, so that no request waits for it."""
    if any(map(UVICORN_PONG.match, frames)):
        return True
    tail = frames[-3:]
    in_background = not any(map(worlds.boundary_side, frames))
    for_coroutine = any(WAIT_FRAMES.match(frame) == "loop" for frame in tail)  # asgiref up to 3.8 uses Queue.get
    return in_background and any(map(QUEUE_GET.match, tail)) and not for_coroutine


class ThreadWait(NamedTuple):
    """What a thread waits for; `line` is the index of the frame to blame.

    `timed`: the wait ends by itself; None: not known. `shown` is whether the frames or the source show the wait;
    otherwise it is only proved if the thread never ran.
    """

    kind: WaitReason
    line: int
    timed: bool | None = None
    shown: bool = True


def find_wait(frames: Sequence[Frame], source: SourceReader, owners: Ownership) -> ThreadWait:
    """Find what a thread that is not idle waits for; `unknown` where it may as well compute."""
    line = blocked_loop.line_to_blame(frames, after_boundaries(frames), owners)
    line = line if line >= 0 else len(frames) - 1
    kind = _kind_by_frames(frames)
    if kind == "thread" and _waits_for_coroutine(_place_of(frames[line], source)):
        kind = "loop"
    kind = kind or blocking_calls.wait_kind(frames, owners)
    if kind is not None:
        return ThreadWait(kind, line, _is_timed(frames, source, line))
    leaf = _place_of(frames[-1], source)
    call = blocking_calls.find_blocking_call(leaf) if leaf else None
    return ThreadWait(call.kind, line, _has_limit(leaf)) if call else ThreadWait("unknown", line, shown=False)


def after_boundaries(frames: Sequence[Frame]) -> int:
    """The index of the first frame above all boundaries."""
    return max((i for i, frame in enumerate(frames) if worlds.boundary_side(frame)), default=-1) + 1


def _place_of(frame: Frame, source: SourceReader) -> SourceLine | None:
    return parse_line(source(frame.file), frame.line)


def _kind_by_frames(frames: Sequence[Frame]) -> WaitReason | None:
    for above, frame in enumerate(reversed(frames)):
        kind = WAIT_FRAMES.match(frame)
        if kind is not None and (above < TAIL_FRAMES or kind == "debugger"):
            return kind if kind != "socket" or above == 0 else None
    return None


def _waits_for_coroutine(where: SourceLine | None) -> bool:
    """Whether the function that asks for a result made the future of a coroutine, which a loop has to run."""
    if where is None:
        return False
    function: ast.AST = where.function or where.tree
    return any(
        (isinstance(node, ast.Attribute) and node.attr == THREADSAFE)
        or (isinstance(node, ast.Name) and node.id == THREADSAFE)
        for node in ast.walk(function)
    )


def _is_timed(frames: Sequence[Frame], source: SourceReader, line: int) -> bool | None:
    """Whether the wait ends by itself; `Condition.wait` has different lines for waits with and without a timeout."""
    if any(WAIT_FRAMES.match(frame) in WITHOUT_LIMIT for frame in frames[-TAIL_FRAMES:]):
        return False
    leaf = frames[-1]
    if CONDITION_WAIT.match(leaf):
        text = source(leaf.file)
        lines = text.split("\n") if text else []
        return "timeout" in lines[leaf.line - 1] if 0 < leaf.line <= len(lines) else None
    return _has_limit(_place_of(frames[line], source))


def _has_limit(where: SourceLine | None) -> bool | None:
    """Whether a call on this line is given anything that may be a timeout."""
    if where is None:
        return None
    return any(
        call.args or call.keywords
        for call in where.calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in LIMITED_CALLS
    )
