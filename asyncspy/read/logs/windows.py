"""Takes a stream; gives the few parts of it that can tell of a violation, in order, with what stands before them.

A log is nearly all of something else, so it is searched block by block for rare words, and only what is around them is
looked at line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from asyncspy.read.logs.anchors import anchored

BEGIN = b"Traceback (most recent call last)"
UNWRAPPED = (b"raise SynchronousOnlyOperation", b"django.core.exceptions.SynchronousOnlyOperation:")
INSIDE = rb"[ |+]{0,80}(?:File |(?:Exception Group )?Traceback )"
NAME = re.compile(rb"(?:raise )?[\w.]*\Z")
DIGIT = re.compile(rb"[0-9]")
TAIL = 6
WHOLE_RECORD = (BEGIN, b'"exc_type"')
BLOCK = 256 * 1024
LOOKBACK = 64 * 1024
"""A traceback with its chain is 5 to 15 KB; several workers write into each other's."""
MARGIN = 128
"""How far within its line an exception may stand in the drawing of an exception group."""
HEADING = 512
"""Before a traceback stands the line of its record, with the time."""
MAX_LINE = 4 * 1024**2


class Window(NamedTuple):
    """Whole lines that end with one that holds an anchor; `follows` says that nothing is left out before them."""

    data: bytes
    follows: bool


def windows(stream: BinaryIO) -> Iterator[Window]:
    """The windows of a stream. Lines longer than any record are cut.

    One buffer serves for all blocks: what is read again and again stays in the processor's cache.
    """
    data, filled, follows = bytearray(2 * LOOKBACK + BLOCK), 0, True
    while True:
        with memoryview(data) as room:
            count = stream.readinto(room[filled:])  # type: ignore[attr-defined]
        filled += count
        end = _end(data, filled, last=not count)
        if end == filled:  # the last line may have no end: what is left of longer blocks must not seem to belong to it
            del data[filled:]
        fed = 0
        for first, line_end in _runs(data, anchored(data, end)):
            start = _start(data, fed, first, line_end)
            yield Window(bytes(data[start:line_end]), follows and start == fed)
            fed, follows = line_end, True
        if not count:
            return
        keep = max(fed, end - LOOKBACK, 0)
        follows = follows and keep == fed
        filled -= keep
        data[:filled] = data[keep : keep + filled]
        if len(data) - filled < BLOCK:  # cut off above, or taken by a line longer than all that is looked back at
            data += bytes(BLOCK)


def _start(data: bytearray, fed: int, anchor: int, end: int) -> int:
    """Where the lines begin that are looked at: far enough before the anchor, and with its own line in any case."""
    line = max(fed, data.rfind(b"\n", fed, anchor) + 1)
    if data[line : line + 1] == b"{" and any(
        data.find(mark, line, data.find(b"\n", line, end)) >= 0 for mark in WHOLE_RECORD
    ):
        return line
    begin = _begin(data, fed, line) if _is_unwrapped(data, line) else -1
    start = begin - HEADING if begin >= 0 else anchor - LOOKBACK
    if begin < 0 and not _may_go_back(data, max(start, fed), line, anchor):
        return line
    if start <= fed:
        return fed
    newline = data.find(b"\n", start, line)
    return newline + 1 if newline >= 0 else line


def _is_unwrapped(data: bytearray, line: int) -> bool:
    return data[line : line + MARGIN].lstrip(b" |").startswith(UNWRAPPED)


def _begin(data: bytearray, fed: int, line: int) -> int:
    """Lines without a prefix are not mixed: what counts begins with the last traceback; -1 where that is not near."""
    return data.rfind(BEGIN, max(fed, line - LOOKBACK), line)


def _may_go_back(data: bytearray, start: int, line: int, anchor: int) -> bool:
    """Whether what stands before the exception on its line, less what may be a time, stands before frames as well."""
    name = NAME.search(data, max(line, anchor - MARGIN), anchor)
    writer = data[line : name.start() if name else anchor].rstrip(b" |")[-TAIL:]
    if len(writer) < TAIL or DIGIT.search(writer):
        return True
    return re.compile(re.escape(bytes(writer)) + INSIDE).search(data, start, line) is not None


def _end(data: bytearray, filled: int, *, last: bool) -> int:
    """Where the last whole line ends; a line beyond all reason is cut where it is."""
    if last:
        return filled
    end = data.rfind(b"\n", 0, filled) + 1
    return filled if filled - end > MAX_LINE else end


def _runs(data: bytearray, places: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Anchors that are near each other as one, but for those that a traceback of their own leads to."""
    run: tuple[int, int] | None = None
    for at, line_end in places:
        line = data.rfind(b"\n", 0, at) + 1
        if run and (at - run[1] > LOOKBACK or (_is_unwrapped(data, line) and _begin(data, run[1], line) >= 0)):
            yield run
            run = None
        run = (run[0] if run else at, line_end)
    if run:
        yield run
