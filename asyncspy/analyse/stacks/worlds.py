"""Judge in which world the leaf of a stack runs: the boundary nearest the leaf decides.

Thread names prove nothing (they go stale, and any thread can run a loop); only frames do. Each boundary says for which
versions it holds; tests/analyse/stacks/test_boundaries.py checks those whose package is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from asyncspy.analyse.stacks.pattern import Pattern, Rules, any_of
from asyncspy.model.findings import World
from asyncspy.model.stacks import Frame

BoundarySide = Literal["loop", "pool", "sync", "other"]


class Boundary(NamedTuple):
    """A frame above which code runs on this side, and the versions that have it, both ends included."""

    side: BoundarySide
    file: str
    function: str
    holds: str

    @property
    def pattern(self) -> Pattern:
        """The frame as rules name frames."""
        return Pattern(self.function, self.file)


BOUNDARIES = (
    # asyncio: under it everything runs on the loop. uvloop is C, and leaves only what calls it.
    Boundary("loop", "asyncio/events.py", "Handle._run", "Python 3.7+"),
    Boundary("loop", "asyncio/base_events.py", "BaseEventLoop._run_once", "Python 3.4+"),
    Boundary("loop", "asyncio/base_events.py", "BaseEventLoop.run_forever", "Python 3.4+"),
    Boundary("loop", "asyncio/base_events.py", "BaseEventLoop.run_until_complete", "Python 3.4+"),
    Boundary("loop", "asyncio/runners.py", "Runner.run", "Python 3.11+, before it asyncio.run: the same last name"),
    Boundary("loop", "uvloop/__init__.py", "run", "uvloop 0.18+, all there is of uvloop.run on Python <= 3.10"),
    # servers, over uvloop
    Boundary("loop", "uvicorn/_compat.py", "asyncio_run", "uvicorn 0.36+, used on Python <= 3.11"),
    Boundary("loop", "gunicorn/workers/gasgi.py", "ASGIWorker.run", "gunicorn 24.0+, -k asgi"),
    Boundary("loop", "hypercorn/asyncio/run.py", "_run", "hypercorn 0.13+"),
    Boundary("loop", "granian/server.py", "*._spawn_asgi_lifespan_worker", "granian 1.7-1.7"),
    Boundary("loop", "granian/server.py", "*._spawn_asgi_worker", "granian 1.7-1.7"),
    Boundary("loop", "granian/server/mp.py", "*._spawn_asgi_lifespan_worker", "granian 2.0+"),
    Boundary("loop", "granian/server/mp.py", "*._spawn_asgi_worker", "granian 2.0+, --interface asginl"),
    Boundary("loop", "granian/server/mt.py", "*._spawn_asgi_lifespan_worker", "granian 2.0+, free-threaded"),
    Boundary("loop", "granian/server/mt.py", "*._spawn_asgi_worker", "granian 2.0+, free-threaded"),
    Boundary("loop", "granian/_futures.py", "*.future_watcher", "granian 1.7+"),
    Boundary("sync", "granian/_internal.py", "load_target", "granian 1.7+"),  # up to 2.1 below the frames above
    Boundary("loop", "twisted/internet/asyncioreactor.py", "AsyncioSelectorReactor.run", "Twisted 22.10+, daphne"),
    Boundary("loop", "tornado/platform/asyncio.py", "BaseAsyncIOLoop.start", "Tornado 6.0+, notebooks"),
    Boundary("loop", "pytest_asyncio/plugin.py", "wrap_in_sync.<locals>.inner", "pytest-asyncio 0.17-1.1"),
    # asgiref: the async part of a sync stack, on the main loop or on one of its own in a pool's thread
    Boundary("loop", "asgiref/sync.py", "AsyncToSync.main_wrap", "asgiref 3.0+"),
    Boundary("loop", "asgiref/sync.py", "AsyncToSync._run_event_loop", "asgiref 3.2-3.8"),
    Boundary("loop", "asgiref/sync.py", "AsyncToSync.__call__.<locals>.new_loop_wrap", "asgiref 3.9+"),
    # coroutines, where the recording holds no frame of a loop
    Boundary("loop", "django/core/handlers/asgi.py", "ASGIHandler.__call__", "Django 3.0+"),
    Boundary("loop", "django/core/handlers/asgi.py", "ASGIHandler.handle", "Django 4.0+"),
    Boundary("loop", "django/core/handlers/base.py", "BaseHandler.get_response_async", "Django 3.1+"),
    Boundary("loop", "django/core/handlers/base.py", "BaseHandler._get_response_async", "Django 3.1+"),
    Boundary("loop", "django/utils/deprecation.py", "MiddlewareMixin.__acall__", "Django 3.1+"),
    Boundary("loop", "django/test/client.py", "AsyncClientHandler.__call__", "Django 3.1+"),
    # threads that work is handed to
    Boundary("pool", "asgiref/sync.py", "SyncToAsync.thread_handler", "asgiref 3.0+"),
    Boundary("pool", "asgiref/sync.py", "SyncToAsync.__call__.<locals>.func", "asgiref 3.12.1+"),
    Boundary("pool", "asgiref/sync.py", "SyncToAsync.__call__.<locals>.func.<locals>.run_child", "asgiref 3.12.1+"),
    Boundary("pool", "asgiref/current_thread_executor.py", "_WorkItem.run", "asgiref 3.2+"),
    Boundary("pool", "concurrent/futures/thread.py", "_WorkItem.run", "Python 3.2+"),
    Boundary("pool", "concurrent/futures/thread.py", "WorkerContext.run", "Python 3.14+"),
    Boundary("pool", "concurrent/futures/thread.py", "_worker", "Python 3.2+"),
    Boundary("pool", "channels/db.py", "DatabaseSyncToAsync.thread_handler", "channels 2.4+"),
    Boundary("pool", "anyio/_backends/_asyncio.py", "WorkerThread.run", "anyio 3.7+"),
    Boundary("pool", "twisted/python/threadpool.py", "*.inContext", "Twisted 22.10+, deferToThread"),
    # a thread whose only work is to end another
    Boundary("other", "asgiref/sync.py", "ThreadSensitiveContext.__aexit__.<locals>.join", "asgiref 3.12+"),
)

WAITS = (
    Pattern("*.select", "selectors.py"),
    Pattern("_worker", "concurrent/futures/thread.py"),
    Pattern("Hub.run", "gevent/hub.py"),
    # a loop in C waits in whatever called it
    Pattern("Runner.run", "asyncio/runners.py"),
    Pattern("_run", "hypercorn/asyncio/run.py"),
    Pattern("run", "uvloop/__init__.py"),
    Pattern("asyncio_run", "uvicorn/_compat.py"),
    Pattern("ASGIWorker.run", "gunicorn/workers/gasgi.py"),
    Pattern("*._spawn_asgi_lifespan_worker", "granian/server/mp.py"),
    Pattern("*._spawn_asgi_worker", "granian/server/mp.py"),
)
"""Leaves of threads that wait for work."""

# An unknown pool raises a false alarm, an unknown loop only misses findings: so pools are matched more leniently.
_LENIENT: Rules[BoundarySide] = Rules([(b.pattern, b.side) for b in BOUNDARIES if b.side != "loop"], lenient=True)
_STRICT: Rules[BoundarySide] = Rules([(b.pattern, b.side) for b in BOUNDARIES if b.side == "loop"])
_WAITS = any_of(*WAITS)


class StackVerdict(NamedTuple):
    """The world of a stack's leaf, and the index of its boundary (-1: there is none)."""

    world: World
    boundary: int


@lru_cache(maxsize=100_000)
def boundary_side(frame: Frame) -> BoundarySide | None:
    """Which boundary this frame is, if any."""
    return _LENIENT.match(frame) or _STRICT.match(frame)


def judge_stack(frames: Sequence[Frame]) -> StackVerdict:
    """Which world the leaf of these frames runs in."""
    boundary = next((i for i in range(len(frames) - 1, -1, -1) if boundary_side(frames[i])), -1)
    if frames and is_idle_leaf(frames[-1]) and (boundary < 0 or boundary >= len(frames) - 2):
        return StackVerdict("idle", boundary)  # further above the boundary it is a call that waits
    if boundary < 0:
        return StackVerdict("other" if all(map(_is_thread_plumbing, frames)) else "sync", -1)
    return StackVerdict(boundary_side(frames[boundary]) or "sync", boundary)


def is_idle_leaf(frame: Frame) -> bool:
    """Whether a stack that ends here is waiting for work."""
    return _WAITS.match(frame) is not None


def _is_thread_plumbing(frame: Frame) -> bool:
    """Whether this frame only starts or ends threads."""
    return frame.file == "threading.py" or frame.file.endswith("/threading.py")


def loop_start(frames: Sequence[Frame], boundary: int) -> int:
    """The index of the first frame that runs on the loop: callers of a coroutine's boundary are included."""
    foreign = next((i for i in range(boundary, -1, -1) if boundary_side(frames[i]) not in {None, "loop"}), -1)
    return next((i for i in range(foreign + 1, boundary) if boundary_side(frames[i])), boundary) + 1


def is_loop_thread(frames: Sequence[Frame]) -> bool:
    """Whether this thread runs a loop of its own, and not one that was started inside a pool's thread."""
    first: BoundarySide | None = None
    for frame in frames:
        side = boundary_side(frame)
        first = None if side == "sync" else first or side  # frames below a fork are the parent's
    return first == "loop"
