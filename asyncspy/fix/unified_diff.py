"""Write a unified diff of one file from the places where it was edited: byte for byte, whatever the encoding."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from asyncspy.analyse.remedy.text_edits import TextEdit, in_order

CONTEXT_LINES = 3
NO_NEWLINE = b"\n\\ No newline at end of file\n"
QUOTED = {byte: f"\\{byte:03o}".encode() for byte in (*range(32), 127)} | {34: b'\\"', 92: b"\\\\"}
"""Bytes that cannot stand in a file name of a diff, and how they are written there."""


class ChangedLines(NamedTuple):
    """The lines from `start` (counted from 0) to `end` of a file, and what replaces them."""

    start: int
    end: int
    new: Sequence[bytes]


def split_lines(data: bytes) -> list[bytes]:
    """Lines with their newlines; what ends in a carriage return alone is no line to diff and patch."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def changed_lines(
    text: str, edits: Iterable[TextEdit], old: Sequence[bytes], new: Sequence[bytes]
) -> list[ChangedLines]:
    """The lines that edits of a text change, of the lines of the file before and after."""
    newlines = [found.start() for found in re.finditer("\n", text)]
    spans: list[list[int]] = []
    for edit in in_order(edits):
        first, last = bisect_left(newlines, edit.start), bisect_left(newlines, edit.end) + 1
        added = edit.text.count("\n") - text.count("\n", edit.start, edit.end)
        if spans and first < spans[-1][1]:
            spans[-1][1:] = [max(last, spans[-1][1]), spans[-1][2] + added]
        else:
            spans.append([first, last, added])
    changes, shift = [], 0
    for first, last, added in spans:
        after = new[first + shift : last + shift + added]
        shift += added
        changes.append(_trimmed(old[first:last], after, first))
    return [change for change in changes if change.end > change.start or change.new]


def _trimmed(before: Sequence[bytes], after: Sequence[bytes], start: int) -> ChangedLines:
    """Without the lines at both ends that stay."""
    shortest = min(len(before), len(after))
    head = next((i for i in range(shortest) if before[i] != after[i]), shortest)
    tail = next((i for i in range(shortest - head) if before[-1 - i] != after[-1 - i]), shortest - head)
    return ChangedLines(start + head, start + len(before) - tail, after[head : len(after) - tail])


def unified_diff(name: str, old: Sequence[bytes], changes: Sequence[ChangedLines]) -> bytes:
    """The diff of one file, named from the root."""
    if not changes:
        return b""
    head = b"--- " + _shown(b"a/", name) + b"\n+++ " + _shown(b"b/", name) + b"\n"
    return b"".join([head, *_hunks(old, changes)])


def _shown(prefix: bytes, name: str) -> bytes:
    """A name as git writes it: quoted, if it holds what could end it."""
    raw = prefix + name.encode("utf-8", "surrogateescape")
    if any(byte in QUOTED for byte in raw):
        return b'"' + b"".join(QUOTED.get(byte, bytes([byte])) for byte in raw) + b'"'
    return raw + b"\t" if b" " in raw else raw


def _hunks(old: Sequence[bytes], changes: Sequence[ChangedLines]) -> Iterator[bytes]:
    shift, group = 0, [changes[0]]
    for change in (*changes[1:], None):
        if change is not None and change.start == group[-1].end:
            group[-1] = ChangedLines(group[-1].start, change.end, [*group[-1].new, *change.new])
            continue
        if change is not None and change.start - group[-1].end <= 2 * CONTEXT_LINES:
            group.append(change)
            continue
        yield from _hunk(old, group, shift)
        shift += sum(len(each.new) - (each.end - each.start) for each in group)
        group = [change] if change is not None else []


def _hunk(old: Sequence[bytes], group: Sequence[ChangedLines], shift: int) -> Iterator[bytes]:
    first, last = max(0, group[0].start - CONTEXT_LINES), min(len(old), group[-1].end + CONTEXT_LINES)
    added = sum(len(each.new) - (each.end - each.start) for each in group)
    yield f"@@ -{_range(first, last - first)} +{_range(first + shift, last - first + added)} @@\n".encode()
    done = first
    for each in group:
        yield from (_line(b" ", line) for line in old[done : each.start])
        yield from (_line(b"-", line) for line in old[each.start : each.end])
        yield from (_line(b"+", line) for line in each.new)
        done = each.end
    yield from (_line(b" ", line) for line in old[done:last])


def _range(start: int, length: int) -> str:
    begin = start + 1 if length else start
    return f"{begin}" if length == 1 else f"{begin},{length}"


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + NO_NEWLINE
