"""Describe how a report is to be shown: width, colours, and what the caller has looked up for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from asyncspy.untrusted import DEFAULT_LIMIT, escape_unprintable

LinesAround = Callable[[str, int], list[tuple[int, str]]]
"""Return the numbered lines around a line of a file, or nothing where the file cannot be read."""


class Glyphs(NamedTuple):
    """The signs of a report beyond plain ASCII."""

    arrow: str = "▸"
    bar: str = "│"
    dots: str = "…"
    dot: str = "·"
    dash: str = "–"
    times: str = "×"


UNICODE = Glyphs()
ASCII = Glyphs(arrow=">", bar="|", dots="...", dot="|", dash="-", times="x")


@dataclass(frozen=True, slots=True)
class View:
    """Everything that a report depends on besides the analysis.

    `root` is the target's working directory, below which file names are shown relative; `repository` is the root of the
    checkout that asyncspy runs in; `show_all` unfolds what is folded. Widths under 40 columns are taken as 40.
    """

    width: int = 80
    color: bool = False
    ascii: bool = False
    source: LinesAround | None = None
    saved: str | None = None
    pid: int | None = None
    root: str | None = None
    repository: str | None = None
    show_all: bool = False

    @property
    def columns(self) -> int:
        """The width to lay out for."""
        return max(40, self.width)

    @property
    def glyphs(self) -> Glyphs:
        """The signs that the reader's terminal can show."""
        return ASCII if self.ascii else UNICODE

    def escape(self, text: str, *, limit: int = DEFAULT_LIMIT) -> str:
        """Make a name from a target, a file or a log safe to show, in characters that the terminal has."""
        return escape(text, limit=limit, ascii_only=self.ascii)


def escape(text: str, *, limit: int = DEFAULT_LIMIT, ascii_only: bool = False) -> str:
    """Make a name from a target, a file or a log safe to show; nearly all are plain already."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    return escape_unprintable(text, limit=limit, ascii_only=ascii_only)
