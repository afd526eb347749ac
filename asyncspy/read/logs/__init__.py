"""Takes a log of any length, as text or JSON lines, with or without prefixes; gives a `Profile` of events, not samples.

What is looked for: tracebacks that end in SynchronousOnlyOperation, and the start-up lines in which django.request
says for which middleware it had to adapt the asynchronous handler. Memory stays flat: a log is read in blocks.
"""

from __future__ import annotations

import json
import re
from typing import BinaryIO

from asyncspy.model.stacks import InputFile, Profile
from asyncspy.read.logs.records import TIME_KEYS
from asyncspy.read.logs.repeats import Repeats
from asyncspy.read.logs.tracebacks import TIME, Tracebacks
from asyncspy.read.logs.windows import windows

SNIFFED_LINES = 400
LEVEL = re.compile(r"\b(?:DEBUG|INFO|WARNING|ERROR|CRITICAL|NOTICE|FATAL)\b")
RECORD_KEYS = frozenset((*TIME_KEYS, *"message msg event level levelname severity log MESSAGE".split()))
MARKS = ("Traceback (most recent call last)", "SynchronousOnlyOperation")
NO_TRACEBACKS = (
    "no SynchronousOnlyOperation is in it; Django's default logging writes no traceback for an error 500 "
    "with DEBUG=False, so this proves nothing"
)
MENTIONS = "{:,} lines name SynchronousOnlyOperation without a traceback: where it was raised is not told"
CUT = "{:,} tracebacks end before they name their exception: not counted"


def sniff(head: bytes) -> bool:
    """Text with a traceback, a timestamp or a level; or lines that are JSON objects each."""
    if b"\0" in head[:1024] or head.lstrip()[:2] in (b"<?", b"<s", b"<!"):
        return False
    lines = head.decode("utf-8", "backslashreplace").splitlines()[:SNIFFED_LINES]
    return any(mark in line for mark in MARKS for line in lines) or _is_json_lines(lines) or _looks_logged(lines)


def _is_json_lines(lines: list[str]) -> bool:
    if not lines or not lines[0].startswith("{"):
        return False
    try:
        first = json.loads(lines[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and not RECORD_KEYS.isdisjoint(first)


def _looks_logged(lines: list[str]) -> bool:
    """Most lines of a log that has no traceback yet begin with a time or a level."""
    marked = sum(1 for line in lines if TIME.search(line[:120]) or LEVEL.search(line[:120]))
    return marked * 2 >= len([line for line in lines if line.strip()]) > 0 and marked > 0


def read(stream: BinaryIO, path: str) -> Profile:
    """Every violation that a traceback tells of, and every middleware that was adapted for."""
    found = Tracebacks()
    repeats = Repeats(found)
    for window in windows(stream):
        if not window.follows:
            found.interrupted()
        repeats.take(window.data)
    found.interrupted()
    notes = [] if found.events else [NO_TRACEBACKS]
    notes += [MENTIONS.format(found.mentions)] if found.mentions else []
    notes += [CUT.format(found.cut)] if found.cut else []
    count = sum(logged.times for logged in found.events.values())
    read_in = InputFile(path, "log", count, found.mentions + found.cut, tuple(notes))
    return Profile({}, inputs=(read_in,), events=found.events)
