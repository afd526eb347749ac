"""The boundary nearest the leaf decides in which world it runs, whatever the spelling."""

from __future__ import annotations

import pytest

from asyncspy.analyse.stacks.worlds import judge_stack
from tests.analyse.stack_samples import ASYNCIO, BARE, HANDLER, POOL, SPELLINGS, UVLOOP, frames

VIEW = "checkout (shop/views.py:25)"

WORLDS = {
    "asyncio": ("loop", (ASYNCIO, HANDLER, VIEW)),
    "uvloop": ("loop", (UVLOOP, HANDLER, VIEW)),
    "uvloop callback, no coroutine": ("loop", (UVLOOP, "on_timer (shop/timers.py:4)")),
    "uvicorn's own runner": ("loop", ("asyncio_run (uvicorn/_compat.py:60)", "tick (shop/timers.py:4)")),
    "gunicorn -k asgi": ("loop", ("ASGIWorker.run (gunicorn/workers/gasgi.py:160)", "tick (shop/timers.py:4)")),
    "granian": ("loop", ("MPServer._spawn_asgi_lifespan_worker (granian/server/mp.py:249)", "tick (shop/timers.py:4)")),
    "granian without lifespan": (
        "loop",
        ("MPServer._spawn_asgi_worker (granian/server/mp.py:177)", "tick (shop/timers.py:4)"),
    ),
    "granian, free-threaded": (
        "loop",
        ("MTServer._spawn_asgi_lifespan_worker (granian/server/mt.py:190)", "tick (shop/timers.py:4)"),
    ),
    "granian, by its own future": (
        "loop",
        ("_future_watcher_wrapper.<locals>.future_watcher (granian/_futures.py:15)", VIEW),
    ),
    "granian 2.1 loading the app, before its loop runs": (
        "sync",
        (
            "MPServer._spawn_asgi_lifespan_worker (granian/server/mp.py:140)",
            "load_target (granian/_internal.py:55)",
            "<module> (shop/asgi.py:3)",
        ),
    ),
    "hypercorn over uvloop, before it used Runner": ("loop", ("_run (hypercorn/asyncio/run.py:230)", VIEW)),
    "uvloop.run on Python 3.10": ("loop", ("run (uvloop/__init__.py:82)", "tick (shop/timers.py:4)")),
    "a notebook over uvloop": (
        "loop",
        ("BaseAsyncIOLoop.start (tornado/platform/asyncio.py:203)", "<module> (shop/cell.py:1)"),
    ),
    "a notebook": (
        "loop",
        (
            "IPKernelApp.start (ipykernel/kernelapp.py:739)",
            "BaseAsyncIOLoop.start (tornado/platform/asyncio.py:203)",
            "BaseEventLoop.run_forever (asyncio/base_events.py:641)",
            "BaseEventLoop._run_once (asyncio/base_events.py:1987)",
            "Handle._run (asyncio/events.py:88)",
            "Kernel.dispatch_queue (ipykernel/kernelbase.py:534)",
            "<module> (shop/cell.py:1)",
        ),
    ),
    "pytest-asyncio over uvloop": (
        "loop",
        ("wrap_in_sync.<locals>.inner (pytest_asyncio/plugin.py:642)", "test_checkout (shop/tests.py:5)"),
    ),
    "IsolatedAsyncioTestCase": (
        "loop",
        (
            "IsolatedAsyncioTestCase._callTestMethod (unittest/async_case.py:90)",
            "IsolatedAsyncioTestCase._callMaybeAsync (unittest/async_case.py:117)",
            "Runner.run (asyncio/runners.py:118)",
            "BaseEventLoop.run_until_complete (asyncio/base_events.py:687)",
            "BaseEventLoop.run_forever (asyncio/base_events.py:641)",
            "BaseEventLoop._run_once (asyncio/base_events.py:1987)",
            "Handle._run (asyncio/events.py:88)",
            "Tests.test_checkout (shop/tests.py:5)",
        ),
    ),
    "Django's async test, through async_to_sync": (
        "loop",
        (
            POOL.replace("SyncToAsync.thread_handler (asgiref/sync.py:636)", ""),
            UVLOOP,
            "AsyncToSync.__call__.<locals>.new_loop_wrap (asgiref/sync.py:325)",
            "AsyncToSync.main_wrap (asgiref/sync.py:417)",
            "Tests.test_checkout (shop/tests.py:5)",
        ),
    ),
    "Django's async test client": ("loop", ("AsyncClientHandler.__call__ (django/test/client.py:228)", VIEW)),
    "the app imported inside the running loop": (
        "loop",
        (
            ASYNCIO,
            "Server.serve (uvicorn/server.py:71)",
            "Config.load (uvicorn/config.py:435)",
            "import_from_string (uvicorn/importer.py:19)",
            "import_module (importlib/__init__.py:90)",
            "<module> (shop/asgi.py:3)",
        ),
    ),
    "the app imported before the loop runs": (
        "sync",
        (
            "run (uvicorn/main.py:593)",
            "Config.load (uvicorn/config.py:435)",
            "import_from_string (uvicorn/importer.py:19)",
            "import_module (importlib/__init__.py:90)",
            "<module> (shop/asgi.py:3)",
        ),
    ),
    "asyncio.run in a command": (
        "loop",
        ("handle (shop/management/commands/sync.py:9)", ASYNCIO, "fetch (shop/a.py:12)"),
    ),
    "asyncio.run in a Celery task": (
        "loop",
        (
            "build_tracer.<locals>.trace_task (celery/app/trace.py:453)",
            "task (shop/tasks.py:3)",
            UVLOOP,
            "fetch (shop/a.py:12)",
        ),
    ),
    "a Celery task": (
        "sync",
        ("build_tracer.<locals>.trace_task (celery/app/trace.py:453)", "task (shop/tasks.py:3)"),
    ),
    "a thread with a loop of its own": (
        "loop",
        (
            "Thread._bootstrap (threading.py:1030)",
            "Thread.run (threading.py:1010)",
            "BaseEventLoop.run_forever (asyncio/base_events.py:641)",
            "BaseEventLoop._run_once (asyncio/base_events.py:1987)",
            "Handle._run (asyncio/events.py:88)",
            "tick (shop/timers.py:4)",
        ),
    ),
    "an async view under WSGI": (
        "loop",
        (
            POOL.replace("SyncToAsync.thread_handler (asgiref/sync.py:636)", ""),
            ASYNCIO,
            "AsyncToSync.__call__.<locals>.new_loop_wrap (asgiref/sync.py:325)",
            "AsyncToSync.main_wrap (asgiref/sync.py:417)",
            VIEW,
        ),
    ),
    "sync_to_async of an async view under WSGI, back on its thread": (
        "pool",
        (
            "BaseHandler._get_response (django/core/handlers/base.py:197)",
            "AsyncToSync.__call__ (asgiref/sync.py:336)",
            "CurrentThreadExecutor.run_until_future (asgiref/current_thread_executor.py:79)",
            "_WorkItem.run (asgiref/current_thread_executor.py:35)",
            "SyncToAsync.thread_handler (asgiref/sync.py:636)",
            "legit (shop/views.py:30)",
        ),
    ),
    "Twisted's deferToThread": (
        "pool",
        (
            "ThreadPool.callInThreadWithCallback.<locals>.inContext (twisted/python/threadpool.py:244)",
            "legit (shop/views.py:30)",
        ),
    ),
    "a pool's thread on Python 3.14": (
        "pool",
        (
            "_worker (concurrent/futures/thread.py:119)",
            "_WorkItem.run (concurrent/futures/thread.py:86)",
            "WorkerContext.run (concurrent/futures/thread.py:73)",
            "legit (shop/views.py:30)",
        ),
    ),
    "anyio's worker thread": (
        "pool",
        ("WorkerThread.run (anyio/_backends/_asyncio.py:986)", "legit (shop/views.py:30)"),
    ),
    "uvloop waiting, on Python 3.9": ("idle", ("asyncio_run (uvicorn/_compat.py:58)",)),
    "gunicorn -k asgi waiting, over uvloop": ("idle", ("ASGIWorker.run (gunicorn/workers/gasgi.py:160)",)),
    "granian waiting, over uvloop": ("idle", ("MPServer._spawn_asgi_lifespan_worker (granian/server/mp.py:249)",)),
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
    "a spawned worker's own loop": (
        "loop",
        ("BaseProcess._bootstrap (multiprocessing/process.py:314)", UVLOOP, HANDLER, VIEW),
    ),
    "a command": ("sync", ("main (shop/manage.py:22)", "handle (shop/management/commands/sync.py:9)")),
    "a wsgi view": ("sync", ("BaseHandler._get_response (django/core/handlers/base.py:197)", VIEW)),
    "asyncio waiting": (
        "idle",
        (ASYNCIO.replace("Handle._run (asyncio/events.py:88)", ""), "EpollSelector.select (selectors.py:468)"),
    ),
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
    assert judge_stack(spelt).world == world


ALONE = """
loop Handle._run (asyncio/events.py:88)
loop BaseEventLoop._run_once (asyncio/base_events.py:1987)
loop BaseEventLoop.run_forever (asyncio/base_events.py:641)
loop BaseEventLoop.run_until_complete (asyncio/base_events.py:687)
loop Runner.run (asyncio/runners.py:118)
loop run (asyncio/runners.py:194)
loop Granian._spawn_asgi_lifespan_worker (granian/server.py:271)
loop Granian._spawn_asgi_worker (granian/server.py:230)
loop MTServer._spawn_asgi_worker (granian/server/mt.py:120)
loop AsyncToSync.main_wrap (asgiref/sync.py:417)
loop AsyncToSync._run_event_loop (asgiref/sync.py:279)
loop AsyncToSync.__call__.<locals>.new_loop_wrap (asgiref/sync.py:325)
loop ASGIHandler.__call__ (django/core/handlers/asgi.py:160)
loop ASGIHandler.handle (django/core/handlers/asgi.py:180)
loop BaseHandler.get_response_async (django/core/handlers/base.py:160)
loop BaseHandler._get_response_async (django/core/handlers/base.py:253)
loop MiddlewareMixin.__acall__ (django/utils/deprecation.py:300)
pool SyncToAsync.thread_handler (asgiref/sync.py:636)
pool SyncToAsync.__call__.<locals>.func (asgiref/sync.py:562)
pool SyncToAsync.__call__.<locals>.func.<locals>.run_child (asgiref/sync.py:560)
pool WorkerContext.run (concurrent/futures/thread.py:73)
pool _worker (concurrent/futures/thread.py:93)
"""
"""Boundaries that usually stand together, each by itself: a recording may be cut, and a loop in C leaves few."""


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("line", ALONE.strip().splitlines())
def test_each_boundary_is_enough(line: str, spelling: str) -> None:
    world, _, frame = line.partition(" ")
    assert judge_stack([SPELLINGS[spelling](one) for one in frames(frame, VIEW)]).world == world


WAITING = """
run (asyncio/runners.py:194)
run (uvloop/__init__.py:82)
_run (hypercorn/asyncio/run.py:230)
MPServer._spawn_asgi_worker (granian/server/mp.py:177)
"""


@pytest.mark.parametrize("line", WAITING.strip().splitlines())
def test_a_loop_in_c_waits_in_what_started_it(line: str) -> None:
    assert judge_stack(frames(line)).world == "idle"


@pytest.mark.parametrize("spelling", BARE)
@pytest.mark.parametrize("case", [case for case, (world, _) in WORLDS.items() if world != "loop"])
def test_names_without_folders_never_put_innocent_work_on_the_loop(case: str, spelling: str) -> None:
    spelt = [BARE[spelling](frame) for frame in frames(*WORLDS[case][1])]
    assert judge_stack(spelt).world != "loop"


@pytest.mark.parametrize("case", [case for case, (world, _) in WORLDS.items() if world in {"loop", "pool"}])
def test_names_without_folders_are_enough_where_the_class_is_recorded(case: str) -> None:
    world, parts = WORLDS[case]
    spelt = [BARE["bare file, qualified"](frame) for frame in frames(*parts)]
    assert judge_stack(spelt).world in ({world} if any("." in frame.function for frame in spelt) else {world, "sync"})


@pytest.mark.parametrize("loop", [ASYNCIO, UVLOOP])
def test_a_request_is_on_the_loop_by_the_poorest_names(loop: str) -> None:
    spelt = [BARE["bare file, bare"](frame) for frame in frames(loop, HANDLER, VIEW)]
    assert judge_stack(spelt).world == "loop"


def test_own_functions_named_like_boundaries_are_no_boundary() -> None:
    own = frames("run (shop/runners.py:4)", "Handle._run (shop/events.py:9)", "work (shop/events.py:12)")
    assert judge_stack(own).world == "sync"


@pytest.mark.parametrize("own", ["run (shop/runners.py:4)", "start (shop/asyncio.py:4)", "handle (shop/asgi.py:7)"])
def test_an_own_name_of_a_boundarys_is_none_where_folders_are_not_recorded(own: str) -> None:
    (bare,) = (frame._replace(file=frame.file.rpartition("/")[2]) for frame in frames(own))
    assert judge_stack([bare, *frames(VIEW)]).world == "sync"
