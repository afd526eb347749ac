"""How a report is asked for: the paper it goes on, and what this room, which reads nothing itself, is handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

Source = Callable[[str, int], list[tuple[int, str]]]
"""The lines around a file's line, numbered; nothing where the file cannot be read."""


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
    """Everything a report depends on beside the analysis.

    `root` is the target's working directory, below which file names are shown relative; `repository` the root of the
    checkout that this runs in; `show_all` unfolds what is folded. Widths under 40 columns are taken as 40.
    """

    width: int = 80
    color: bool = False
    ascii: bool = False
    source: Source | None = None
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
