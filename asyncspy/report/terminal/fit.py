"""How much of a text fits into how many cells of a terminal: wide characters take two, marks none."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, takewhile

from rich.cells import cell_len


def head(text: str, room: int) -> str:
    """As much of the text's start as fits."""
    return text[: _fitting(text, room)]


def tail(text: str, room: int) -> str:
    """As much of the text's end as fits."""
    return text[len(text) - _fitting(reversed(text), room) :]


def _fitting(chars: Iterable[str], room: int) -> int:
    """Counted once through: names from outside are long, and measuring every prefix anew would take minutes."""
    return sum(1 for _ in takewhile(lambda cells: cells <= room, accumulate(map(cell_len, chars))))
