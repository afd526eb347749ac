"""Find the few parts of a log that can hold a violation, each with the lines before it that may belong to it.

Nearly all of a log is something else. So it is searched, block by block, for words that only a violation or an adapted
middleware has, and only what is around them is looked at line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from asyncspy.read.logs.exceptions import MESSAGE

ANCHOR = re.compile(rb"ynchronous(?:(?<=Synchronous)OnlyOperation|(?<=Asynchronous) (?:handler adapted|middleware ))")
"""The words. What they have in common comes first, since a literal beginning is searched for at 2 GB/s."""
SAYS = MESSAGE.encode()
"""What the exception says, where nothing names it."""
BEGIN = b"Traceback (most recent call last)"
WITHOUT_PREFIX = (
    b"raise SynchronousOnlyOperation",
    b"django.core.exceptions.SynchronousOnlyOperation:",
    b"Error extracting attribute: SynchronousOnlyOperation:",  # pydantic
    b"Exception Type: SynchronousOnlyOperation",  # Django's page as text
)
FRAME_OR_BEGIN = rb"[ |+]{0,80}(?:File |(?:Exception Group )?Traceback )"
EXCEPTION_NAME = re.compile(rb"(?:raise )?[\w.]*\Z")
DIGIT = re.compile(rb"[0-9]")
PREFIX_TAIL = 6
WHOLE_RECORD = (BEGIN, b'"exc_type"')
BLOCK = 256 * 1024
LOOKBACK = 64 * 1024
"""A traceback with its chain is 5 to 15 KB, and several workers may write into each other's."""
MARGIN = 128
"""How far within its line an exception may stand in the drawing of an exception group."""
CHAINED = b"he above exception"
HEADING = 512
"""Before a traceback is the line of its record, with the time."""
MAX_LINE_BYTES = 4 * 1024**2


class Window(NamedTuple):
    """Whole lines, the last of which has an anchor; `follows` says that nothing is left out before them."""

    data: bytes
    follows: bool


def find_windows(blocks: Iterator[bytes]) -> Iterator[Window]:
    """The windows of a log that comes in blocks, in order. Lines longer than any record are cut."""
    data, follows = b"", True
    while True:
        block = next(blocks, None)
        data += block or b""
        end = _end_of_lines(data) if block is not None else len(data)
        done = 0
        for first, window_end in _anchor_runs(data, end):
            start = _window_start(data, done, first, window_end)
            yield Window(data[start:window_end], follows and start == done)
            done, follows = window_end, True
        if block is None:
            return
        keep = max(done, end - LOOKBACK, 0)
        follows = follows and keep == done
        data = data[keep:]


def _end_of_lines(data: bytes) -> int:
    """The end of the last whole line; a line longer than any record is cut."""
    end = data.rfind(b"\n") + 1
    return len(data) if len(data) - end > MAX_LINE_BYTES else end


def _anchored_lines(data: bytes, end: int) -> Iterator[tuple[int, int]]:
    """The first anchor of each line that has one, and the end of that line."""
    named, says = _find_name(data, 0, end), data.find(SAYS, 0, end)
    while named >= 0 or says >= 0:
        anchor = min(place for place in (named, says) if place >= 0)
        newline = data.find(b"\n", anchor, end)
        line_end = newline + 1 if newline >= 0 else end
        yield anchor, line_end
        named = _find_name(data, line_end, end) if 0 <= named < line_end else named
        says = data.find(SAYS, line_end, end) if 0 <= says < line_end else says


def _find_name(data: bytes, start: int, end: int) -> int:
    found = ANCHOR.search(data, start, end)
    return found.start() if found else -1


def _anchor_runs(data: bytes, end: int) -> Iterator[tuple[int, int]]:
    """Anchors that are near each other as one, the first with the end of the last one's line.

    One that has a traceback without a prefix before it begins a run of its own.
    """
    run: tuple[int, int] | None = None
    for anchor, line_end in _anchored_lines(data, end):
        line = data.rfind(b"\n", 0, anchor) + 1
        if run and (anchor - run[1] > LOOKBACK or (_has_no_prefix(data, line) and _begin(data, run[1], line) >= 0)):
            yield run
            run = None
        run = (run[0] if run else anchor, line_end)
    if run:
        yield run


def _window_start(data: bytes, done: int, anchor: int, end: int) -> int:
    """Where to begin to read: far enough before the anchor, at least at the beginning of its line."""
    line = max(done, data.rfind(b"\n", done, anchor) + 1)
    line_end = data.find(b"\n", line, end)
    if data[line : line + 1] == b"{" and any(data.find(mark, line, line_end) >= 0 for mark in WHOLE_RECORD):
        return line
    begin = _begin_of_record(data, done, line) if _has_no_prefix(data, line) else -1
    start = begin - HEADING if begin >= 0 else anchor - LOOKBACK
    if begin < 0 and not _may_belong_to_earlier(data, max(start, done), line, anchor):
        return line
    if start <= done:
        return done
    newline = data.find(b"\n", start, line)
    return newline + 1 if newline >= 0 else line


def _has_no_prefix(data: bytes, line: int) -> bool:
    return data[line : line + MARGIN].lstrip(b" |").startswith(WITHOUT_PREFIX)


def _begin(data: bytes, done: int, line: int) -> int:
    """Where the last traceback before a line begins, -1 if not near: lines without a prefix are not mixed."""
    return data.rfind(BEGIN, max(done, line - LOOKBACK), line)


def _begin_of_record(data: bytes, done: int, line: int) -> int:
    """The same, or that of the first traceback from which it follows: the time of all is before that one."""
    begin = _begin(data, done, line)
    while begin >= 0 and CHAINED in data[max(begin - HEADING, done) : begin]:
        earlier = _begin(data, done, begin)
        if earlier < 0:
            break
        begin = earlier
    return begin


def _may_belong_to_earlier(data: bytes, start: int, line: int, anchor: int) -> bool:
    """Whether the prefix of the exception's line, less what may be a time, is before frames as well."""
    name = EXCEPTION_NAME.search(data, max(line, anchor - MARGIN), anchor)
    tail = data[line : name.start() if name else anchor].rstrip(b" |")[-PREFIX_TAIL:]
    if len(tail) < PREFIX_TAIL or DIGIT.search(tail):
        return True
    return re.compile(re.escape(tail) + FRAME_OR_BEGIN).search(data, start, line) is not None
