"""Exceptions as structlog and Sentry write them in JSON, and the records in an export of OpenTelemetry.

Their frames come with local variables, which can hold secrets and are never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

BEGIN = "Traceback (most recent call last)"
MESSAGE = "You cannot call this from an async context"
"""What SynchronousOnlyOperation says; GraphQL servers answer with that alone, unless they debug."""
MAX_NODES = 2_000
MAX_VALUE = 200
MAX_TRACE = 64
MAX_PATH = 20
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}")
LISTS = ("resourceSpans", "resourceLogs", "scopeSpans", "scopeLogs", "spans", "logRecords")
"""What an export consists of, from the outside in."""


class StructuredException(NamedTuple):
    """The name of an exception, what it says, and its frames from the root to the raise: file, line, function."""

    name: str
    value: str
    frames: list[tuple[Any, Any, Any]]

    def as_text(self) -> Iterator[str]:
        """The lines of the traceback that it stands for."""
        yield f"{BEGIN}:"
        for file, line, function in self.frames:
            yield f'  File "{file}", line {line}, in {function}'
        yield f"{self.name}: {self.value[:MAX_VALUE]}".replace("\n", " ")


def structured_exception(node: dict[str, Any]) -> StructuredException | None:
    """The exception that a JSON object stands for, by structlog or by Sentry."""
    trace = node.get("stacktrace")
    if isinstance(node.get("exc_type"), str) and isinstance(node.get("frames"), list):
        name, value, frames, keys = (
            node["exc_type"],
            node.get("exc_value"),
            node["frames"],
            ("filename", "lineno", "name"),
        )
    elif isinstance(node.get("type"), str) and isinstance(trace, dict) and isinstance(trace.get("frames"), list):
        name, value, frames, keys = node["type"], node.get("value"), trace["frames"], ("abs_path", "lineno", "function")
    else:
        return None
    places = [tuple(map(frame.get, keys)) for frame in frames[:MAX_NODES] if isinstance(frame, dict)]
    return StructuredException(name, str(value), [(file, line, function) for file, line, function in places])


def graphql_field(node: dict[str, Any]) -> str | None:
    """The field that could not be resolved, if this is such an error in a GraphQL answer, without a traceback."""
    message, path = node.get("message"), node.get("path")
    if not isinstance(message, str) or not message.startswith(MESSAGE) or not isinstance(path, list):
        return None
    return ".".join(part for part in path[:MAX_PATH] if isinstance(part, str) and FIELD.fullmatch(part)) or "?"


def split_telemetry(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The spans and log records of an export, one by one; any other document as it is."""
    if not any(isinstance(document.get(name), list) for name in LISTS[:2]):
        yield document
        return
    waiting: list[Any] = [document]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        inner = [part for name in LISTS if isinstance(node.get(name), list) for part in node[name]]
        if inner:
            waiting.extend(reversed(inner))
        elif "traceId" in node or "attributes" in node:
            yield node


def trace_of(document: dict[str, Any]) -> str:
    """The trace that a span, or a log record of OpenTelemetry, belongs to: several of it may report one exception."""
    context = document.get("context")
    trace = context.get("trace_id") if isinstance(context, dict) else document.get("traceId")
    return trace[:MAX_TRACE] if isinstance(trace, str) else ""
