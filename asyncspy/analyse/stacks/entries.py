"""Find the entry of a stack: the view, middleware, consumer, receiver … of the user that a framework called.

A framework's frame says what it is about to call; the next frame of the user's own code is that. The nearest such frame
before an own frame counts, and a view outranks the middleware around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from asyncspy.analyse.stacks.pattern import Pattern, Rules, any_of, patterns
from asyncspy.model.stacks import Frame


class Dispatcher(NamedTuple):
    """A framework frame that calls something of this kind; the innermost one on a stack that is `outer` is the entry.

    One that is not `outer` is called in the course of a request: its callee is the entry only where there is no other.
    """

    kind: str
    outer: bool = True


CALLBACK = Dispatcher("callback")


def _calls(kind: str, file: str, functions: str, *, outer: bool = True) -> Iterable[tuple[Pattern, Dispatcher]]:
    return [(pattern, Dispatcher(kind, outer)) for pattern in patterns(file, functions)]


DISPATCHERS: Rules[Dispatcher] = Rules(
    [
        *_calls("async view", "django/core/handlers/base.py", "BaseHandler._get_response_async"),
        *_calls("sync view", "django/core/handlers/base.py", "BaseHandler._get_response"),
        *_calls("middleware", "django/core/handlers/exception.py", "convert_exception_to_response.<locals>.inner"),
        *_calls("middleware", "django/utils/deprecation.py", "MiddlewareMixin.__acall__"),
        *_calls("streamed response", "django/core/handlers/asgi.py", "ASGIHandler.send_response"),
        *_calls("lifespan", "uvicorn/lifespan/on.py", "LifespanOn.main"),
        *_calls("lifespan", "hypercorn/asyncio/lifespan.py", "Lifespan.handle_lifespan"),
        *_calls("consumer", "channels/consumer.py", "AsyncConsumer.dispatch"),
        *_calls("endpoint", "fastapi/routing.py", "run_endpoint_function"),
        *_calls("ninja operation", "ninja/operation.py", "AsyncOperation.run"),
        # graphql-core 3.2, then 3.3
        *_calls("resolver", "graphql/execution/execute.py", "ExecutionContext.execute_field"),
        *_calls("resolver", "graphql/execution/execute.py", "ExecutionContext.execute_field.<locals>.await_result"),
        *_calls("resolver", "graphql/execution/executor.py", "Executor.execute_field"),
        *_calls("resolver", "graphql/execution/executor.py", "Executor.complete_awaitable_value"),
        *_calls("async_to_sync", "asgiref/sync.py", "AsyncToSync.main_wrap"),
        *_calls("import of the app", "uvicorn/importer.py", "import_from_string"),
        *_calls("signal receiver", "django/dispatch/dispatcher.py", "Signal.send Signal.send_robust", outer=False),
        *_calls(
            "serializer method", "rest_framework/fields.py", "SerializerMethodField.to_representation", outer=False
        ),
        *_calls("template tag", "django/template/base.py", "Node.render_annotated", outer=False),
    ]
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
