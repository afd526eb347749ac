"""Frames to the door they came in by: the view, middleware, consumer, receiver … that the framework called.

A framework frame announces what it is about to call; the next frame of the user's own code is it. The nearest
announcement before an own frame counts, and a view outranks the middleware around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asyncspy.analyse.stacks.pattern import Pattern, Rules
from asyncspy.model.stacks import Frame


class Door(NamedTuple):
    """What a framework frame calls. Of several doors on one stack the innermost one that `holds` is the entry."""

    kind: str
    holds: bool = True


CALLBACK = Door("callback")

DOORS: Rules[Door] = Rules(
    [
        (Pattern("BaseHandler._get_response_async", "django/core/handlers/base.py"), Door("async view")),
        (Pattern("BaseHandler._get_response", "django/core/handlers/base.py"), Door("sync view")),
        (
            Pattern("convert_exception_to_response.<locals>.inner", "django/core/handlers/exception.py"),
            Door("middleware"),
        ),
        (Pattern("MiddlewareMixin.__acall__", "django/utils/deprecation.py"), Door("middleware")),
        (Pattern("ASGIHandler.send_response", "django/core/handlers/asgi.py"), Door("streamed response")),
        (Pattern("LifespanOn.main", "uvicorn/lifespan/on.py"), Door("lifespan")),
        (Pattern("Lifespan.handle_lifespan", "hypercorn/asyncio/lifespan.py"), Door("lifespan")),
        (Pattern("AsyncConsumer.dispatch", "channels/consumer.py"), Door("consumer")),
        (Pattern("run_endpoint_function", "fastapi/routing.py"), Door("endpoint")),
        (Pattern("AsyncOperation.run", "ninja/operation.py"), Door("ninja operation")),
        (
            Pattern("ExecutionContext.execute_field", "graphql/execution/execute.py"),
            Door("resolver"),
        ),  # graphql-core 3.2
        (
            Pattern("ExecutionContext.execute_field.<locals>.await_result", "graphql/execution/execute.py"),
            Door("resolver"),
        ),
        (Pattern("Executor.execute_field", "graphql/execution/executor.py"), Door("resolver")),  # graphql-core 3.3
        (Pattern("Executor.complete_awaitable_value", "graphql/execution/executor.py"), Door("resolver")),
        (Pattern("AsyncToSync.main_wrap", "asgiref/sync.py"), Door("async_to_sync")),
        (Pattern("import_from_string", "uvicorn/importer.py"), Door("import of the app")),
        (Pattern("Signal.send", "django/dispatch/dispatcher.py"), Door("signal receiver", holds=False)),
        (Pattern("Signal.send_robust", "django/dispatch/dispatcher.py"), Door("signal receiver", holds=False)),
        (
            Pattern("SerializerMethodField.to_representation", "rest_framework/fields.py"),
            Door("serializer method", holds=False),
        ),
        (Pattern("Node.render_annotated", "django/template/base.py"), Door("template tag", holds=False)),
    ]
)


def last_door(frames: Sequence[Frame]) -> Door:
    """The innermost holding door, where nothing of the user's own came in by any."""
    doors = (door for frame in reversed(frames) if (door := DOORS.match(frame)) and door.holds)
    return next(doors, CALLBACK)


class Found(NamedTuple):
    """The kind of an entry, and where it stands in the frames."""

    kind: str
    position: int


def entry(frames: Sequence[Frame], own: Sequence[bool], start: int, end: int) -> Found | None:
    """The entry among `frames[start:end]`: the last own frame that a holding door opened to, else the first own one."""
    best: Found | None = None
    door: Door | None = None
    for index in range(start, end):
        if not own[index]:
            door = DOORS.match(frames[index]) or door
            continue
        if best is None or (door is not None and door.holds):
            best = Found((door or CALLBACK).kind, index)
        door = None
    return best
