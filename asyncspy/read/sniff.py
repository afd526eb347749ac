"""Decide from the first bytes of a file which format it may have.

Nothing is read but these bytes, and no reader is imported: a sniffer only has to tell its format from the others.
"""

from __future__ import annotations

import json
import re

from asyncspy.read.frame_names import is_digits

MAX_COUNT_DIGITS = 12
MAX_LINES = 50
MAX_LOG_LINES = 400
MAX_DUMP_LINES = 12
MAX_LOG_PREFIX = 120

DUMP_PROCESS = re.compile(r"Process ([0-9]{1,10}): ")
AUSTIN_FRAME = re.compile(r"(?:^|;)[^;:]+:[^;:]+:[0-9]{1,9}(?:;| [0-9,-]+$)")
PY_SPY_FRAME = re.compile(r" \([^;()]+\)(?:;| [0-9]+$)")
PPROF = re.compile(
    rb"\x0a[\x00-\x14]\x08[\x01-\x7f\x80-\xff]"  # a type of values, which names it by a number
    rb"|\x12(?:[\x02-\x7f]|[\x80-\xff]{1,4}[\x01-\x7f])[\x08\x0a]"  # a sample, which begins with its locations
)
"""How a profile.proto begins."""
SIZE = rb"(?:[\x80-\xff]{0,4}[\x00-\x7f])"
OTLP_PROFILES = re.compile(
    rb"\x0a%b(?:\x0a%b\x0a%b\x0a%b[A-Za-z]|(?:\x0a\x00)?\x12%b[\x0a\x12])" % (SIZE, SIZE, SIZE, SIZE, SIZE)
)
NOT_FOLDED = (b"{", b"[", b"<?", b"<!", b"<svg", b"<html")
BINARY = re.compile(rb"[\x01-\x06\x0e-\x1a\x7f]")
"""What no log holds beside the NULs of a hole."""
LOG_LEVEL = re.compile(r"\b(?:DEBUG|INFO|WARNING|ERROR|CRITICAL|NOTICE|FATAL)\b")
LOG_TEXTS = (
    "Traceback (most recent call last)",
    "SynchronousOnlyOperation",
    "You cannot call this from an async context",
)
LOG_KEYS = frozenset(
    "timestamp @timestamp time asctime ts datetime date message msg event level levelname severity log MESSAGE".split()
)
TRACE_KEYS = (b'"resourceSpans"', b'"resourceLogs"', b'"trace_id"', b'"event_id"')
"""Of OpenTelemetry's exports and of Sentry's events, whose first line may be longer than what is looked at."""
LOG_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z| ?[+-][0-9]{2}:?[0-9]{2})?"
    r"|[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"|[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}[: ][0-9]{2}:[0-9]{2}:[0-9]{2}(?: [+-][0-9]{4})?"
)
"""A time as logs write it."""


def is_speedscope(head: bytes) -> bool:
    """A JSON object with one of the keys that such a document opens with."""
    keys = (b"speedscope.app/", b'"asyncspy"', b'"profiles"', b'"shared"')
    return head.lstrip().startswith(b"{") and any(key in head for key in keys)


def is_chrometrace(head: bytes) -> bool:
    """A JSON list of events, alone or under its key."""
    start = head.lstrip()
    opens = start.startswith(b"[") or (start.startswith(b"{") and b'"traceEvents"' in head)
    return opens and b'"ph"' in head and b'"ts"' in head


def is_dump_index(head: bytes) -> bool:
    """A JSON object that begins with asyncspy's own key."""
    return head.lstrip()[:1] == b"{" and head.lstrip()[1:].lstrip().startswith(b'"asyncspy-looks"')


def is_dump_json(head: bytes) -> bool:
    """A JSON list of objects with the keys of a thread."""
    return head.lstrip().startswith(b"[") and b'"os_thread_id"' in head and b'"owns_gil"' in head


def is_profiling_jsonl(head: bytes) -> bool:
    """JSON lines that begin with the sampler's settings."""
    first = head.lstrip().partition(b"\n")[0]
    return first.startswith(b"{") and all(key in first for key in (b'"type"', b'"meta"', b'"sample_interval_usec"'))


def is_svg(head: bytes) -> bool:
    """XML whose first element is an SVG."""
    start = head.lstrip()
    return start.startswith((b"<?xml", b"<!DOCTYPE svg", b"<svg")) and b"<svg" in head


def is_pprof(head: bytes) -> bool:
    """A protocol buffer that begins with a type of values, or with a sample, and no text begins with either."""
    return PPROF.match(head) is not None


def is_otlp_profiles(head: bytes) -> bool:
    """A protocol buffer that begins with profiles of a resource: its attributes, or at once what measured them."""
    return OTLP_PROFILES.match(head) is not None and BINARY.search(head) is not None


def is_dump_text(head: bytes) -> bool:
    """A process, and its Python in a line of its own, at the beginning."""
    lines = _text(head).lstrip().splitlines()[:MAX_DUMP_LINES]
    first = next((number for number, line in enumerate(lines) if DUMP_PROCESS.match(line)), None)
    return first is not None and any(line.startswith("Python v") for line in lines[first:])


def is_austin(head: bytes) -> bool:
    """Austin's header, or a frame as it spells them among the first lines."""
    if b"\0" in head or head.lstrip()[:1] in (b"{", b"[", b"<"):
        return False
    lines = _text(head).splitlines()[:MAX_LINES]
    if lines and lines[0].startswith("# austin:"):
        return True
    return any(_is_count(line.rpartition(" ")[2]) and AUSTIN_FRAME.search(line) for line in lines)


def is_django_page(head: bytes) -> bool:
    """The page that Django shows for an error with DEBUG, which asks robots not to keep it."""
    return head.lstrip().startswith(b"<!DOCTYPE html>") and b'content="NONE,NOARCHIVE"' in head


def is_journal_export(head: bytes) -> bool:
    """Entries of a journal as `FIELD=value` lines."""
    return head.startswith((b"__CURSOR=", b"__REALTIME_TIMESTAMP="))


def is_log(head: bytes) -> bool:
    """Text with a traceback, most lines with a time or a level, or lines that are a JSON object each."""
    if (b"\0" in head and BINARY.search(head)) or head.lstrip()[:2] in (b"<?", b"<s", b"<!"):
        return False
    if is_journal_export(head) or (head.startswith(b"{") and any(key in head for key in TRACE_KEYS)):
        return True
    lines = _text(head).splitlines()[:MAX_LOG_LINES]
    if any(text in line for text in LOG_TEXTS for line in lines) or (lines and _is_json_record(lines[0])):
        return True
    starts = [line[:MAX_LOG_PREFIX] for line in lines if line.strip()]
    marked = sum(1 for start in starts if LOG_TIME.search(start) or LOG_LEVEL.search(start))
    return marked > 0 and marked * 2 >= len(starts)


def _is_json_record(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        first = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and not LOG_KEYS.isdisjoint(first)


def is_folded(head: bytes) -> bool:
    """Text with a frame as py-spy writes them, or nothing but stacks with counts."""
    if b"\0" in head or head.lstrip().lower().startswith(NOT_FOLDED):
        return False
    lines = _text(head).splitlines()[:MAX_LINES]
    return any(map(PY_SPY_FRAME.search, lines)) or all(map(_is_bare_stack, lines))


def _is_bare_stack(line: str) -> bool:
    stack, space, count = line.rpartition(" ")
    return bool(space) and _is_count(count) and int(count) > 0 and (";" in stack or not stack)


def _is_count(text: str) -> bool:
    return is_digits(text) and len(text) <= MAX_COUNT_DIGITS


def _text(head: bytes) -> str:
    return head.decode("utf-8", "backslashreplace")
