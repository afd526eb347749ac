"""Takes the bytes of an SVG; gives the boxes that stand there exactly as inferno writes them, and all the rest as XML.

Nearly all of a large drawing is the same element again and again, which a pattern reads at several times the speed of
an XML parser. What the pattern does not know to the last byte stays in the rest; a mark stands there for each run of
boxes taken out, so that the parser can say whether it is a place where elements count.
"""

from __future__ import annotations

import operator
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple, cast

TEXT = rb"[ -%'-;=-\\^-~]*(?:&(?:lt|gt|amp|quot|apos);[ -%'-;=-\\^-~]*)*"
"""Printable ASCII without `<`, `]` (for `]]>`) and `&` but for XML's own entities."""
NUMBER = rb"[0-9]{1,9}(?:\.[0-9]{1,4})?"


def _box(name: bytes) -> re.Pattern[bytes]:
    """A box as inferno writes it, its name spelt in this way."""
    return re.compile(
        rb"<g><title>("
        + name
        + rb') \([0-9][0-9,]{0,17} [a-zA-Z]{1,20}, [0-9.]{1,8}%\)</title><rect x="'
        + NUMBER
        + rb'%" y="'
        rb"(" + NUMBER + rb')" width="' + NUMBER + rb'%" height="' + NUMBER + rb'" fill="rgb\([0-9, ]{1,20}\)" fg:x="'
        rb'([0-9]{1,15})" fg:w="([1-9][0-9]{0,14})"/><text x="'
        + NUMBER
        + rb'%" y="'
        + NUMBER
        + rb'">'
        + TEXT
        + rb"</text></g>\n?"
    )


BOX = _box(TEXT)
ANY_NAME = _box(rb"[^<]*")
"""Found in half the time; whether a name is made of TEXT is then asked of each different one."""
NAME = re.compile(TEXT)
GROUPS = 4
END = b"</g>"
BLOCK = 1024**2
ENCODED = re.compile(rb"""\s*<\?xml[^>]{0,200}encoding\s*=\s*["'](?!(?i:utf-8|us-ascii)["'])""")
ENTITIES = ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&apos;", b"'"), (b"&amp;", b"&"))

Box = tuple[int, int, str, int]
"""From where a box goes how far, its name, and its samples."""


class Scanned(NamedTuple):
    """The boxes by their height, the rest of the document, and the name and number of the marks in it."""

    rows: dict[float, list[Box]]
    rest: bytes
    mark: str
    marks: int


def scan(data: bytes) -> Scanned:
    """All of it: boxes and rest."""
    rows: defaultdict[float, list[Box]] = defaultdict(list)
    mark = next(name for number in count() if (name := b"mark-%d" % number) not in data)
    if ENCODED.match(data):
        return Scanned(rows, data, mark.decode(), 0)
    rest, names, marks = list[bytes](), _Names(), 0
    row_of = _Rows(rows)
    for block in _blocks(data):
        pieces = ANY_NAME.split(block)
        named = list(map(names.__getitem__, pieces[1 :: GROUPS + 1]))
        if None in named:
            pieces = BOX.split(block)
            named = list(map(names.__getitem__, pieces[1 :: GROUPS + 1]))
        starts, widths = list(map(int, pieces[3 :: GROUPS + 1])), list(map(int, pieces[4 :: GROUPS + 1]))
        ends = map(operator.add, starts, widths)
        boxes = zip(starts, ends, cast("list[str]", named), widths, strict=True)
        for height, box in zip(pieces[2 :: GROUPS + 1], boxes, strict=True):
            row_of[height].append(box)
        gaps = pieces[:: GROUPS + 1]
        runs = [gaps[0], *filter(None, gaps[1:-1]), gaps[-1]] if len(gaps) > 1 else gaps
        marks += len(runs) - 1
        rest.append((b"<%s/>" % mark).join(runs))
    return Scanned(rows, b"".join(rest), mark.decode(), marks)


def _blocks(data: bytes) -> Iterator[bytes]:
    """The document in parts that end where an element does, so that no box is cut."""
    start = 0
    while start < len(data):
        end = data.find(END, start + BLOCK)
        end = end + len(END) if end >= 0 else len(data)
        yield data[start:end]
        start = end


class _Names(dict[bytes, "str | None"]):
    """The name that a text in XML stands for, made once; None for what only an XML parser should read."""

    def __missing__(self, text: bytes) -> str | None:
        if not NAME.fullmatch(text):
            return None
        plain = text
        for entity, character in ENTITIES:
            plain = plain.replace(entity, character)
        name = self[text] = plain.decode("ascii")
        return name


class _Rows(dict[bytes, list[Box]]):
    """The row at a height as it is written; `52` and `52.00` are one."""

    def __init__(self, rows: defaultdict[float, list[Box]]) -> None:
        self._rows = rows

    def __missing__(self, text: bytes) -> list[Box]:
        row = self[text] = self._rows[float(text)]
        return row
