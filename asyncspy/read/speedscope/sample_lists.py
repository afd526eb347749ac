"""Takes the bytes of a speedscope document; gives it decoded, its long lists of samples by the different ones in them.

A thread that was sampled a million times was on a few thousand different stacks: each is looked at once. All but long
lists of places in the file's list of frames is left to the JSON decoder.
"""

from __future__ import annotations

import os
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from asyncspy.errors import InputError
from asyncspy.model.stacks import Frame
from asyncspy.read.decode_json import decode
from asyncspy.read.shared_prefix import Path, SharedPart

KEY = b'"samples"'
OPENS = re.compile(rb'"samples"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}\[\[')
CLOSES = b"]]"
SEPARATORS = ((b"],[", b","), (b"], [", b", "))
"""What stands between samples, and between their places: json.dumps writes blanks if it is not told otherwise."""
PLACE = re.compile(rb"0|[1-9][0-9]{0,8}")
NOWHERE = Frame("", "", -1)
"""Stands for a place without a frame; no reader makes such a line."""
LONG = 64 * 1024
BLOCK = 256 * 1024
MOST_FLOATS = 1_000


class NotPlacesError(Exception):
    """A list that looked like one of samples holds something else: the document must be decoded as it stands."""


@dataclass(slots=True)
class Samples:
    """A list of samples: the texts of the different ones.

    Where all weigh the same, `times` tells how often each stands in the list, and `order` is None; else `order` tells
    for each in the list which of the texts it is.
    """

    texts: list[bytes]
    times: list[int]
    order: array[int] | None
    separator: bytes
    paths: list[Path | None] = field(default_factory=list)
    """The frames of each text; None where a place is none in the file's list, or that of a damaged frame."""

    def resolve(self, frames: list[Frame], damaged: Set[int]) -> None:
        """Look the frames up, and give up the texts. Raises NotPlacesError."""
        table = _Table(frames, damaged)
        path_of = SharedPart(self.separator, table.__getitem__).path
        paths = [path_of(text) if text else () for text in self.texts]
        self.paths = [None if NOWHERE in path else path for path in paths] if table.lost else [*paths]
        self.texts.clear()


class _Table(dict[bytes, Frame]):
    """The frame that the text of a place means."""

    def __init__(self, frames: list[Frame], damaged: Set[int]) -> None:
        self._frames, self._damaged = frames, damaged
        self.lost = False
        """Whether a text meant no frame; such texts are not kept, since there may be any number of them."""

    def __missing__(self, text: bytes) -> Frame:
        if not PLACE.fullmatch(text):
            raise NotPlacesError
        place = int(text)
        if place >= len(self._frames) or place in self._damaged:
            self.lost = True
            return NOWHERE
        frame = self[text] = self._frames[place]
        return frame


class _Floats(dict[str, float]):
    """The number of each text: the weights of a million samples are nearly all the same one."""

    def __missing__(self, text: str) -> float:
        if len(self) >= MOST_FLOATS:
            self.clear()
        number = self[text] = float(text)
        return number


class Span(NamedTuple):
    """Where a list stands in a document, without its brackets; what is between samples, and what within them."""

    start: int
    end: int
    between: bytes
    within: bytes


def decoded(data: bytes) -> Any:
    """The document; where it has a long list of samples, there are `Samples` in its place."""
    spans = list(_spans(data))
    if not spans:
        return decode(data)
    name = os.urandom(16).hex()  # what no file can know
    parts, after = list[bytes](), 0
    for number, span in enumerate(spans):
        parts += [data[after : span.start - len(b"[[")], b'"%s%d"' % (name.encode(), number)]
        after = span.end + len(CLOSES)
    rest = b"".join([*parts, data[after:]])
    try:
        document = decode(rest, _Floats().__getitem__)
    except InputError:
        return decode(data)  # what is wrong is where the file says that it is
    _put_back(document, {f"{name}{number}": span for number, span in enumerate(spans)}, data)
    return document


def _spans(data: bytes) -> Iterator[Span]:
    """All long lists that stand as two exporters write them."""
    closes, bracket = _Next(data, CLOSES), _Next(data, b"]")
    at = data.find(KEY)
    while at >= 0:
        after = at + 1
        opening = OPENS.match(data, at)  # to look for it in all the rest would take as long as to decode it
        if opening and data[at - 1 : at] != b"\\":
            start = opening.end()
            end, first = closes.after(start), bracket.after(start)
            separators = next((one for one in SEPARATORS if data.startswith(one[0], first)), None)
            if end - start >= LONG and separators:
                yield Span(start, end, *separators)
                after = end
        at = data.find(KEY, after)


class _Next:
    """Where a word stands next, looked for once: a file may open a million lists and close none."""

    def __init__(self, data: bytes, word: bytes) -> None:
        self._data, self._word, self._at = data, word, 0

    def after(self, start: int) -> int:
        """The first place from there on, the end where there is none; asked of ever later places."""
        if self._at <= start:
            found = self._data.find(self._word, start)
            self._at = found if found >= 0 else len(self._data)
        return self._at


def _put_back(document: Any, spans: dict[str, Span], data: bytes) -> None:
    profiles = document.get("profiles") if isinstance(document, dict) else None
    for profile in profiles if isinstance(profiles, list) else []:
        if isinstance(profile, dict) and isinstance(name := profile.get("samples"), str) and name in spans:
            profile["samples"] = _samples(data, spans[name], profile.get("weights"))


def _samples(data: bytes, span: Span, weights: Any) -> Samples:
    """The samples of a list, not yet looked at."""
    if _are_equal(weights):
        times = Counter[bytes]()
        for texts in _texts(data, span):
            times.update(texts)
        if times.total() == len(weights):
            return Samples(list(times), list(times.values()), None, span.within)
    known: defaultdict[bytes, int] = defaultdict(count().__next__)
    order = array("I")
    for texts in _texts(data, span):
        order.extend(map(known.__getitem__, texts))
    return Samples(list(known), [], order, span.within)


def _are_equal(weights: Any) -> bool:
    """Whether it is one weight again and again; True is not 1."""
    if not isinstance(weights, list) or not weights or weights.count(weights[0]) < len(weights):
        return False
    return len(set(map(type, weights))) == 1


def _texts(data: bytes, span: Span) -> Iterator[list[bytes]]:
    """The texts of the samples, as many at a time as a block holds."""
    start, end, cut = span.start, span.end, -1
    while cut < end:
        cut = data.rfind(span.between, start, start + BLOCK) if end - start > BLOCK else end
        if cut < 0:  # a long one
            cut = data.find(span.between, start, end)
            cut = end if cut < 0 else cut
        yield data[start:cut].split(span.between)
        start = cut + len(span.between)
