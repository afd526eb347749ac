"""Find the entry of a stack: the view, middleware, consumer, receiver … of the user that a framework called.

A framework's frame says what it is about to call; the next frame of the user's own code is that. The nearest such frame
before an own frame counts, and a view outranks the middleware around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asyncspy.analyse.stacks.pattern import Rules, any_of, patterns, rules_by_meaning
from asyncspy.model.stacks import Frame


class Dispatcher(NamedTuple):
    """A framework frame that calls something of this kind; the innermost one on a stack that is `outer` is the entry.

    One that is not `outer` is called in the course of a request: its callee is the entry only where there is no other.
    """

    kind: str
    outer: bool = True


CALLBACK = Dispatcher("callback")


DISPATCHERS: Rules[Dispatcher] = rules_by_meaning(
    {
        Dispatcher("async view"): {"django/core/handlers/base.py": "BaseHandler._get_response_async"},
        Dispatcher("sync view"): {"django/core/handlers/base.py": "BaseHandler._get_response"},
        Dispatcher("middleware"): {
            "django/core/handlers/exception.py": "convert_exception_to_response.<locals>.inner",
            "django/utils/deprecation.py": "MiddlewareMixin.__acall__",
        },
        Dispatcher("streamed response"): {"django/core/handlers/asgi.py": "ASGIHandler.send_response"},
        Dispatcher("lifespan"): {
            "uvicorn/lifespan/on.py": "LifespanOn.main",
            "hypercorn/asyncio/lifespan.py": "Lifespan.handle_lifespan",
        },
        Dispatcher("consumer"): {"channels/consumer.py": "AsyncConsumer.dispatch"},
        Dispatcher("endpoint"): {"fastapi/routing.py": "run_endpoint_function"},
        Dispatcher("ninja operation"): {"ninja/operation.py": "AsyncOperation.run"},
        Dispatcher("resolver"): {
            "graphql/execution/execute.py": "ExecutionContext.execute_field "  # graphql-core 3.2
            "ExecutionContext.execute_field.<locals>.await_result",
            "graphql/execution/executor.py": "Executor.execute_field Executor.complete_awaitable_value",  # 3.3
        },
        Dispatcher("async_to_sync"): {"asgiref/sync.py": "AsyncToSync.main_wrap"},
        Dispatcher("import of the app"): {"uvicorn/importer.py": "import_from_string"},
        Dispatcher("signal receiver", outer=False): {"django/dispatch/dispatcher.py": "Signal.send Signal.send_robust"},
        Dispatcher("serializer method", outer=False): {
            "rest_framework/fields.py": "SerializerMethodField.to_representation"
        },
        Dispatcher("template tag", outer=False): {"django/template/base.py": "Node.render_annotated"},
    }
)

CALLBACK_CALLERS = any_of(
    *patterns("django/dispatch/dispatcher.py", "Signal.send Signal.send_robust"),
    *patterns("django/template/library.py", "SimpleNode.render InclusionNode.render"),
    *patterns("rest_framework/fields.py", "SerializerMethodField.to_representation"),
    lenient=True,
)
"""Frames that call a registered function next (a receiver, a tag, a method): own code, unless a package owns it. Where
no folders are recorded, only this tells own code inside of Django's from Django's own."""


class EntryPosition(NamedTuple):
    """The kind of an entry, and its index in the frames."""

    kind: str
    position: int


def find_entry(frames: Sequence[Frame], own: Sequence[bool], start: int, end: int) -> EntryPosition | None:
    """The entry among `frames[start:end]`: the last own frame that an outer dispatcher called, else the first."""
    best: EntryPosition | None = None
    dispatcher: Dispatcher | None = None
    for index in range(start, end):
        if not own[index]:
            dispatcher = DISPATCHERS.match(frames[index]) or dispatcher
            continue
        if best is None or (dispatcher is not None and dispatcher.outer):
            best = EntryPosition((dispatcher or CALLBACK).kind, index)
        dispatcher = None
    return best


def innermost_dispatcher(frames: Sequence[Frame]) -> Dispatcher:
    """The innermost outer dispatcher, for stacks on which none of them calls own code."""
    found = (dispatcher for frame in reversed(frames) if (dispatcher := DISPATCHERS.match(frame)) and dispatcher.outer)
    return next(found, CALLBACK)
