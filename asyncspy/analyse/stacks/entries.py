"""Frames to the door they came in by: the view, middleware, consumer, receiver … that the framework called.

A framework frame announces what it is about to call; the next frame of the user's own code is it. The nearest
announcement before an own frame counts, and a view outranks the middleware around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asyncspy.analyse.stacks.pattern import Pattern, Rules
from asyncspy.model.stacks import Frame


class Dispatcher(NamedTuple):
    """What a framework frame calls. Of several doors on one stack the innermost one that `holds` is the entry."""

    kind: str
    holds: bool = True


CALLBACK = Dispatcher("callback")

DISPATCHERS: Rules[Dispatcher] = Rules(
    [
        (Pattern("BaseHandler._get_response_async", "django/core/handlers/base.py"), Dispatcher("async view")),
        (Pattern("BaseHandler._get_response", "django/core/handlers/base.py"), Dispatcher("sync view")),
        (
            Pattern("convert_exception_to_response.<locals>.inner", "django/core/handlers/exception.py"),
            Dispatcher("middleware"),
        ),
        (Pattern("MiddlewareMixin.__acall__", "django/utils/deprecation.py"), Dispatcher("middleware")),
        (Pattern("ASGIHandler.send_response", "django/core/handlers/asgi.py"), Dispatcher("streamed response")),
        (Pattern("LifespanOn.main", "uvicorn/lifespan/on.py"), Dispatcher("lifespan")),
        (Pattern("Lifespan.handle_lifespan", "hypercorn/asyncio/lifespan.py"), Dispatcher("lifespan")),
        (Pattern("AsyncConsumer.dispatch", "channels/consumer.py"), Dispatcher("consumer")),
        (Pattern("run_endpoint_function", "fastapi/routing.py"), Dispatcher("endpoint")),
        (Pattern("AsyncOperation.run", "ninja/operation.py"), Dispatcher("ninja operation")),
        (
            Pattern("ExecutionContext.execute_field", "graphql/execution/execute.py"),
            Dispatcher("resolver"),
        ),  # graphql-core 3.2
        (
            Pattern("ExecutionContext.execute_field.<locals>.await_result", "graphql/execution/execute.py"),
            Dispatcher("resolver"),
        ),
        (
            Pattern("Executor.execute_field", "graphql/execution/executor.py"),
            Dispatcher("resolver"),
        ),  # graphql-core 3.3
        (Pattern("Executor.complete_awaitable_value", "graphql/execution/executor.py"), Dispatcher("resolver")),
        (Pattern("AsyncToSync.main_wrap", "asgiref/sync.py"), Dispatcher("async_to_sync")),
        (Pattern("import_from_string", "uvicorn/importer.py"), Dispatcher("import of the app")),
        (Pattern("Signal.send", "django/dispatch/dispatcher.py"), Dispatcher("signal receiver", holds=False)),
        (Pattern("Signal.send_robust", "django/dispatch/dispatcher.py"), Dispatcher("signal receiver", holds=False)),
        (
            Pattern("SerializerMethodField.to_representation", "rest_framework/fields.py"),
            Dispatcher("serializer method", holds=False),
        ),
        (Pattern("Node.render_annotated", "django/template/base.py"), Dispatcher("template tag", holds=False)),
    ]
)


def innermost_dispatcher(frames: Sequence[Frame]) -> Dispatcher:
    """The innermost holding door, where nothing of the user's own came in by any."""
    doors = (door for frame in reversed(frames) if (door := DISPATCHERS.match(frame)) and door.holds)
    return next(doors, CALLBACK)


class EntryPosition(NamedTuple):
    """The kind of an entry, and where it stands in the frames."""

    kind: str
    position: int


def find_entry(frames: Sequence[Frame], own: Sequence[bool], start: int, end: int) -> EntryPosition | None:
    """The entry among `frames[start:end]`: the last own frame that a holding door opened to, else the first own one."""
    best: EntryPosition | None = None
    door: Dispatcher | None = None
    for index in range(start, end):
        if not own[index]:
            door = DISPATCHERS.match(frames[index]) or door
            continue
        if best is None or (door is not None and door.holds):
            best = EntryPosition((door or CALLBACK).kind, index)
        door = None
    return best


CALLBACK_CALLERS: Rules[bool] = Rules(
    [
        (Pattern("Signal.send", "django/dispatch/dispatcher.py"), True),
        (Pattern("Signal.send_robust", "django/dispatch/dispatcher.py"), True),
        (Pattern("SimpleNode.render", "django/template/library.py"), True),
        (Pattern("InclusionNode.render", "django/template/library.py"), True),
        (Pattern("SerializerMethodField.to_representation", "rest_framework/fields.py"), True),
    ],
    lenient=True,
)
"""What they call next is a receiver, a tag, a method: own code, unless it is known to be somebody's."""
