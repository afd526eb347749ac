"""The entry of a stack is the own function that a framework frame called."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from tests.analyse.stack_samples import ASYNCIO, COUNT, HANDLER, SPELLINGS, frames, profile

OWN = "work (shop/work.py:5)\n"
MIDDLEWARE = (
    HANDLER.rsplit("BaseHandler._get", 1)[0]
    + "convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:42)\n"
)
VIEW = HANDLER + "page (shop/views.py:9)\n"

DOORS = {
    "a view": (HANDLER + OWN, "async view", "work"),
    "a middleware": (MIDDLEWARE + OWN, "middleware", "work"),
    "a middleware of Django's kind": (
        "MiddlewareMixin.__acall__ (django/utils/deprecation.py:131)\n" + OWN,
        "middleware",
        "work",
    ),
    "a helper below a view": (VIEW + OWN, "async view", "page"),
    "a consumer": ("AsyncConsumer.dispatch (channels/consumer.py:73)\n" + OWN, "consumer", "work"),
    "an operation": (HANDLER + "AsyncOperation.run (ninja/operation.py:340)\n" + OWN, "ninja operation", "work"),
    "a resolver": (
        VIEW + "ExecutionContext.execute_field (graphql/execution/execute.py:521)\n" + OWN,
        "resolver",
        "work",
    ),
    "an async resolver": (
        "ExecutionContext.execute_field.<locals>.await_result (graphql/execution/execute.py:693)\n" + OWN,
        "resolver",
        "work",
    ),
    "a resolver, graphql-core 3.3": (
        VIEW + "Executor.execute_field (graphql/execution/executor.py:982)\n" + OWN,
        "resolver",
        "work",
    ),
    "an async resolver, graphql-core 3.3": (
        "Executor.complete_awaitable_value (graphql/execution/executor.py:1467)\n" + OWN,
        "resolver",
        "work",
    ),
    "the async part of sync code": ("AsyncToSync.main_wrap (asgiref/sync.py:367)\n" + OWN, "async_to_sync", "work"),
    "a view below sync middleware": (
        "AsyncToSync.main_wrap (asgiref/sync.py:367)\n"
        "BaseHandler._get_response_async (django/core/handlers/base.py:253)\n" + OWN,
        "async view",
        "work",
    ),
    "a receiver that nobody of the user's sent": (
        "Signal.send (django/dispatch/dispatcher.py:189)\n" + OWN,
        "signal receiver",
        "work",
    ),
    "a receiver that send_robust() calls": (
        "Signal.send_robust (django/dispatch/dispatcher.py:300)\n" + OWN,
        "signal receiver",
        "work",
    ),
    "a sync view": ("BaseHandler._get_response (django/core/handlers/base.py:197)\n" + OWN, "sync view", "work"),
    "an import inside the loop": (
        "import_from_string (uvicorn/importer.py:22)\n<module> (shop/asgi.py:4)\n" + OWN,
        "import of the app",
        "<module>",
    ),
    "a receiver below a view is the view's": (
        VIEW + "Signal.send (django/dispatch/dispatcher.py:189)\n" + OWN,
        "async view",
        "page",
    ),
    "a serializer's method below a view is the view's": (
        VIEW + "SerializerMethodField.to_representation (rest_framework/fields.py:1872)\n" + OWN,
        "async view",
        "page",
    ),
    "a serializer's method that no own code is below": (
        "SerializerMethodField.to_representation (rest_framework/fields.py:1872)\n" + OWN,
        "serializer method",
        "work",
    ),
    "a callback": (OWN, "callback", "work"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("case", DOORS)
def test_the_door_is_named(case: str, spelling: str) -> None:
    way, kind, function = DOORS[case]
    stack = tuple(SPELLINGS[spelling](frame) for frame in frames(ASYNCIO, way, COUNT))
    (finding,) = analyse(profile(stack)).findings
    assert [(entry.kind, entry.frame.function) for entry in finding.entries] == [(kind, function)]
