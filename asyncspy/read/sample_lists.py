"""Takes the bytes of a speedscope document; gives it decoded, its long lists of samples by the different ones in them.

A thread that was sampled a million times was on a few thousand different stacks: each is looked at once. All but long
lists of places in the file's list of frames is left to the JSON decoder.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from asyncspy.errors import InputError
from asyncspy.model import Frame
from asyncspy.read.json_text import decode
from asyncspy.read.shared_part import Path, SharedPart

KEY = b'"samples"'
OPENS = re.compile(rb'"samples"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}\[\[')
CLOSES = b"]]"
SEPARATORS = ((b"],[", b","), (b"], [", b", "))
"""What stands between samples, and between their places: json.dumps writes blanks if it is not told otherwise."""
PLACE = re.compile(rb"0|[1-9][0-9]{0,8}")
NOWHERE = Frame("", "", -1)
"""Stands for a place without a frame; no reader makes such a line."""
LONG = 64 * 1024
BLOCK = 4 * 1024**2
MOST_FLOATS = 1_000


class NotPlacesError(Exception):
    """A list that looked like one of samples holds something else: the document must be decoded as it stands."""


@dataclass(slots=True)
class Samples:
    """A list of samples: the texts of the different ones, for each in the list which of them it is."""

    texts: list[bytes]
    order: array[int]
    separator: bytes
    paths: list[Path | None] = field(default_factory=list)
    """The frames of each text; None where a place is none in the file's list, or that of a damaged frame."""

    def resolve(self, frames: list[Frame], damaged: Set[int]) -> None:
        """Look the frames up, and give up the texts. Raises NotPlacesError."""
        table = _Table(frames, damaged)
        shared = SharedPart(self.separator, table.__getitem__)
        self.paths = [self._path(text, shared, table) if text else () for text in self.texts]
        self.texts.clear()

    def _path(self, text: bytes, shared: SharedPart, table: _Table) -> Path | None:
        path = shared.path(text)
        return None if table.lost and NOWHERE in path else path


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


def decoded(data: bytes) -> Any:
    """The document; where it has a long list of samples, there are `Samples` in its place."""
    parts, lists, after = list[bytes](), list[Samples](), 0
    name = _unused(data)
    for start in _openings(data):
        end = data.find(CLOSES, start)
        if start < after or end - start < LONG or (samples := _samples(data, start, end)) is None:
            continue
        parts += [data[after : start - len(b"[[")], b'"%s%d"' % (name, len(lists))]
        lists.append(samples)
        after = end + len(CLOSES)
    if not lists:
        return decode(data)
    rest = b"".join([*parts, data[after:]])
    try:
        document = decode(rest, _Floats().__getitem__)
    except InputError:
        return decode(data)  # what is wrong is where the file says that it is
    _put_back(document, {f"{name.decode()}{number}": samples for number, samples in enumerate(lists)})
    return document


def _openings(data: bytes) -> Iterator[int]:
    """Where the first place of each list stands; a pattern alone would take as long to find them as all the rest."""
    at = data.find(KEY)
    while at >= 0:
        if (opening := OPENS.match(data, at)) and data[at - 1 : at] != b"\\":
            yield opening.end()
        at = data.find(KEY, at + 1)


def _put_back(document: Any, lists: dict[str, Samples]) -> None:
    profiles = document.get("profiles") if isinstance(document, dict) else None
    for profile in profiles if isinstance(profiles, list) else []:
        if isinstance(profile, dict) and isinstance(name := profile.get("samples"), str) and name in lists:
            profile["samples"] = lists[name]


def _unused(data: bytes) -> bytes:
    """A word that is nowhere in the document."""
    return next(word for number in count() if (word := b"samples-%d-" % number) not in data)


def _samples(data: bytes, start: int, end: int) -> Samples | None:
    """The samples between two places, not yet looked at; None where they do not stand as two exporters write them."""
    separators = next((one for one in SEPARATORS if data.startswith(one[0], data.find(b"]", start, end))), None)
    if separators is None:
        return None
    between, within = separators
    known: defaultdict[bytes, int] = defaultdict(count().__next__)
    order = array("I")
    while start < end:
        cut = data.rfind(between, start, start + BLOCK) if end - start > BLOCK else end
        if cut < 0:
            return None
        order.extend(map(known.__getitem__, data[start:cut].split(between)))
        start = cut + len(between)
    return Samples(list(known), order, within)
