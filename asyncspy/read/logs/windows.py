"""Takes a stream; gives the few parts of it that can tell of a violation, in order, with what stands before them.

A log is nearly all of something else, so it is searched block by block for rare words, and only what is around them is
looked at line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

ANCHOR = re.compile(rb".?.?SynchronousOnlyOperation|Asynchronous (?:handler adapted|middleware )", re.DOTALL)
NEEDLE = b"ynchronous"
"""What all anchors hold, at their second or third byte: one search is faster than three, and than a pattern."""
BEGIN = b"Traceback (most recent call last)"
UNWRAPPED = (b"raise SynchronousOnlyOperation", b"django.core.exceptions.SynchronousOnlyOperation:")
WHOLE_RECORD = (BEGIN, b'"exc_type"')
BLOCK = 1024**2
LOOKBACK = 64 * 1024
"""A traceback with its chain is 5 to 15 KB; several workers write into each other's."""
HEADING = 512
"""Before a traceback stands the line of its record, with the time."""
MAX_LINE = 4 * 1024**2


class Window(NamedTuple):
    """Whole lines that end with one that holds an anchor; `follows` says that nothing is left out before them."""

    data: bytes
    follows: bool


def windows(stream: BinaryIO) -> Iterator[Window]:
    """The windows of a stream. Lines longer than any record are cut."""
    held, follows = b"", True
    while True:
        block = stream.read(BLOCK)
        data = held + block
        end = _end(data, last=not block)
        fed = 0
        for first, line_end in _runs(_anchored(data, end)):
            start = _start(data, fed, first, line_end)
            yield Window(data[start:line_end], follows and start == fed)
            fed, follows = line_end, True
        if not block:
            return
        keep = max(fed, end - LOOKBACK, 0)
        follows = follows and keep == fed
        held = data[keep:]


def _start(data: bytes, fed: int, anchor: int, end: int) -> int:
    """Where the lines begin that are looked at: far enough before the anchor, and with its own line in any case."""
    line = max(fed, data.rfind(b"\n", fed, anchor) + 1)
    if data[line : line + 1] == b"{" and any(
        data.find(mark, line, data.find(b"\n", line, end)) >= 0 for mark in WHOLE_RECORD
    ):
        return line
    start = _first_of_chain(data, fed, line) if data[line : anchor + 64].lstrip(b" |").startswith(UNWRAPPED) else -1
    if start < 0:
        start = anchor - LOOKBACK
    if start <= fed:
        return fed
    newline = data.find(b"\n", start, line)
    return newline + 1 if newline >= 0 else line


def _first_of_chain(data: bytes, fed: int, line: int) -> int:
    """Lines without a prefix are not mixed: what counts begins with the last traceback; -1 where that is not near."""
    begin = data.rfind(BEGIN, max(fed, line - LOOKBACK), line)
    return max(0, begin - HEADING) if begin >= 0 else -1


def _end(data: bytes, *, last: bool) -> int:
    """Where the last whole line ends; a line beyond all reason is cut where it is."""
    if last:
        return len(data)
    end = data.rfind(b"\n") + 1
    return len(data) if not end and len(data) > MAX_LINE else end


def _runs(anchored: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Anchors that are near each other as one."""
    run: tuple[int, int] | None = None
    for at, line_end in anchored:
        if run and at - run[1] <= LOOKBACK:
            run = (run[0], line_end)
            continue
        if run:
            yield run
        run = (at, line_end)
    if run:
        yield run


def _anchored(data: bytes, end: int) -> Iterator[tuple[int, int]]:
    """The first anchor of each line that holds one, and the end of that line, in order."""
    at = data.find(NEEDLE, 0, end)
    while at >= 0:
        if ANCHOR.match(data, max(0, at - 2)):
            newline = data.find(b"\n", at, end)
            line_end = newline + 1 if newline >= 0 else end
            yield at, line_end
            at = data.find(NEEDLE, line_end, end)
        else:
            at = data.find(NEEDLE, at + 1, end)
