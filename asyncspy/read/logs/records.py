"""Unwrap the lines of a log from what is around them: JSON, escapes, terminal colours.

A JSON record with a traceback becomes the lines of that traceback. Structured frames (structlog) become such lines,
too; their locals can hold secrets and are never looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

from asyncspy.read.logs.exceptions import (
    BEGIN,
    MAX_NODES,
    StructuredException,
    graphql_field,
    split_telemetry,
    structured_exception,
    trace_of,
)
from asyncspy.read.logs.framings import message_text

COLOUR = re.compile(r"(?:\x1b|#033|\\x1b|\\u001b)\[[0-9;]{0,20}m")
ESCAPED_LINE = re.compile(r"\\n[ |]*File ")
MAX_JSON_PREFIX = 200
MAX_MICROS_DIGITS = 16
MAX_SECONDS = 4e9
MAX_TEXT = 32 * 1024
MAX_RECORD = 4 * 1024**2
TIME_KEYS = ("timestamp", "@timestamp", "time", "asctime", "ts", "datetime", "date")
BREAK = "\x00end of record"
GRAPHQL = "\x00field"
"""The source of a line that is the field of a GraphQL answer in which the guard raised."""


class Line(NamedTuple):
    """One line, with the source, the time and the trace that its wrapping names."""

    text: str
    source: str = ""
    time: str | None = None
    trace: str = ""


def unwrap(raw: str) -> Iterable[Line]:
    """The lines in a line of the file. After a record that is complete in itself comes a line with the text BREAK."""
    line = raw.rstrip("\r")
    if "[" in line and ("\x1b" in line or "033[" in line or "x1b" in line or "001b" in line):
        line = COLOUR.sub("", line)
    brace = line.find("{", 0, MAX_JSON_PREFIX)
    if brace >= 0 and (document := _json(line[brace:])) is not None:
        return _from_json(document, line[:brace].strip())
    if "#012" in line and BEGIN in line:  # how rsyslog writes a newline
        return _split(line.split("#012"))
    if "\\n" in line and BEGIN in line and ESCAPED_LINE.search(line):
        return _split(line.replace('\\"', '"').split("\\n"))
    return (Line(line[:MAX_TEXT]),)


def _split(parts: list[str]) -> Iterator[Line]:
    """The lines of a record whose newlines were escaped; the traceback may begin on the line with the prefix."""
    before, found, after = parts[0].partition(BEGIN)
    first = [before, found + after] if found else [before]
    for part in [*first, *parts[1:]]:
        yield Line(part, "escaped")
    yield Line(BREAK, "escaped")


def _json(text: str) -> dict[str, Any] | None:
    if not text.rstrip().endswith("}") or len(text) > MAX_RECORD:
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _from_json(document: dict[str, Any], prefix: str) -> Iterator[Line]:
    if isinstance(log := document.get("log"), str) and "stream" in document:  # docker's json-file
        yield from _wrapped(log, f"{prefix}{document['stream']}"[:80], _time(document))
    elif "MESSAGE" in document:  # journalctl -o json; bytes that are not text come as numbers
        source = str(document.get("_PID"))[:20]
        yield from _wrapped(message_text(document["MESSAGE"]), f"journal {source}", _time(document))
    else:
        for record in split_telemetry(document):
            yield from _record(record)


def _wrapped(text: str, source: str, time: str | None) -> Iterator[Line]:
    for line in COLOUR.sub("", text).rstrip("\n").split("\n"):
        inner = _json(line) if line.startswith("{") else None
        if inner is None:
            yield Line(line, source, time)
        else:  # a JSON log wrapped in JSON; nothing deeper is unwrapped
            yield from _record(inner)


def _time(document: dict[str, Any]) -> str | None:
    time = next((document[key] for key in TIME_KEYS if key in document), None)
    micros = document.get("__REALTIME_TIMESTAMP")
    if isinstance(micros, str) and micros.isascii() and micros.isdigit() and len(micros) <= MAX_MICROS_DIGITS:
        return datetime.fromtimestamp(int(micros) / 1e6, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(time, int | float) and 0 < time < MAX_SECONDS:
        return datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return time[:40] if isinstance(time, str) else None


def _record(document: dict[str, Any]) -> Iterator[Line]:
    """The tracebacks of a record, each once though several fields may hold it; failing these, its other texts."""
    texts, exceptions, fields, plain = _collect(document)
    time, trace = _time(document), trace_of(document)
    kept: list[str] = []
    for text in sorted(texts, key=len, reverse=True):
        if not any(text[text.find(BEGIN) :].strip() in other for other in kept):
            kept.append(text)
    for text in kept:
        yield from (line._replace(trace=trace) for line in _wrapped(text, "record", time))
    for exception in exceptions if not kept else []:
        yield from (Line(line, "record", time) for line in exception.as_text())
    for field in fields if not kept and not exceptions else []:
        yield Line(field, GRAPHQL, time)
    for text in plain if not kept and not exceptions else []:
        yield Line(text, "record", time)
    yield Line(BREAK, "record")


def _collect(document: dict[str, Any]) -> tuple[list[str], list[StructuredException], list[str], list[str]]:
    """Texts with a traceback, structured exceptions, GraphQL fields and other texts, of the first MAX_NODES nodes."""
    texts: list[str] = []
    exceptions: list[StructuredException] = []
    fields: list[str] = []
    plain: list[str] = []
    waiting: list[Any] = [document]
    for _ in range(MAX_NODES):
        if not waiting:
            break
        node = waiting.pop()
        if isinstance(node, str):
            (texts if BEGIN in node else plain).append(node)
        elif isinstance(node, dict) and (exception := structured_exception(node)):
            exceptions.append(exception)
            waiting.append(node.get("exceptions"))
        elif isinstance(node, dict):
            fields += [field] if (field := graphql_field(node)) else []
            waiting.extend(node.values())
        elif isinstance(node, list) and node and isinstance(node[0], str) and node[0].startswith(BEGIN):
            texts.append("\n".join(line for line in node[:MAX_NODES] if isinstance(line, str)))  # GraphQL servers
        elif isinstance(node, list):
            waiting.extend(node[:MAX_NODES])
    return texts, exceptions, fields, plain
