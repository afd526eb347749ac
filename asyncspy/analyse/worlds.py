"""A stack to the world that its leaf runs in: the boundary nearest the leaf decides.

Thread names prove nothing (they go stale, and any thread can run a loop); only frames do.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from asyncspy.analyse.pattern import Pattern, Rules
from asyncspy.model import Frame, World

Side = Literal["loop", "pool", "sync", "other"]

LOOP = (
    Pattern("Handle._run", "asyncio/events.py"),
    Pattern("BaseEventLoop._run_once", "asyncio/base_events.py"),
    Pattern("BaseEventLoop.run_forever", "asyncio/base_events.py"),
    Pattern("BaseEventLoop.run_until_complete", "asyncio/base_events.py"),
    Pattern("Runner.run", "asyncio/runners.py"),  # all that uvloop leaves, with the next
    Pattern("run", "asyncio/runners.py"),
    Pattern("asyncio_run", "uvicorn/_compat.py"),  # uvicorn's own copy, Python < 3.12
    Pattern("ASGIWorker.run", "gunicorn/workers/gasgi.py"),  # gunicorn -k asgi, over uvloop
    Pattern("_spawn_asgi_lifespan_worker", "granian/server/mp.py"),
    Pattern("_spawn_asgi_worker", "granian/server/mp.py"),
    Pattern("future_watcher", "granian/_futures.py"),
    Pattern("AsyncioSelectorReactor.run", "twisted/internet/asyncioreactor.py"),  # daphne
    Pattern("AsyncToSync.main_wrap", "asgiref/sync.py"),  # the async part of a sync middleware's stack
    Pattern("AsyncToSync.__call__.<locals>.new_loop_wrap", "asgiref/sync.py"),  # asgiref >= 3.9: a loop of its own
    Pattern("AsyncToSync._run_event_loop", "asgiref/sync.py"),  # asgiref <= 3.8: likewise
    Pattern("ASGIHandler.__call__", "django/core/handlers/asgi.py"),
    Pattern("ASGIHandler.handle", "django/core/handlers/asgi.py"),
    Pattern("BaseHandler.get_response_async", "django/core/handlers/base.py"),
    Pattern("BaseHandler._get_response_async", "django/core/handlers/base.py"),
    Pattern("MiddlewareMixin.__acall__", "django/utils/deprecation.py"),
)

POOL = (
    Pattern("SyncToAsync.thread_handler", "asgiref/sync.py"),
    Pattern("SyncToAsync.__call__.<locals>.func", "asgiref/sync.py"),  # asgiref >= 3.12
    Pattern("SyncToAsync.__call__.<locals>.func.<locals>.run_child", "asgiref/sync.py"),
    Pattern("_WorkItem.run", "asgiref/current_thread_executor.py"),
    Pattern("_WorkItem.run", "concurrent/futures/thread.py"),
    Pattern("_worker", "concurrent/futures/thread.py"),
    Pattern("DatabaseSyncToAsync.thread_handler", "channels/db.py"),
    Pattern("WorkerThread.run", "anyio/_backends/_asyncio.py"),
)

FORKED = (
    Pattern("BaseProcess._bootstrap", "multiprocessing/process.py"),  # below it stand the parent's frames, not ours
)

THREAD_ENDS = (
    Pattern(
        "ThreadSensitiveContext.__aexit__.<locals>.join", "asgiref/sync.py"
    ),  # asgiref >= 3.13: a thread that joins
)

IDLE_LEAVES = Rules(
    [
        (Pattern("*.select", "selectors.py"), True),
        (Pattern("_worker", "concurrent/futures/thread.py"), True),
        (Pattern("Runner.run", "asyncio/runners.py"), True),  # uvloop waiting in C
        (Pattern("run", "asyncio/runners.py"), True),
    ]
)

# A pool that goes unrecognised raises a false alarm, a loop that does only misses: hence the different strictness.
_POOL_RULES: Rules[Side] = Rules(
    [
        *((pattern, "pool") for pattern in POOL),
        *((pattern, "sync") for pattern in FORKED),
        *((pattern, "other") for pattern in THREAD_ENDS),
    ],
    lenient=True,
)
_LOOP_RULES: Rules[Side] = Rules([(pattern, "loop") for pattern in LOOP])


class Judgement(NamedTuple):
    """The world of a stack's leaf, and where its boundary stands (-1: there is none)."""

    world: World
    boundary: int


def side(frame: Frame) -> Side | None:
    """Which boundary this frame is, if any."""
    return _POOL_RULES.match(frame) or _LOOP_RULES.match(frame)


def is_idle_leaf(frame: Frame) -> bool:
    """Whether a stack that ends here is waiting for work."""
    return IDLE_LEAVES.match(frame) is not None


def is_thread_plumbing(frame: Frame) -> bool:
    """Whether this frame only starts or ends threads, which is nobody's work."""
    return frame.file == "threading.py" or frame.file.endswith("/threading.py")
