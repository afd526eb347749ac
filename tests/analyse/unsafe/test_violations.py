"""What is a violation and what is not, by whose line and by what name: planted stacks whose right answer is known.

The innocent table holds what real applications had on the loop without a query behind it (cached relations, resolved
lazy objects, built querysets, templates); each of them has been a false alarm of some simpler rule.
"""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.analysis import Analysis
from tests.analyse.stack_samples import ASYNCIO, COUNT, GUARD, HANDLER, POOL, SPELLINGS, UVLOOP, frames, profile

VIEW = "checkout (shop/views.py:25)\n"
HELPER = "helper_count (shop/pricing.py:22)\n"
SESSION_LOAD = """
SessionBase._get_session (django/contrib/sessions/backends/base.py:257)
SessionStore.load (django/contrib/sessions/backends/db.py:55)
"""
ITERATE = """
QuerySet.__iter__ (django/db/models/query.py:386)
QuerySet._fetch_all (django/db/models/query.py:1954)
ModelIterable.__iter__ (django/db/models/query.py:93)
"""
USER = """
new_method_proxy.<locals>.inner (django/utils/functional.py:251)
SimpleLazyObject._setup (django/utils/functional.py:404)
AuthenticationMiddleware.process_request.<locals>.<lambda> (django/contrib/auth/middleware.py:29)
get_user (django/contrib/auth/middleware.py:15)
get_user (django/contrib/auth/__init__.py:218)
"""
CURSOR = """
BaseDatabaseWrapper.cursor (django/db/backends/base/base.py:320)
BaseDatabaseWrapper._cursor (django/db/backends/base/base.py:295)
"""
EXECUTE = """
CursorWrapper.execute (django/db/backends/utils.py:79)
CursorWrapper._execute_with_wrappers (django/db/backends/utils.py:92)
CursorWrapper._execute (django/db/backends/utils.py:105)
"""

# name: (what stands above the loop, culprit's function, call)
GUILTY = {
    "count in a helper": (VIEW + HELPER + COUNT, "helper_count", "QuerySet.count"),
    "iteration": (VIEW + ITERATE, "checkout", "QuerySet.__iter__"),
    "through a manager": (
        VIEW
        + "BaseManager._get_queryset_methods.<locals>.create_method.<locals>.manager_method"
        + " (django/db/models/manager.py:87)\n"
        + "QuerySet.get (django/db/models/query.py:629)\n"
        + ITERATE,
        "checkout",
        "QuerySet.get",
    ),
    "request.user": (VIEW + USER + SESSION_LOAD, "checkout", "request.user"),
    "session": (
        VIEW + "SessionBase.__getitem__ (django/contrib/sessions/backends/base.py:53)" + SESSION_LOAD,
        "checkout",
        "SessionBase.__getitem__",
    ),
    "lazy foreign key": (
        VIEW
        + "ForwardManyToOneDescriptor.__get__ (django/db/models/fields/related_descriptors.py:250)\n"
        + "ForwardManyToOneDescriptor.get_object (django/db/models/fields/related_descriptors.py:223)\n"
        + "QuerySet.get (django/db/models/query.py:629)\n"
        + ITERATE,
        "checkout",
        "ForwardManyToOneDescriptor.__get__",
    ),
    "save": (
        VIEW + "Model.save (django/db/models/base.py:902)\nModel.save_base (django/db/models/base.py:1008)",
        "checkout",
        "Model.save",
    ),
    "atomic": (
        VIEW
        + "Atomic.__enter__ (django/db/transaction.py:203)\n"
        + "BaseDatabaseWrapper.get_autocommit (django/db/backends/base/base.py:454)",
        "checkout",
        "Atomic.__enter__",
    ),
    "template": (
        VIEW
        + "render (django/shortcuts.py:25)\nTemplate.render (django/template/base.py:171)\n"
        + "ForNode.render (django/template/defaulttags.py:194)"
        + ITERATE,
        "checkout",
        "render",
    ),
    "a receiver on the loop": (
        VIEW + "Signal.send (django/dispatch/dispatcher.py:189)\nrestock (shop/signals.py:12)\n" + COUNT,
        "restock",
        "QuerySet.count",
    ),
    "a generator's own frame, not its consumer": (
        VIEW + "total (shop/pricing.py:40)\nprices (shop/catalog.py:9)\n" + ITERATE,
        "prices",
        "QuerySet.__iter__",
    ),
    "a receiver's pure work under save() is save()'s line": (
        VIEW
        + "Model.save (django/db/models/base.py:902)\nModel.save_base (django/db/models/base.py:1008)\n"
        + "Signal.send (django/dispatch/dispatcher.py:189)\nslugify (shop/signals.py:30)",
        "checkout",
        "Model.save",
    ),
    "building the query of get()": (
        VIEW + "QuerySet.get (django/db/models/query.py:629)\nQuerySet.filter (django/db/models/query.py:1491)",
        "checkout",
        "QuerySet.get",
    ),
    "building the query of last(), whose result is never cached": (
        VIEW + "QuerySet.last (django/db/models/query.py:1110)\nQuerySet.reverse (django/db/models/query.py:1700)",
        "checkout",
        "QuerySet.last",
    ),
    "building the query of latest()": (
        VIEW
        + "QuerySet.latest (django/db/models/query.py:1094)\nQuerySet._earliest (django/db/models/query.py:1065)\n"
        + "QuerySet.order_by (django/db/models/query.py:1650)",
        "checkout",
        "QuerySet.latest",
    ),
    "create() of a model whose own __init__ is at work": (
        VIEW + "QuerySet.create (django/db/models/query.py:650)\nBook.__init__ (shop/models.py:8)",
        "checkout",
        "QuerySet.create",
    ),
    "preparing a bulk_create()": (
        VIEW
        + "QuerySet.bulk_create (django/db/models/query.py:804)\n"
        + "QuerySet._prepare_for_bulk_create (django/db/models/query.py:680)",
        "checkout",
        "QuerySet.bulk_create",
    ),
    "collecting what to delete": (
        VIEW + "Model.delete (django/db/models/base.py:1280)\nCollector.collect (django/db/models/deletion.py:300)",
        "checkout",
        "Model.delete",
    ),
    "collecting what a queryset deletes": (
        VIEW + "QuerySet.delete (django/db/models/query.py:1200)\nCollector.collect (django/db/models/deletion.py:300)",
        "checkout",
        "QuerySet.delete",
    ),
    "get_or_create() at work on its parameters": (
        VIEW
        + "QuerySet.get_or_create (django/db/models/query.py:950)\n"
        + "QuerySet._extract_model_params (django/db/models/query.py:1040)",
        "checkout",
        "QuerySet.get_or_create",
    ),
    "update_or_create() choosing its database": (
        VIEW
        + "QuerySet.update_or_create (django/db/models/query.py:1000)\n"
        + "ConnectionRouter._router_func.<locals>._route_db (django/db/utils.py:200)",
        "checkout",
        "QuerySet.update_or_create",
    ),
    "entering a transaction": (
        VIEW + "Atomic.__enter__ (django/db/transaction.py:180)\nget_connection (django/db/transaction.py:18)",
        "checkout",
        "Atomic.__enter__",
    ),
    "clearing the database cache": (
        VIEW
        + "DatabaseCache.clear (django/core/cache/backends/db.py:292)\n"
        + "ConnectionRouter._router_func.<locals>._route_db (django/db/utils.py:200)",
        "checkout",
        "DatabaseCache.clear",
    ),
    "stopped at the guard": (VIEW + HELPER + COUNT + GUARD.format(line=23), "helper_count", "QuerySet.count"),
    "the guard reading its environment": (
        VIEW + HELPER + COUNT + GUARD.format(line=23) + "_Environ.__getitem__ (os.py:680)",
        "helper_count",
        "QuerySet.count",
    ),
    "let pass by the guard": (
        VIEW + HELPER + COUNT + GUARD.format(line=26) + CURSOR,
        "helper_count",
        "QuerySet.count",
    ),
    "executing through the project's own instrumentation": (
        VIEW + HELPER + COUNT + EXECUTE + "log_queries (shop/db.py:9)\n" + EXECUTE.splitlines()[-1],
        "helper_count",
        "QuerySet.count",
    ),
    "a receiver that executes by itself under a save()": (
        VIEW
        + "Model.save (django/db/models/base.py:902)\nModel.save_base (django/db/models/base.py:1008)\n"
        + "Signal.send (django/dispatch/dispatcher.py:189)\naudit (shop/signals.py:30)\n"
        + EXECUTE,
        "audit",
        "CursorWrapper.execute",
    ),
    "executing, so it was let pass": (VIEW + HELPER + COUNT + EXECUTE, "helper_count", "QuerySet.count"),
}

INNOCENT = {
    "building a queryset": VIEW
    + "QuerySet.filter (django/db/models/query.py:1491)\nQuerySet._clone (django/db/models/query.py:1933)",
    "str(queryset.query)": VIEW
    + "Query.__str__ (django/db/models/sql/query.py:340)\nQuery.sql_with_params (django/db/models/sql/query.py:348)\n"
    + "SQLCompiler.as_sql (django/db/models/sql/compiler.py:765)\n"
    + "SQLCompiler.pre_sql_setup (django/db/models/sql/compiler.py:85)",
    "exists() inside exclude()": VIEW
    + "QuerySet.exclude (django/db/models/query.py:1497)\nQuery.exists (django/db/models/sql/query.py:655)",
    "a cached relation": VIEW
    + "ForwardManyToOneDescriptor.__get__ (django/db/models/fields/related_descriptors.py:237)",
    "a resolved lazy user": VIEW + "new_method_proxy.<locals>.inner (django/utils/functional.py:251)",
    "an evaluated queryset": VIEW
    + "QuerySet.__len__ (django/db/models/query.py:367)\nQuerySet._fetch_all (django/db/models/query.py:1954)",
    "count() of an evaluated queryset": VIEW + "QuerySet.count (django/db/models/query.py:603)",
    "first() of an evaluated queryset": VIEW + "QuerySet.first (django/db/models/query.py:1098)\n"
    "QuerySet.__getitem__ (django/db/models/query.py:408)",
    "save(update_fields=[])": VIEW + "Model.save (django/db/models/base.py:850)",
    "aggregate() of nothing": VIEW + "QuerySet.aggregate (django/db/models/query.py:590)",
    "bulk_create([])": VIEW + "QuerySet.bulk_create (django/db/models/query.py:785)",
    "a pure choice of a form": VIEW
    + "BaseForm.is_valid (django/forms/forms.py:206)\nBaseForm.full_clean (django/forms/forms.py:326)",
    "a warm session": VIEW + "SessionBase.get (django/contrib/sessions/backends/base.py:73)\n"
    "SessionBase._get_session (django/contrib/sessions/backends/base.py:250)",
    "a signed-cookie session": VIEW + "SessionBase._get_session (django/contrib/sessions/backends/base.py:257)\n"
    "SessionStore.load (django/contrib/sessions/backends/signed_cookies.py:14)",
    "a warm content type": VIEW + "ContentTypeManager.get_for_model (django/contrib/contenttypes/models.py:50)",
    "settings": VIEW + "LazyObject.__getattribute__ (django/utils/functional.py:260)",
    "a template of plain values": VIEW
    + "render (django/shortcuts.py:25)\nTemplate.render (django/template/base.py:171)\n"
    + "ForNode.render (django/template/defaulttags.py:194)",
    "a signal without queries": VIEW + "Signal.send (django/dispatch/dispatcher.py:189)\nlog (shop/signals.py:3)",
    "own code with Django's names": VIEW + "Rows._fetch_all (shop/query.py:9)\nRows.__iter__ (shop/query.py:12)\n"
    "Rows.execute_sql (shop/compiler.py:3)\nload (shop/db.py:9)",
    "rows of a finished query, closed on the loop": VIEW + "ModelIterable.__iter__ (django/db/models/query.py:93)",
    "an own iterator() over a cached queryset": VIEW
    + "iterator (shop/pages.py:9)\nQuerySet.__iter__ (django/db/models/query.py:386)",
    "an own inner in an own asyncio.py": VIEW + "inner (shop/asyncio.py:23)",
}


SERIALIZERS = [
    "Serializer.data",
    "ListSerializer.data",
    "BaseSerializer.data",
    "BaseSerializer.is_valid",
    "BaseSerializer.save",
]


@pytest.mark.parametrize("call", SERIALIZERS)
def test_a_serializer_is_what_is_called_and_not_what_it_evaluates(call: str) -> None:
    (finding,) = on_loop(VIEW + f"{call} (rest_framework/serializers.py:770)\n" + ITERATE).findings
    assert (finding.call, finding.culprit.frame.function) == (call, "checkout")


def on_loop(above: str, spelling: str = "whole, qualified", loop: str = ASYNCIO) -> Analysis:
    return analyse(profile(tuple(SPELLINGS[spelling](frame) for frame in frames(loop, HANDLER, above))))


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("case", GUILTY)
def test_guilty_is_found(case: str, spelling: str) -> None:
    above, culprit, call = GUILTY[case]
    analysis = on_loop(above, spelling)
    assert [(finding.culprit.frame.function, finding.call) for finding in analysis.findings] == [(culprit, call)]
    assert analysis.verdict == "violations"
    assert analysis.findings[0].culprit.package is None


@pytest.mark.parametrize("case", GUILTY)
def test_the_same_work_in_a_pool_or_a_sync_stack_is_innocent(case: str) -> None:
    above, _, _ = GUILTY[case]
    pool, sync = frames(POOL, above), frames("main (shop/manage.py:22)", above)
    nested = frames(ASYNCIO, HANDLER, VIEW, POOL, above)
    analysis = analyse(profile(pool, sync, nested))
    assert analysis.findings == ()
    assert (analysis.samples.pool, analysis.samples.sync) == (2, 1)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("case", INNOCENT)
def test_innocent_is_not_found(case: str, spelling: str) -> None:
    analysis = on_loop(INNOCENT[case], spelling)
    assert analysis.findings == ()
    assert analysis.verdict == "none-seen"


def test_uvloop_and_asyncio_give_the_same_finding() -> None:
    assert on_loop(VIEW + COUNT).findings == on_loop(VIEW + COUNT, loop=UVLOOP).findings


def grade(above: str) -> tuple[int, int, bool]:
    finding = on_loop(above).findings[0]
    return finding.evidence.reached, finding.evidence.heading, finding.allowed


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("count in a helper", (0, 1, False)),
        ("stopped at the guard", (1, 0, False)),
        ("the guard reading its environment", (1, 0, False)),
        ("let pass by the guard", (1, 0, True)),
        ("executing, so it was let pass", (1, 0, True)),
    ],
)
def test_evidence_is_graded(case: str, expected: tuple[int, int, bool]) -> None:
    assert grade(GUILTY[case][0]) == expected


def test_one_fault_by_two_routes_is_one_finding_with_both_entries() -> None:
    middleware = "convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:42)\n"
    by_middleware = frames(
        ASYNCIO, HANDLER.rsplit("BaseHandler._get", 1)[0], middleware, "tally (shop/middleware.py:40)", HELPER, COUNT
    )
    by_view = frames(ASYNCIO, HANDLER, VIEW, HELPER, COUNT)
    (finding,) = analyse(profile(by_view, by_view, by_middleware)).findings
    assert [(entry.kind, entry.frame.function, entry.weight) for entry in finding.entries] == [
        ("async view", "checkout", 2),
        ("middleware", "tally", 1),
    ]


def test_a_view_outranks_the_own_middleware_around_it() -> None:
    around = HANDLER.replace(
        "BaseHandler._get_response_async",
        "timing (shop/middleware.py:8)\n"
        "convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:42)\n"
        "BaseHandler._get_response_async",
    )
    (finding,) = analyse(profile(frames(ASYNCIO, around, VIEW, HELPER, COUNT))).findings
    assert [(entry.kind, entry.frame.function) for entry in finding.entries] == [("async view", "checkout")]
    assert [link.function for link in finding.chain][:2] == ["checkout", "helper_count"]


def test_two_lines_of_one_function_are_two_findings() -> None:
    other = VIEW.replace(":25", ":31")
    analysis = analyse(profile(frames(ASYNCIO, HANDLER, VIEW, COUNT), frames(ASYNCIO, HANDLER, other, ITERATE)))
    assert {finding.culprit.frame.line for finding in analysis.findings} == {25, 31}


def test_without_own_code_the_third_party_package_is_named() -> None:
    middleware = "TenantMiddleware.__call__ (tenants/middleware.py:14)\n"
    (finding,) = analyse(profile(frames(ASYNCIO, HANDLER, middleware, COUNT))).findings
    assert (finding.culprit.package, finding.culprit.frame.function) == ("tenants", "TenantMiddleware.__call__")


def test_own_code_that_only_awaits_the_handler_is_not_the_culprit() -> None:
    """The nearest boundary is Django's own coroutine: what runs above it is not its awaiter's doing."""
    above = (
        "timing (shop/middleware.py:8)\n" + HANDLER + "TenantMiddleware.__call__ (tenants/middleware.py:14)\n" + COUNT
    )
    (finding,) = analyse(profile(frames(ASYNCIO, above))).findings
    assert finding.culprit.package == "tenants"


def test_a_callback_without_any_handler_is_named_as_such() -> None:
    (finding,) = analyse(profile(frames(UVLOOP, "on_timer (shop/timers.py:4)", COUNT))).findings
    assert [(entry.kind, entry.frame.function) for entry in finding.entries] == [("callback", "on_timer")]


def test_a_loop_without_samples_is_no_data() -> None:
    analysis = analyse(profile(frames(POOL, VIEW, COUNT)))
    assert (analysis.verdict, analysis.reach.unseen_share) == ("no-data", None)


def test_every_sample_is_in_one_world() -> None:
    stacks = [frames(ASYNCIO, HANDLER, VIEW), frames(POOL, VIEW), frames(VIEW), frames(UVLOOP), ()]
    samples = analyse(profile(*stacks, *stacks)).samples
    assert samples.total == 10 == samples.loop + samples.pool + samples.sync + samples.idle + samples.other


def test_a_sink_right_above_the_boundary_blames_nobody_of_the_users() -> None:
    """Frames above the sink are never the culprit, however little is left below it."""
    above = "SQLCompiler.execute_sql (django/db/models/sql/compiler.py:1621)\nhydrate (shop/models.py:9)\n"
    (finding,) = analyse(profile(frames(UVLOOP, above))).findings
    assert finding.culprit.package is not None
    assert "hydrate" not in {link.function for link in finding.chain}


def test_without_folders_an_own_class_is_no_queryset() -> None:
    """What proves a query only under certain callers asks for their class, where it is recorded."""
    rows = "Rows._fetch_all (shop/query.py:19)\n"
    for caller, found in ((rows, 0), ("QuerySet._fetch_all (django/db/models/query.py:1954)\n", 1)):
        whole = frames(ASYNCIO, HANDLER, VIEW, caller, "ModelIterable.__iter__ (django/db/models/query.py:93)")
        bare = tuple(frame._replace(file=frame.file.rpartition("/")[2]) for frame in whole)
        assert len(analyse(profile(bare)).findings) == found
