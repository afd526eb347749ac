"""Takes a part of a log; gives where the rare words stand in it that every violation and every adapted middleware has.

Of the time that a log takes this is most, so a search for all of them at once by the Rust library aho-corasick is used
where its package is there (`asyncspy[fast]`). Without it, one search goes for what the words have in common.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any

ANCHORS = (b"SynchronousOnlyOperation", b"Asynchronous handler adapted", b"Asynchronous middleware ")
NEEDLE = b"ynchronous"
"""What all anchors hold."""
BEFORE = tuple((anchor.index(NEEDLE), anchor) for anchor in ANCHORS)
AFTER = tuple(anchor[before:] for before, anchor in BEFORE)


Search = Callable[[bytearray, int], Iterable[int]]


def anchored(data: bytearray, end: int) -> Iterator[tuple[int, int]]:
    """The first anchor of each line that holds one, and the end of that line, in order."""
    after = 0
    for at in search()(data, end):
        if at >= after:
            newline = data.find(b"\n", at, end)
            after = newline + 1 if newline >= 0 else end
            yield at, after


@cache
def search() -> Search:
    """What finds the beginnings of all anchors that end before a place, in order."""
    try:
        library: Any = importlib.import_module("ahocorasick_rs")
    except ImportError:
        return one_by_one
    return partial(all_at_once, library.BytesAhoCorasick(ANCHORS))


def all_at_once(automaton: Any, data: bytearray, end: int) -> Iterable[int]:
    """With the library, whose matches do not overlap: neither do the anchors."""
    with memoryview(data) as whole, whole[:end] as part:
        return [at for _, at, _ in automaton.find_matches_as_indexes(part)]


def one_by_one(data: bytearray, end: int) -> Iterable[int]:
    """By what the anchors have in common."""
    at = data.find(NEEDLE, 0, end)
    while at >= 0:
        if data.startswith(AFTER, at, end):
            yield from (
                at - before for before, anchor in BEFORE if at >= before and data.startswith(anchor, at - before)
            )
        at = data.find(NEEDLE, at + 1, end)
