"""A thread's frames and name to what it is there for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from asyncspy.analyse.stacks import sampling_kind, worlds
from asyncspy.analyse.stacks.pattern import Pattern, Rules
from asyncspy.analyse.waits.pools import DEFAULT_EXECUTOR, SENSITIVE_THREAD
from asyncspy.model.hangs import ThreadRole
from asyncspy.model.stacks import Frame, ThreadSnapshot

SENSITIVE: Rules[bool] = Rules(
    [
        (Pattern("SyncToAsync.thread_handler", "asgiref/sync.py"), True),
        (Pattern("DatabaseSyncToAsync.thread_handler", "channels/db.py"), True),
    ]
)
QUEUE_GET: Rules[bool] = Rules(
    [(Pattern("Queue.get", "queue.py"), True), (Pattern("SimpleQueue.get", "queue.py"), True)]
)
PONG: Rules[bool] = Rules([(Pattern("Process.always_pong", "uvicorn/supervisors/multiprocess.py"), True)])
"""A thread of uvicorn's that tells the master that the process lives."""

ITS_OWN_WORK: Rules[bool] = Rules(
    [(Pattern("CurrentThreadExecutor.run_until_future", "asgiref/current_thread_executor.py"), True)]
)
"""asgiref up to 3.8 waits in a queue for the coroutine: no consumer."""

NAMED: tuple[tuple[re.Pattern[str], ThreadRole], ...] = (
    (SENSITIVE_THREAD.threads, "shared"),
    (DEFAULT_EXECUTOR.threads, "default-pool"),
    (re.compile(r"ThreadPoolExecutor-\d+_0"), "request"),
)


def role(seen: Sequence[ThreadSnapshot]) -> ThreadRole:
    """What a thread is there for, by all looks at it."""
    if any(sampling_kind.on_loop_thread(thread.frames) for thread in seen):
        return "loop"
    if any(_private_loop(thread.frames) for thread in seen):
        return "private-loop"
    pooled = any(worlds.side(frame) == "pool" for thread in seen for frame in thread.frames)
    if not pooled:
        return "other"
    named: ThreadRole = next(
        (role for pattern, role in NAMED if any(pattern.fullmatch(thread.name) for thread in seen)), "pool"
    )
    sensitive = any(SENSITIVE.match(frame) for thread in seen for frame in thread.frames)
    return "pool" if named in {"shared", "request"} and not sensitive else named


def _private_loop(frames: Sequence[Frame]) -> bool:
    """Whether a pool's thread runs a loop: async_to_sync started it for one call."""
    sides = [side for side in map(worlds.side, frames) if side]
    return bool(sides) and sides[0] == "pool" and sides[-1] == "loop"


def is_consumer(frames: Sequence[Frame]) -> bool:
    """Whether this is a thread of its own that waits for something in a queue, and holds up nobody."""
    tail = frames[-3:]
    started = not any(worlds.side(frame) for frame in frames)
    if any(map(PONG.match, frames)):
        return True
    return started and any(map(QUEUE_GET.match, tail)) and not any(map(ITS_OWN_WORK.match, tail))
