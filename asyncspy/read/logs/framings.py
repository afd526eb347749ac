"""Recognise the piece of a line in a record of the container runtime interface, docker, fluentd or journald.

Formats, as the writers' sources have them:
- CRI (containerd, CRI-O): `TIME STREAM P TEXT` if the line goes on, with F if it ends here;
- docker's json-file: the text of a piece after which the line goes on does not end with a newline; all pieces of a line
  have one time since docker 18;
- docker's and CRI-O's records in the journal, and docker's fluentd driver: a field says that the message is partial;
- journald's own streams: a field says why the message ends; the text forms of journalctl have no fields, but such a
  message is exactly as long as the limit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

CRI = re.compile(
    rb"(.{0,300}?)([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2}) )(stdout |stderr )"
    rb"([PF])((?::[^ ]{0,80})? ?)(.*)",
    re.DOTALL,
)
SYSLOG = re.compile(
    rb"((?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:.]{8,15}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.,+-]{8,24}) )"
    rb"([^\s]{1,255} [^\s:\[\]]{1,255}(?:\[[0-9]{1,10}\])?: )(.*)",
    re.DOTALL,
)
JOURNAL_LIMITS = frozenset({16 * 1024, 48 * 1024})
"""The longest message of docker's journald driver, and of journald's own streams unless LineMax= says otherwise."""
TAIL_HEADER = b"==> "
"""Before the name of the file whose lines follow, where `tail -f` shows several."""
SHORTEST_LIMIT = min(JOURNAL_LIMITS)
CRI_MARKS = (b"err P", b"out P", TAIL_HEADER)
JSON_MARKS = (b"_LINE_BREAK", b"_PARTIAL_MESSAGE", b"partial_message")
DOCKER_MARK = re.compile(rb'","stream":"std(?<!(?<!\\)\\n","stream":"std)')
NO_MESSAGE, BLOB = (b'"MESSAGE":null', b'"MESSAGE" : null'), b" blob data]\n"
FIRST_LINES, FIRST_BYTES = 5, 4096
"""Of each block these show how its lines are framed."""
MAX_PREFIX = 200
MAX_BYTE = 255
JOURNAL_WRITER = ("_HOSTNAME", "CONTAINER_ID_FULL", "_STREAM_ID", "_PID", "PRIORITY")
JOURNAL_FIELDS = frozenset(
    {
        *JOURNAL_WRITER,
        "MESSAGE",
        "__REALTIME_TIMESTAMP",
        "_LINE_BREAK",
        "CONTAINER_PARTIAL_MESSAGE",
        "CONTAINER_PARTIAL_ID",
    }
)
"""Those that are read."""
DOCKER_WRITER = ("container_id", "stream", "source", "attrs")


class LinePiece(NamedTuple):
    """A piece of a line: whose it is, whether the line goes on, and how to write the whole line in its place.

    `stamp` is the same in all pieces of one line and in no others, where there is such a thing. `certain`: pieces with
    this key that follow each other are of one line.
    """

    key: tuple[object, ...]
    text: bytes
    goes_on: bool
    rebuild: Callable[[bytes], bytes]
    stamp: object = None
    certain: bool = False


def has_split_line(data: bytes) -> bool:
    """Whether any of these lines may go on in another record; looked for is only what its first lines' framing has."""
    first = data[:FIRST_BYTES].split(b"\n", FIRST_LINES)[:FIRST_LINES]
    return (
        (any(line.startswith(TAIL_HEADER) or CRI.match(line) for line in first) and _has_any(data, CRI_MARKS))
        or (any(b"{" in line[:MAX_PREFIX] for line in first) and _has_split_json(data))
        or (any(map(SYSLOG.match, first)) and _has_long_line(data))
    )


def count_left_out(data: bytes) -> int:
    """How many messages journalctl left out in the lines of a block."""
    if data.startswith(b"{"):
        return sum(map(data.count, NO_MESSAGE))
    return data.count(BLOB) if SYSLOG.match(data[:MAX_PREFIX]) else 0


def _has_any(data: bytes, marks: tuple[bytes, ...]) -> bool:
    return any(mark in data for mark in marks)


def _has_split_json(data: bytes) -> bool:
    return _has_any(data, JSON_MARKS) or DOCKER_MARK.search(data) is not None


def parse_piece(line: bytes) -> LinePiece | None:
    """The piece in a line of the file, its end included; None for a line that is no such record."""
    if found := CRI.match(line):
        return _of_cri(found)
    if found := SYSLOG.match(line):
        return _of_syslog(found)
    brace = line.find(b"{", 0, MAX_PREFIX)
    return _of_json(line[:brace], line[brace:]) if brace >= 0 and line.rstrip().endswith(b"}") else None


def _has_long_line(data: bytes) -> bool:
    """Hop from line end to line end: only a long line has none within the limit."""
    at, end = 0, len(data)
    while end - at > SHORTEST_LIMIT:
        newline = data.rfind(b"\n", at, at + SHORTEST_LIMIT)
        if newline < 0:
            return True
        at = newline + 1
    return False


def _of_cri(found: re.Match[bytes]) -> LinePiece:
    name, time, stream, tag, more_tags, text = found.groups()

    def rebuild(whole: bytes) -> bytes:
        return b"".join((name, time, stream, b"F", more_tags, whole, b"\n"))

    return LinePiece((name, stream), text.rstrip(b"\r\n"), tag == b"P", rebuild, certain=bool(name.strip()))


def _of_syslog(found: re.Match[bytes]) -> LinePiece:
    time, name, text = found.groups()
    text = text.rstrip(b"\r\n")
    rebuilt = time + name
    return LinePiece((name,), text, len(text) in JOURNAL_LIMITS, lambda whole: rebuilt + whole + b"\n")


def _of_json(prefix: bytes, text: bytes) -> LinePiece | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    if "MESSAGE" in document:
        goes_on = document.get("CONTAINER_PARTIAL_MESSAGE") == "true" or document.get("_LINE_BREAK") == "line-max"
        stamp = document.get("CONTAINER_PARTIAL_ID")
        return _piece_of(document, "MESSAGE", prefix, goes_on=goes_on, stamp=stamp)
    if "partial_message" in document:  # docker's fluentd driver
        goes_on = document.get("partial_last") != "true"
        return _piece_of(document, "log", prefix, goes_on=goes_on, stamp=document.get("partial_id"))
    if "stream" in document and isinstance(document.get("log"), str):
        goes_on = not document["log"].endswith("\n")
        return _piece_of(document, "log", prefix, goes_on=goes_on, stamp=document.get("time"))
    return None


def _piece_of(document: dict[str, Any], field: str, prefix: bytes, *, goes_on: bool, stamp: object) -> LinePiece | None:
    text = message_bytes(document.get(field))
    if text is None:
        return None

    def rebuild(whole: bytes) -> bytes:
        document[field] = whole.decode("utf-8", "backslashreplace")
        return prefix + json.dumps(document).encode() + b"\n"

    journal = field == "MESSAGE"
    key = (prefix, *map(document.get, JOURNAL_WRITER if journal else DOCKER_WRITER))
    return LinePiece(key, text, goes_on, rebuild, stamp, certain=journal)


def message_bytes(value: Any) -> bytes | None:
    """The bytes of a message: journalctl writes those that are not text, or hold a terminal's escapes, as numbers."""
    if isinstance(value, list) and all(type(one) is int and 0 <= one <= MAX_BYTE for one in value):
        return bytes(value)
    return value.encode("utf-8", "backslashreplace") if isinstance(value, str) else None


def message_text(value: Any) -> str:
    """The same as text."""
    return (message_bytes(value) or b"").decode("utf-8", "backslashreplace")
