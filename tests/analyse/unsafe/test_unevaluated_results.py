"""Where a framework evaluates what own code returned, the remedy is to return it evaluated."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.findings import Finding
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin, Profile, Stack
from tests.analyse.stack_samples import ASYNCIO, COUNT, HANDLER, frames

ITERATE = """
QuerySet.__iter__ (django/db/models/query.py:386)
QuerySet._fetch_all (django/db/models/query.py:1954)
ModelIterable.__iter__ (django/db/models/query.py:93)
"""
OPERATION = """
PathView._async_view (ninja/operation.py:600)
AsyncOperation.run (ninja/operation.py:498)
Operation._result_to_response (ninja/operation.py:367)
"""
SCHEMA = "DjangoGetter._convert_result (ninja/schema.py:97)\n"
RESOLVERS = """
ExecutionContext.execute_field (graphql/execution/execute.py:487)
ExecutionContext.complete_value (graphql/execution/execute.py:577)
Executor.execute_field (graphql/execution/executor.py:500)
Executor.complete_value (graphql/execution/executor.py:600)
""".strip().splitlines()


def found(*parts: str, django: str | None = None) -> Finding:
    target = Worker(7, 1, "worker", True, "uvicorn", django=django)
    profile = Profile({Stack(frames(ASYNCIO, HANDLER, *parts)): 1}, (Origin("py-spy", target=target),))
    (finding,) = analyse(profile).findings
    return finding


def test_a_queryset_that_an_operation_returned() -> None:
    finding = found(OPERATION, SCHEMA, ITERATE)
    assert finding.culprit.package == "ninja"
    assert [(entry.kind, entry.frame.function) for entry in finding.entries] == [
        ("ninja operation", "Operation._result_to_response")
    ]
    best, other = finding.remedies
    assert "return [item async for item in queryset]" in best.text
    assert best.since == "4.1"
    assert "sync_to_async(list)(queryset)" in other.text


@pytest.mark.parametrize("frame", RESOLVERS)
def test_an_object_that_a_resolver_returned(frame: str) -> None:
    lazy = "ForwardManyToOneDescriptor.__get__ (django/db/models/fields/related_descriptors.py:250)\n"
    finding = found(frame, "StrawberryField.get_result (strawberry/types/field.py:250)\n", lazy, ITERATE)
    assert finding.culprit.package == "strawberry"
    assert "a resolver returned a queryset" in finding.remedies[0].text


def test_own_code_around_the_operation_is_told_to_return_it_evaluated() -> None:
    finding = found("audited.<locals>.wrapper (shop/decorators.py:7)\n", OPERATION, SCHEMA, ITERATE)
    assert finding.culprit.frame.function == "audited.<locals>.wrapper"
    assert "return [item async for item in queryset]" in finding.remedies[0].text


def test_own_code_beyond_it_has_remedies_of_its_own() -> None:
    finding = found(OPERATION, "BookOut.resolve_sold (shop/schemas.py:9)\n", COUNT)
    assert finding.culprit.frame.function == "BookOut.resolve_sold"
    assert "acount" in finding.remedies[0].text


def test_what_this_django_cannot_do_is_not_proposed() -> None:
    (remedy,) = found(OPERATION, SCHEMA, ITERATE, django="3.2.25").remedies
    assert "async for" not in remedy.text


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        (("TenantMiddleware.__call__ (tenants/middleware.py:14)\n",), "async view"),
        (
            (
                "convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:42)\n"
                "TenantMiddleware.__call__ (tenants/middleware.py:14)\n",
            ),
            "middleware",
        ),
        (("AsyncConsumer.dispatch (channels/consumer.py:80)\nTenantMiddleware.go (tenants/live.py:4)\n",), "consumer"),
    ],
)
def test_a_package_too_came_in_by_a_door(parts: tuple[str, ...], kind: str) -> None:
    finding = found(*parts, COUNT)
    assert (finding.culprit.package, finding.entries[0].kind) == ("tenants", kind)


MIXINS = "LoginRequiredMixin PermissionRequiredMixin UserPassesTestMixin".split()
USER = """
new_method_proxy.<locals>.inner (django/utils/functional.py:251)
SimpleLazyObject._setup (django/utils/functional.py:404)
AuthenticationMiddleware.process_request.<locals>.<lambda> (django/contrib/auth/middleware.py:29)
get_user (django/contrib/auth/middleware.py:15)
get_user (django/contrib/auth/__init__.py:218)
SessionStore.load (django/contrib/sessions/backends/db.py:55)
"""


@pytest.mark.parametrize("mixin", MIXINS)
@pytest.mark.parametrize(("django", "remedy"), [("5.2.19", "auser()"), ("4.2.26", "handlers sync"), (None, "auser()")])
def test_a_mixin_of_djangos_around_async_handlers(mixin: str, django: str | None, remedy: str) -> None:
    """No line of the user's own is on the stack: the class that inherits from it has none to show."""
    around = "View.as_view.<locals>.view (django/views/generic/base.py:105)\n"
    view = f"{around}{mixin}.dispatch (django/contrib/auth/mixins.py:72)\n"
    finding = found(view, USER, django=django)
    assert (finding.culprit.package, finding.culprit.frame.function) == ("django", f"{mixin}.dispatch")
    assert [entry.kind for entry in finding.entries] == ["async view"]
    assert remedy in finding.remedies[0].text
    assert not any("release of django" in one.text for one in finding.remedies)


def test_a_package_behind_such_a_mixin_is_to_blame_for_its_own_queries() -> None:
    mixin = "LoginRequiredMixin.dispatch (django/contrib/auth/mixins.py:72)\n"
    finding = found(mixin, "TenantView.dispatch (tenants/views.py:14)\n", COUNT)
    assert finding.culprit.package == "tenants"
    assert "release of tenants" in finding.remedies[0].text


def test_an_own_test_of_such_a_mixin_is_the_users_line() -> None:
    mixin = "UserPassesTestMixin.dispatch (django/contrib/auth/mixins.py:132)\nOrders.test_func (shop/views.py:9)\n"
    assert found(mixin, COUNT).culprit.frame.function == "Orders.test_func"


def test_an_endpoint_of_fastapis_that_returned_it() -> None:
    served = "run_endpoint_function (fastapi/routing.py:190)\n"
    assert found(served, "serialize_response (fastapi/routing.py:150)\n", ITERATE).culprit.package == "fastapi"
    answer = "serialize_response (fastapi/routing.py:150)\n"
    assert "return [item async for item in queryset]" in found(answer, ITERATE).remedies[0].text
    assert found(served, "checkout (shop/api.py:4)\n", COUNT).entries[0].kind == "endpoint"


@pytest.mark.parametrize(
    ("door", "kind"),
    [
        ("ASGIHandler.send_response (django/core/handlers/asgi.py:330)", "streamed response"),
        ("LifespanOn.main (uvicorn/lifespan/on.py:86)", "lifespan"),
        ("Lifespan.handle_lifespan (hypercorn/asyncio/lifespan.py:40)", "lifespan"),
    ],
)
def test_ways_in_beside_the_view(door: str, kind: str) -> None:
    stack = frames(ASYNCIO, door, "chunks (shop/exports.py:8)", COUNT)
    (finding,) = analyse(Profile({Stack(stack): 1})).findings
    assert [(entry.kind, entry.frame.function) for entry in finding.entries] == [(kind, "chunks")]
