"""Takes a stream; gives the few parts of it that can tell of a violation, in order, with what stands before them.

A log is nearly all of something else, so it is searched block by block for rare words, and only what is around them is
looked at line by line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

ANCHORS = (b"SynchronousOnlyOperation", b"Asynchronous handler adapted", b"Asynchronous middleware ")
BLOCK = 1024**2
LOOKBACK = 64 * 1024
"""A traceback with its chain is 5 to 15 KB; several workers write into each other's."""
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
            start = _start(data, fed, first)
            yield Window(data[start:line_end], follows and start == fed)
            fed, follows = line_end, True
        if not block:
            return
        keep = max(fed, end - LOOKBACK, 0)
        follows = follows and keep == fed
        held = data[keep:]


def _start(data: bytes, fed: int, anchor: int) -> int:
    """Where the lines begin that are looked at: far enough before the anchor, and with its own line in any case."""
    if anchor - fed <= LOOKBACK:
        return fed
    newline = data.find(b"\n", anchor - LOOKBACK, anchor)
    return newline + 1 if newline >= 0 else max(fed, data.rfind(b"\n", fed, anchor) + 1)


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
    following = [data.find(anchor, 0, end) for anchor in ANCHORS]
    while hits := [at for at in following if at >= 0]:
        newline = data.find(b"\n", min(hits), end)
        line_end = newline + 1 if newline >= 0 else end
        yield min(hits), line_end
        for number, anchor in enumerate(ANCHORS):
            if 0 <= following[number] < line_end:
                following[number] = data.find(anchor, line_end, end)
