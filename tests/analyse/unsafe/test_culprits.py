"""The culprit is the caller of the ORM, not what watches or carries its query; a package only without own code."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Frame
from asyncspy.model.third_party import Distribution
from asyncspy.report.present.presented_finding import owner_sentences
from tests.analyse.stack_samples import ASYNCIO, COUNT, GUARD, HANDLER, PACKAGES, STDLIB, UVLOOP, frames, profile

VIEW = "checkout (shop/views.py:25)\n"
HELPER = "helper_count (shop/pricing.py:22)\n"
WATCHER = "watch (shop/db/watch.py:9)\n"
CURSOR = GUARD.format(line=26)

# Frames of Django between the ORM and the database; their lines are made up.
BEYOND = """
SQLCompiler.execute_sql (django/db/models/sql/compiler.py:1621)
SQLInsertCompiler.execute_sql (django/db/models/sql/compiler.py:1881)
SQLUpdateCompiler.execute_sql (django/db/models/sql/compiler.py:2091)
BaseDatabaseWrapper.connect (django/db/backends/base/base.py:256)
BaseDatabaseWrapper.ensure_connection (django/db/backends/base/base.py:279)
BaseDatabaseWrapper.close (django/db/backends/base/base.py:356)
BaseDatabaseWrapper.cursor (django/db/backends/base/base.py:320)
BaseDatabaseWrapper._cursor (django/db/backends/base/base.py:296)
BaseDatabaseWrapper._prepare_cursor (django/db/backends/base/base.py:288)
BaseDatabaseWrapper.chunked_cursor (django/db/backends/base/base.py:667)
BaseDatabaseWrapper.create_cursor (django/db/backends/base/base.py:240)
BaseDatabaseWrapper.make_cursor (django/db/backends/base/base.py:679)
BaseDatabaseWrapper.make_debug_cursor (django/db/backends/base/base.py:675)
BaseDatabaseWrapper.get_new_connection (django/db/backends/base/base.py:228)
BaseDatabaseWrapper.init_connection_state (django/db/backends/base/base.py:234)
BaseDatabaseWrapper.commit (django/db/backends/base/base.py:331)
BaseDatabaseWrapper.rollback (django/db/backends/base/base.py:340)
BaseDatabaseWrapper.savepoint (django/db/backends/base/base.py:398)
BaseDatabaseWrapper.savepoint_rollback (django/db/backends/base/base.py:422)
BaseDatabaseWrapper.savepoint_commit (django/db/backends/base/base.py:438)
BaseDatabaseWrapper.clean_savepoints (django/db/backends/base/base.py:448)
BaseDatabaseWrapper.get_autocommit (django/db/backends/base/base.py:456)
BaseDatabaseWrapper.set_autocommit (django/db/backends/base/base.py:461)
CursorWrapper.execute (django/db/backends/utils.py:79)
CursorWrapper.executemany (django/db/backends/utils.py:84)
CursorWrapper.callproc (django/db/backends/utils.py:55)
CursorWrapper._execute (django/db/backends/utils.py:105)
CursorWrapper._executemany (django/db/backends/utils.py:113)
CursorWrapper._execute_with_wrappers (django/db/backends/utils.py:92)
CursorDebugWrapper.execute (django/db/backends/utils.py:122)
CursorDebugWrapper.executemany (django/db/backends/utils.py:126)
async_unsafe.<locals>.decorator.<locals>.inner (django/utils/asyncio.py:26)
""".strip().splitlines()

BACKEND = (
    "connect ensure_connection close cursor _cursor _prepare_cursor chunked_cursor create_cursor make_cursor "
    "make_debug_cursor get_new_connection init_connection_state commit rollback savepoint savepoint_rollback "
    "savepoint_commit clean_savepoints get_autocommit set_autocommit"
).split()


def only(*parts: str) -> Finding:
    (found,) = analyse(profile(frames(*parts))).findings
    return found


def culprit(*parts: str) -> str:
    return only(ASYNCIO, HANDLER, VIEW, HELPER, *parts).culprit.frame.function


@pytest.mark.parametrize("line", BEYOND)
def test_what_watches_a_query_is_not_asked_for_it(line: str) -> None:
    assert culprit(line, WATCHER, CURSOR) == "helper_count"


@pytest.mark.parametrize("method", BACKEND)
def test_a_backend_of_ones_own_carries_the_query(method: str) -> None:
    assert culprit(f"DatabaseWrapper.{method} (shop/postgresql/base.py:31)", CURSOR) == "helper_count"
    assert culprit(f"{method} (shop/postgresql/base.py:31)", CURSOR) == "helper_count"


@pytest.mark.parametrize(
    "own",
    [
        "Basket.commit (shop/base.py:4)",
        "DatabaseWrapper.cursor (shop/views.py:4)",
        "DatabaseWrapper.total (shop/base.py:4)",
    ],
)
def test_own_code_that_only_sounds_like_a_backend_is_to_blame(own: str) -> None:
    assert culprit(own, COUNT) == own.partition(" ")[0]


def test_who_evaluates_a_text_has_the_line_to_mend_and_a_command_line_is_one() -> None:
    evaluated = (*frames(ASYNCIO, HANDLER, VIEW), Frame("<module>", "<string>", 1), *frames(COUNT))
    (found,) = analyse(profile(evaluated)).findings
    assert found.culprit.frame.function == "checkout"
    command = (*frames(ASYNCIO), Frame("main", "<string>", 4), *frames(COUNT))
    (found,) = analyse(profile(command)).findings
    assert (found.culprit.frame, found.culprit.package) == (Frame("main", "<string>", 4), None)


def test_a_receiver_of_connection_created_is_not_asked() -> None:
    created = "Signal.send (django/dispatch/dispatcher.py:189)\nset_timeouts (shop/signals.py:8)\n"
    execute = "CursorWrapper.execute (django/db/backends/utils.py:79)\n"
    connect = CURSOR + "BaseDatabaseWrapper.connect (django/db/backends/base/base.py:256)\n"
    assert culprit(COUNT, CURSOR, connect, created, execute) == "helper_count"


def test_a_receiver_of_a_models_signal_is() -> None:
    saved = "Model.save (django/db/models/base.py:902)\nModel.save_base (django/db/models/base.py:1008)\n"
    assert (
        culprit(saved, "Signal.send (django/dispatch/dispatcher.py:189)\nrestock (shop/signals.py:8)\n", COUNT)
        == "restock"
    )


def test_a_tool_that_watches_queries_is_no_culprit_either() -> None:
    """With no own code on the way, a package is to blame: the one that called, not the one that watched."""
    tenants = "TenantMiddleware.__call__ (tenants/middleware.py:14)\n"
    watcher = "NormalCursorMixin.execute (debug_toolbar/panels/sql/tracking.py:200)\n"
    found = only(ASYNCIO, HANDLER, tenants, COUNT, "CursorWrapper.execute (django/db/backends/utils.py:79)", watcher)
    assert found.culprit.package == "tenants"


@pytest.mark.parametrize(
    "framework",
    "django/views/generic/base.py asgiref/sync.py channels/consumer.py starlette/routing.py anyio/to_thread.py "
    "uvicorn/main.py gunicorn/app.py uvicorn_worker/__init__.py daphne/server.py hypercorn/run.py granian/server/mp.py "
    "twisted/internet/defer.py uvloop/__init__.py contextlib.py".split(),
)
def test_a_package_is_to_blame_before_the_framework_around_it(framework: str) -> None:
    tenants = "TenantMiddleware.__call__ (tenants/middleware.py:14)\n"
    root = STDLIB if framework == "contextlib.py" else PACKAGES
    passed_on = Frame("passed_on", root + framework, 7)
    (found,) = analyse(profile((*frames(UVLOOP, tenants), passed_on, *frames(COUNT)))).findings
    assert found.culprit.package == "tenants"


CALLS_ANOTHER = """
TokenMiddleware.__call__ (tokens/middleware.py:4)
get_user (tokens/auth.py:9)
TenantBackend.user (tenants/backend.py:3)
"""
SYNC_ON_LOOP = (
    "import x\nclass TokenMiddleware:\n    async def __call__(self, scope):\n        scope['user'] = get_user(scope)\n"
)


@pytest.mark.parametrize(
    ("of_tenants", "package"),
    [
        ("import x\n\ndef user(self): return User.objects.count()\n", "tokens"),
        ("import x\n\nasync def user(self): return User.objects.count()\n", "tenants"),
    ],
)
def test_the_package_of_the_last_coroutine_is_at_fault_and_not_the_sync_one_that_it_calls(
    of_tenants: str, package: str
) -> None:
    files = {PACKAGES + "tokens/middleware.py": SYNC_ON_LOOP, PACKAGES + "tenants/backend.py": of_tenants}
    stacks = profile(frames(ASYNCIO, HANDLER, CALLS_ANOTHER, COUNT))
    (finding,) = analyse(stacks, source=files.get).findings
    assert finding.culprit.package == package
    (unread,) = analyse(stacks).findings
    assert unread.culprit.package == "tenants"


def test_a_package_that_works_on_what_own_code_returned_is_not_at_fault() -> None:
    resolved = "ExecutionContext.execute_field (graphql/execution/execute.py:521)\n"
    (finding,) = analyse(profile(frames(ASYNCIO, HANDLER, resolved, COUNT))).findings
    assert (finding.culprit.package, finding.culprit.on_behalf) == ("graphql", True)
    (said,) = owner_sentences(finding.culprit)
    assert said.startswith("Package graphql makes the query, on what your own code returned")


def test_a_package_is_named_with_its_distribution_where_that_can_be_read() -> None:
    stack = frames(ASYNCIO, HANDLER, "TenantMiddleware.__call__ (tenants/middleware.py:14)\n", COUNT)
    asked = []

    def named(file: str) -> Distribution:
        asked.append(file)
        return Distribution("django-tenants", "3.5.0")

    (found,) = analyse(profile(stack), distribution=named).findings
    assert found.culprit.distribution == ("django-tenants", "3.5.0")
    assert asked == [found.culprit.frame.file]
    assert "tenants" in found.remedies[0].text
    assert found.remedies[0].code is None


def test_own_code_has_no_distribution() -> None:
    (found,) = analyse(
        profile(frames(ASYNCIO, HANDLER, VIEW, COUNT)), distribution=lambda _file: Distribution("x", "1")
    ).findings
    assert found.culprit.distribution is None


def bare(*parts: str, classes: bool = True) -> Finding:
    stack = [frame._replace(file=frame.file.rpartition("/")[2]) for frame in frames(*parts)]
    if not classes:
        stack = [frame._replace(function=frame.function.rpartition(".")[2]) for frame in stack]
    (found,) = analyse(profile(tuple(stack))).findings
    return found


# Django's own frames between a line of code and the first call that a rule names.
PASSED_ON = {
    "manager": "BaseManager._get_queryset_methods.<locals>.create_method.<locals>.manager_method"
    " (django/db/models/manager.py:87)\nQuerySet.get (django/db/models/query.py:629)",
    "list view": "BaseListView.get (django/views/generic/list.py:158)\n"
    "QuerySet.__len__ (django/db/models/query.py:367)",
    "detail view": "BaseDetailView.get (django/views/generic/detail.py:108)\n"
    "SingleObjectMixin.get_object (django/views/generic/detail.py:53)\nQuerySet.get (django/db/models/query.py:629)",
    "lazy user": "AuthenticationMiddleware.process_request.<locals>.<lambda> (django/contrib/auth/middleware.py:29)\n"
    "get_user (django/contrib/auth/middleware.py:15)",
    "auser": "auser (django/contrib/auth/middleware.py:21)\nget_user (django/contrib/auth/__init__.py:218)",
    "backend": "ModelBackend.get_user (django/contrib/auth/backends.py:158)\n"
    "QuerySet.get (django/db/models/query.py:629)",
    "authenticating": "ModelBackend.authenticate (django/contrib/auth/backends.py:66)\n"
    "QuerySet.get (django/db/models/query.py:629)",
    "sensitive": "sensitive_variables.<locals>.decorator.<locals>.sensitive_variables_wrapper"
    " (django/views/decorators/debug.py:75)\nauthenticate (django/contrib/auth/__init__.py:113)",
    "class-based": "View.as_view.<locals>.view (django/views/generic/base.py:105)\n"
    "View.dispatch (django/views/generic/base.py:144)",
    "context": "ContextMixin.get_context_data (django/views/generic/base.py:29)\n"
    "QuerySet.get (django/db/models/query.py:629)",
    "response": "TemplateResponseMixin.render_to_response (django/views/generic/base.py:193)\n"
    "QuerySet.get (django/db/models/query.py:629)",
    "lazy": "SimpleLazyObject._setup (django/utils/functional.py:404)\nQuerySet.get (django/db/models/query.py:629)",
}


@pytest.mark.parametrize("classes", [True, False], ids=["with classes", "without"])
@pytest.mark.parametrize("way", PASSED_ON)
def test_without_folders_the_frame_before_the_first_call_is_to_blame(way: str, classes: bool) -> None:
    found = bare(ASYNCIO, HANDLER, VIEW, HELPER, PASSED_ON[way], COUNT, classes=classes)
    assert (found.culprit.frame.function, found.culprit.frame.file) == ("helper_count", "pricing.py")
    assert found.culprit.by_name
    assert [one.frame.function for one in found.entries] == ["checkout"]


# Frames of Django that call what they were given, below a call that a rule names.
HANDED_OVER = {
    "Model.save (django/db/models/base.py:902)": (
        "Signal.send (django/dispatch/dispatcher.py:189)",
        "Signal.send_robust (django/dispatch/dispatcher.py:230)",
    ),
    "render (django/shortcuts.py:25)": (
        "SimpleNode.render (django/template/library.py:200)",
        "InclusionNode.render (django/template/library.py:260)",
    ),
    "Serializer.data (rest_framework/serializers.py:560)": (
        "SerializerMethodField.to_representation (rest_framework/fields.py:1880)",
    ),
}
INSIDE = [f"{call}\n{frame}" for call, given in HANDED_OVER.items() for frame in given]


@pytest.mark.parametrize("classes", [True, False], ids=["with classes", "without"])
@pytest.mark.parametrize("inside", INSIDE)
def test_without_folders_what_django_was_given_to_call_is_to_blame(inside: str, classes: bool) -> None:
    found = bare(ASYNCIO, HANDLER, VIEW, inside, "restock (shop/stock.py:8)\n", COUNT, classes=classes)
    assert (found.culprit.frame.function, found.culprit.frame.file) == ("restock", "stock.py")
    assert [one.frame.function for one in found.entries] == ["checkout"]


def test_without_folders_djangos_own_receivers_are_not() -> None:
    signed_in = (
        "login (django/contrib/auth/__init__.py:190)\nSignal.send (django/dispatch/dispatcher.py:189)\n"
        "update_last_login (django/contrib/auth/models.py:20)\n"
    )
    assert bare(ASYNCIO, HANDLER, VIEW, signed_in, COUNT).culprit.frame.function == "checkout"


def test_without_folders_djangos_frames_alone_blame_django() -> None:
    found = bare(ASYNCIO, HANDLER, "ASGIHandler.run_get_response (django/core/handlers/asgi.py:240)", COUNT)
    assert found.culprit.package == "django"
    assert found.culprit.by_name


@pytest.mark.parametrize(
    "line",
    [
        "convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:42)",
        "ASGIHandler.run_get_response (django/core/handlers/asgi.py:240)",
        "ASGIStaticFilesHandler.__call__ (django/contrib/staticfiles/handlers.py:101)",
    ],
)
def test_without_folders_the_handlers_frames_are_no_entries(line: str) -> None:
    found = bare(UVLOOP, "Rows.handle (shop/x.py:3)", line, VIEW, COUNT)
    assert found.culprit.frame.function == "checkout"
    assert line.partition(" ")[0] not in {one.frame.function for one in found.entries}
    for classes in (True, False):
        alone = bare(ASYNCIO, line, COUNT, classes=classes)
        assert alone.culprit.package == "django"


def test_a_program_that_starts_the_server_is_no_entry() -> None:
    """What stands below the running loop came first, but the work did not come in by it."""
    main = "main (shop/serve.py:12)\n"
    found = only(main, UVLOOP, "on_timer (shop/timers.py:4)", COUNT)
    assert [(one.kind, one.frame.function) for one in found.entries] == [("callback", "on_timer")]


def test_one_line_that_is_mended_in_one_way_is_one_finding() -> None:
    """`with atomic():` enters and leaves on the same line."""
    asks = "BaseDatabaseWrapper.get_autocommit (django/db/backends/base/base.py:456)\n"
    enter = "Atomic.__enter__ (django/db/transaction.py:203)\n" + asks
    leave = "Atomic.__exit__ (django/db/transaction.py:224)\n" + asks
    analysis = analyse(profile(*(frames(ASYNCIO, HANDLER, VIEW, way) for way in (enter, enter, leave))))
    (found,) = analysis.findings
    assert found.call == "Atomic.__enter__"
    assert found.evidence.heading == 3


def test_two_calls_on_one_line_are_two_findings() -> None:
    exists = "QuerySet.exists (django/db/models/query.py:1288)\nQuery.has_results (django/db/models/sql/query.py:664)\n"
    analysis = analyse(profile(frames(ASYNCIO, HANDLER, VIEW, COUNT), frames(ASYNCIO, HANDLER, VIEW, exists)))
    assert {found.call for found in analysis.findings} == {"QuerySet.count", "QuerySet.exists"}


def test_a_comprehension_is_a_line_of_the_function_around_it() -> None:
    """As Python 3.11 and older record it, qualified or not."""
    for name in ("listcomp", "setcomp", "dictcomp", "genexpr"):
        whole = only(ASYNCIO, HANDLER, VIEW, f"checkout.<locals>.<{name}> (shop/views.py:26)\n", COUNT)
        short = only(ASYNCIO, HANDLER, VIEW, f"<{name}> (shop/views.py:26)\n", COUNT)
        for found in (whole, short):
            assert found.culprit.frame == Frame("checkout", "/srv/shop/shop/views.py", 26)
            assert [link.function for link in found.chain][:2] == ["checkout", "QuerySet.count"]


def test_a_generator_expression_that_somebody_else_pulls_is_still_named_by_its_function() -> None:
    found = only(
        ASYNCIO, HANDLER, VIEW, "total (shop/pricing.py:9)\nprices.<locals>.<genexpr> (shop/catalog.py:4)\n", COUNT
    )
    assert found.culprit.frame == Frame("prices", "/srv/shop/shop/catalog.py", 4)


@pytest.mark.parametrize("kind", ["middleware", "callback", "import of the app"])
def test_a_closure_that_is_the_thing_itself_is_no_wrapper(kind: str) -> None:
    door = {
        "middleware": "convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:42)\n",
        "callback": "",
        "import of the app": "import_from_string (uvicorn/importer.py:20)\n",
    }[kind]
    found = only(UVLOOP, door, "timing.<locals>.middleware (shop/middleware.py:8)\n", HELPER, COUNT)
    assert [(one.kind, one.frame.function) for one in found.entries] == [(kind, "timing.<locals>.middleware")]


@pytest.mark.parametrize(
    "name",
    "wrapper wrapped wrapped_view wrapper_view _wrapper _wrapped _wrapped_view _wrapper_view _view_wrapper inner "
    "_inner decorated decorator wrap".split(),
)
def test_a_wrapper_is_passed_where_names_are_not_qualified(name: str) -> None:
    """As py-spy spells frames up to Python 3.10; a view of that name among qualified names is the view."""
    bare = [frame._replace(function=frame.function.rpartition(".")[2]) for frame in frames(ASYNCIO, HANDLER)]
    above = frames(f"{name} (shop/decorators.py:4)", "checkout (shop/views.py:25)", "total (shop/pricing.py:2)")
    query = [frame._replace(function=frame.function.rpartition(".")[2]) for frame in frames(COUNT)]
    for stack, entry in (
        ((*bare, *above, *query), "checkout"),
        (frames(ASYNCIO, HANDLER) + above + frames(COUNT), name),
    ):
        (found,) = analyse(profile(stack)).findings
        assert [one.frame.function for one in found.entries] == [entry]
