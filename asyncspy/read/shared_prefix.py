"""Takes the text of stacks as a file spells them; gives their frames, those that many stacks share looked up at once.

In a recording the outer part of nearly every stack, the server's and the framework's, is one of a few: what differs is
the inner end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from asyncspy.model.stacks import Frame

INNER = 9
MOST_OUTER = 20_000
LONGEST_KEPT = 16 * 1024
"""What is longer is no part that many stacks share: to keep it would be to hold the file."""

Path = tuple[Frame, ...]
T = TypeVar("T")


def kept(known: dict[bytes, T], part: bytes, meaning: T) -> T:
    """What the outer part of a stack means, known from now on."""
    if len(part) <= LONGEST_KEPT:
        if len(known) >= MOST_OUTER:  # a file made to have no part in common
            known.clear()
        known[part] = meaning
    return meaning


class SharedPart(dict[bytes, Path]):
    """The frames of the texts' outer parts."""

    def __init__(self, separator: bytes, frame_at: Callable[[bytes], Frame]) -> None:
        self._separator, self._frame_at = separator, frame_at

    def __missing__(self, text: bytes) -> Path:
        return kept(self, text, tuple(map(self._frame_at, text.split(self._separator))))

    def path(self, text: bytes) -> Path:
        """All frames of one text; KeyError or ValueError are those of `frame_at`."""
        outer, *inner = text.rsplit(self._separator, INNER)
        if len(inner) < INNER:  # too short to have a part in common
            return (self._frame_at(outer), *map(self._frame_at, inner))
        return (*self[outer], *map(self._frame_at, inner))
