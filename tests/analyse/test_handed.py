"""What a framework evaluates after own code returned it: the remedy is to return it evaluated, whoever stands below."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.model import Finding, Origin, Profile, Stack, Worker
from tests.analyse.stacks import ASYNCIO, COUNT, HANDLER, frames

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
    (remedy,) = finding.remedies
    assert "return [item async for item in queryset]" in remedy.text
    assert remedy.since == "4.1"


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
