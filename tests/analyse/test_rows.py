"""One stack, or one frame, for each rule: alone it must make the difference that it is there for.

The frames are spelt as Django 5.2 and asgiref 3.7 to 3.13 are recorded; the numbers of their lines are made up.
"""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.remedy.calls import CALLS
from asyncspy.analyse.remedy.remedies import BY_THREAD
from asyncspy.analyse.stacks.entries import DISPATCHERS
from asyncspy.analyse.stacks.pattern import Rules
from asyncspy.analyse.stacks.sinks import SINKS, is_guard
from asyncspy.analyse.stacks.worlds import boundary_side, judge_stack
from asyncspy.model.stacks import Frame
from tests.analyse.stack_samples import ASYNCIO, COUNT, GUARD, HANDLER, POOL, UVLOOP, frames, profile

VIEW = "checkout (shop/views.py:25)\n"

# Each alone below the user's code: callbacks carry nothing else, and nobody may guess that they are on a loop.
LOOPS = """
Handle._run (asyncio/events.py:88)
BaseEventLoop._run_once (asyncio/base_events.py:1987)
BaseEventLoop.run_forever (asyncio/base_events.py:641)
BaseEventLoop.run_until_complete (asyncio/base_events.py:687)
Runner.run (asyncio/runners.py:118)
run (asyncio/runners.py:44)
asyncio_run (uvicorn/_compat.py:60)
ASGIWorker.run (gunicorn/workers/gasgi.py:160)
_spawn_asgi_lifespan_worker (granian/server/mp.py:90)
_spawn_asgi_worker (granian/server/mp.py:70)
future_watcher (granian/_futures.py:20)
AsyncioSelectorReactor.run (twisted/internet/asyncioreactor.py:253)
AsyncToSync.main_wrap (asgiref/sync.py:417)
AsyncToSync.__call__.<locals>.new_loop_wrap (asgiref/sync.py:345)
AsyncToSync._run_event_loop (asgiref/sync.py:279)
ASGIHandler.__call__ (django/core/handlers/asgi.py:160)
ASGIHandler.handle (django/core/handlers/asgi.py:180)
BaseHandler.get_response_async (django/core/handlers/base.py:160)
BaseHandler._get_response_async (django/core/handlers/base.py:253)
MiddlewareMixin.__acall__ (django/utils/deprecation.py:148)
""".strip().splitlines()

# Each alone above a loop: work that was handed to a thread, or a process that was forked from the loop.
THREADS = """
SyncToAsync.thread_handler (asgiref/sync.py:636)
SyncToAsync.__call__.<locals>.func (asgiref/sync.py:562)
SyncToAsync.__call__.<locals>.func.<locals>.run_child (asgiref/sync.py:560)
_WorkItem.run (asgiref/current_thread_executor.py:35)
_WorkItem.run (concurrent/futures/thread.py:59)
_worker (concurrent/futures/thread.py:93)
DatabaseSyncToAsync.thread_handler (channels/db.py:13)
WorkerThread.run (anyio/_backends/_asyncio.py:986)
ThreadSensitiveContext.__aexit__.<locals>.join (asgiref/sync.py:200)
""".strip().splitlines()


@pytest.mark.parametrize("line", LOOPS)
def test_each_marker_of_a_loop_is_enough(line: str) -> None:
    assert len(analyse(profile(frames(line, VIEW, COUNT))).findings) == 1


@pytest.mark.parametrize("line", THREADS)
def test_each_marker_of_a_thread_is_enough(line: str) -> None:
    assert analyse(profile(frames(UVLOOP, HANDLER, line, VIEW, COUNT))).findings == ()


@pytest.mark.parametrize(
    ("loop", "leaf"),
    [
        (ASYNCIO.rsplit("Handle._run", 1)[0], "EpollSelector.select (selectors.py:468)"),
        (ASYNCIO.rsplit("Handle._run", 1)[0], "KqueueSelector.select (selectors.py:560)"),
        ("Thread.run (threading.py:1010)\n", "_worker (concurrent/futures/thread.py:90)"),
        ("run (asyncio/runners.py:194)\n", "Runner.run (asyncio/runners.py:118)"),
        ("main (shop/serve.py:3)\n", "run (asyncio/runners.py:44)"),
    ],
)
def test_each_leaf_that_waits_for_work_is_idle(loop: str, leaf: str) -> None:
    assert judge_stack(frames(loop, leaf)).world == "idle"


@pytest.mark.parametrize("above", [VIEW, VIEW + "wait_selector (psycopg/waiting.py:80)\n"])
def test_a_wait_inside_a_call_is_no_idle_loop(above: str) -> None:
    select = "EpollSelector.select (selectors.py:468)"
    assert judge_stack(frames(ASYNCIO, above, select)).world == "loop"
    assert judge_stack(frames(POOL, above, select)).world == "pool"


# Frames that only a query has, where no other row of the rules is on the stack with them.
PROVEN = """
UpdateQuery.update_batch (django/db/models/sql/subqueries.py:85)
QuerySet._batched_insert (django/db/models/query.py:1901)
CursorDebugWrapper.execute (django/db/backends/utils.py:122)
CursorWrapper.executemany (django/db/backends/utils.py:84)
CursorDebugWrapper.executemany (django/db/backends/utils.py:126)
CursorWrapper.callproc (django/db/backends/utils.py:55)
CursorWrapper._executemany (django/db/backends/utils.py:113)
""".strip().splitlines()


@pytest.mark.parametrize("line", PROVEN)
def test_each_proof_is_enough(line: str) -> None:
    (finding,) = analyse(profile(frames(ASYNCIO, HANDLER, VIEW, line))).findings
    assert finding.sink == line.partition(" ")[0]
    assert finding.allowed is line.startswith("Cursor")


# Calls that the installed packages do not run here, or whose name another rule would give as well: the way out tells.
CALLED = """
RenderableMixin.render (django/forms/utils.py:79)
BaseSerializer.is_valid (rest_framework/serializers.py:225)
BaseSerializer.save (rest_framework/serializers.py:208)
Serializer.data (rest_framework/serializers.py:571)
ListSerializer.data (rest_framework/serializers.py:790)
BaseSerializer.data (rest_framework/serializers.py:249)
Model.full_clean (django/db/models/base.py:1622)
Model.clean_fields (django/db/models/base.py:1673)
Model.validate_unique (django/db/models/base.py:1386)
UserManager.create_user (django/contrib/auth/models.py:178)
UserManager.create_superuser (django/contrib/auth/models.py:204)
DatabaseCache.has_key (django/core/cache/backends/db.py:240)
DatabaseCache.delete (django/core/cache/backends/db.py:212)
DatabaseCache.get_many (django/core/cache/backends/db.py:57)
DatabaseCache.clear (django/core/cache/backends/db.py:292)
BaseCache.get_or_set (django/core/cache/backends/base.py:219)
BaseCache.set_many (django/core/cache/backends/base.py:310)
BaseCache.incr (django/core/cache/backends/base.py:254)
BaseCache.decr (django/core/cache/backends/base.py:271)
BaseCache.incr_version (django/core/cache/backends/base.py:362)
BaseCache.decr_version (django/core/cache/backends/base.py:385)
get_current_site (django/contrib/sites/shortcuts.py:16)
ContentTypeManager.get_for_models (django/contrib/contenttypes/models.py:84)
QuerySet.explain (django/db/models/query.py:1321)
QuerySet.__repr__ (django/db/models/query.py:360)
RawQuerySet.iterator (django/db/models/query.py:2237)
RawQuerySet.__len__ (django/db/models/query.py:2225)
RawQuerySet.__bool__ (django/db/models/query.py:2229)
RawQuerySet.__getitem__ (django/db/models/query.py:2260)
on_commit (django/db/transaction.py:132)
""".strip().splitlines()


@pytest.mark.parametrize("line", CALLED)
def test_each_call_has_its_name_and_its_way_out(line: str) -> None:
    (finding,) = analyse(profile(frames(ASYNCIO, HANDLER, VIEW, line, GUARD.format(line=23)))).findings
    assert finding.call == line.partition(" ")[0]
    assert finding.remedies[0] != BY_THREAD.remedy


@pytest.mark.parametrize("holder", ["GenericForeignKey", "GenericForeignKeyDescriptor"])
def test_a_call_keeps_its_name_where_django_moved_its_frame(holder: str) -> None:
    """Django 6.1 gave the field a descriptor of its own."""
    line = f"{holder}.__get__ (django/contrib/contenttypes/fields.py:250)\n"
    (finding,) = analyse(profile(frames(ASYNCIO, HANDLER, VIEW, line, GUARD.format(line=23)))).findings
    assert finding.call == "GenericForeignKey.__get__"
    assert finding.remedies[0] != BY_THREAD.remedy


# The frame that opens the door, and the kind of what comes in by it.
OPENED = {
    "BaseHandler._get_response_async (django/core/handlers/base.py:253)": "async view",
    "BaseHandler._get_response (django/core/handlers/base.py:197)": "sync view",
    "convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:42)": "middleware",
    "MiddlewareMixin.__acall__ (django/utils/deprecation.py:148)": "middleware",
    "AsyncConsumer.dispatch (channels/consumer.py:73)": "consumer",
    "AsyncOperation.run (ninja/operation.py:324)": "ninja operation",
    "ExecutionContext.execute_field (graphql/execution/execute.py:520)": "resolver",
    "import_from_string (uvicorn/importer.py:22)": "import of the app",
    "Signal.send (django/dispatch/dispatcher.py:189)": "signal receiver",
    "Signal.send_robust (django/dispatch/dispatcher.py:260)": "signal receiver",
    "Node.render_annotated (django/template/base.py:964)": "template tag",
}


@pytest.mark.parametrize("line", OPENED)
def test_each_door_says_what_came_in(line: str) -> None:
    graphql = Frame(
        "ExecutionContext.execute_field", "/srv/venv/lib/python3.12/site-packages/graphql/execution/execute.py"
    )
    door = (graphql,) if "graphql" in line else frames(line)
    (finding,) = analyse(profile((*frames(UVLOOP), *door, *frames(VIEW, COUNT)))).findings
    assert [(one.kind, one.frame.function) for one in finding.entries] == [(OPENED[line], "checkout")]


# Names that anybody's code may have, in files that anybody may have: without folder and class they prove nothing.
ANYBODYS = """
_run events.py
add related_descriptors.py
clear db.py
count paginator.py
create query.py
delete base.py
dispatch consumer.py
execute utils.py
executemany utils.py
exists db.py
first query.py
get base.py
handle asgi.py
inner asyncio.py
inner exception.py
last query.py
load db.py
login __init__.py
render shortcuts.py
run runners.py
run gasgi.py
save models.py
select selectors.py
send dispatcher.py
set db.py
update query.py
__iter__ query.py
__get__ query_utils.py
""".strip().splitlines()


@pytest.mark.parametrize("line", ANYBODYS)
def test_a_common_name_alone_proves_nothing(line: str) -> None:
    function, file = line.split()
    bare = Frame(function, file, 12)
    tables: list[Rules[object]] = [CALLS, SINKS, DISPATCHERS]  # type: ignore[list-item]
    assert [table.match(bare) for table in tables] == [None, None, None]
    assert not is_guard(bare)
    assert boundary_side(bare) != "loop"
    assert judge_stack((*frames(POOL), Frame("work", "jobs.py", 3), bare)).world == "pool"
