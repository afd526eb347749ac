"""Which world a leaf runs in: the boundary nearest to it decides, whatever the spelling."""

from __future__ import annotations

import pytest

from asyncspy.analyse.findings import judge
from tests.analyse.stacks import ASYNCIO, HANDLER, POOL, SPELLINGS, UVLOOP, frames

VIEW = "checkout (shop/views.py:25)"

WORLDS = {
    "asyncio": ("loop", (ASYNCIO, HANDLER, VIEW)),
    "uvloop": ("loop", (UVLOOP, HANDLER, VIEW)),
    "uvloop callback, no coroutine": ("loop", (UVLOOP, "on_timer (shop/timers.py:4)")),
    "uvicorn's own runner": ("loop", ("asyncio_run (uvicorn/_compat.py:60)", "tick (shop/timers.py:4)")),
    "gunicorn -k asgi": ("loop", ("ASGIWorker.run (gunicorn/workers/gasgi.py:160)", "tick (shop/timers.py:4)")),
    "granian": ("loop", ("_spawn_asgi_lifespan_worker (granian/server/mp.py:90)", "tick (shop/timers.py:4)")),
    "daphne": ("loop", ("AsyncioSelectorReactor.run (twisted/internet/asyncioreactor.py:253)", VIEW)),
    "async part under sync middleware": ("loop", (UVLOOP, "AsyncToSync.main_wrap (asgiref/sync.py:417)", VIEW)),
    "private loop in a pool thread": (
        "loop",
        (
            POOL,
            "AsyncToSync._run_event_loop (asgiref/sync.py:279)",
            "AsyncToSync.main_wrap (asgiref/sync.py:417)",
            VIEW,
        ),
    ),
    "asyncio.run in a thread": ("loop", (POOL, "import_all (shop/tasks.py:9)", ASYNCIO, "fetch (shop/tasks.py:12)")),
    "sync_to_async": ("pool", (POOL, "legit (shop/views.py:30)")),
    "sync_to_async of asgiref 3.13": (
        "pool",
        (
            POOL,
            "SyncToAsync.__call__.<locals>.func (asgiref/sync.py:562)",
            "SyncToAsync.__call__.<locals>.func.<locals>.run_child (asgiref/sync.py:560)",
            "legit (shop/views.py:30)",
        ),
    ),
    "work handed back to the calling thread": (
        "pool",
        (
            ASYNCIO,
            HANDLER,
            "AsyncToSync.__call__ (asgiref/sync.py:336)",
            "CurrentThreadExecutor.run_until_future (asgiref/current_thread_executor.py:79)",
            "_WorkItem.run (asgiref/current_thread_executor.py:35)",
            "legit (shop/views.py:30)",
        ),
    ),
    "channels": ("pool", (UVLOOP, "DatabaseSyncToAsync.thread_handler (channels/db.py:13)", "legit (shop/ws.py:3)")),
    "run_in_executor": ("pool", ("_WorkItem.run (concurrent/futures/thread.py:59)", "legit (shop/views.py:30)")),
    "a child forked from the loop": (
        "sync",
        (ASYNCIO, HANDLER, VIEW, "BaseProcess._bootstrap (multiprocessing/process.py:314)", "work (shop/jobs.py:3)"),
    ),
    "a spawned worker's own loop": (
        "loop",
        ("BaseProcess._bootstrap (multiprocessing/process.py:314)", UVLOOP, HANDLER, VIEW),
    ),
    "a command": ("sync", ("main (shop/manage.py:22)", "handle (shop/management/commands/sync.py:9)")),
    "a wsgi view": ("sync", ("BaseHandler._get_response (django/core/handlers/base.py:197)", VIEW)),
    "asyncio waiting": ("idle", (ASYNCIO, "EpollSelector.select (selectors.py:468)")),
    "uvloop waiting": ("idle", (UVLOOP,)),
    "a pool's thread waiting": (
        "idle",
        ("Thread.run (threading.py:1010)", "_worker (concurrent/futures/thread.py:90)"),
    ),
    "a thread starting": ("other", ("Thread._bootstrap (threading.py:1030)", "Event.set (threading.py:616)")),
    "a request's pool closing": (
        "other",
        (
            "Thread.run (threading.py:1010)",
            "ThreadSensitiveContext.__aexit__.<locals>.join (asgiref/sync.py:200)",
            "ThreadPoolExecutor.shutdown (concurrent/futures/thread.py:238)",
        ),
    ),
    "only the process": ("other", ()),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("case", WORLDS)
def test_the_nearest_boundary_decides(case: str, spelling: str) -> None:
    world, parts = WORLDS[case]
    spelt = [SPELLINGS[spelling](frame) for frame in frames(*parts)]
    assert judge(spelt).world == world


def test_own_functions_named_like_boundaries_are_no_boundary() -> None:
    own = frames("run (shop/runners.py:4)", "Handle._run (shop/events.py:9)", "work (shop/events.py:12)")
    assert judge(own).world == "sync"


def test_an_own_runners_py_under_its_bare_name_is_no_loop() -> None:
    """Without a folder and a class, `run (runners.py)` may be anybody's; a false loop would be a false alarm."""
    bare = [frame._replace(file=frame.file.rpartition("/")[2]) for frame in frames("run (shop/runners.py:4)", VIEW)]
    assert judge(bare).world == "sync"
