"""A name from outside to text that a terminal shows and never obeys."""

from __future__ import annotations

import unicodedata

LIMIT = 300
MARKS = 2
"""How many accents may stand on one letter; more of them climb into the lines above."""


PLAIN = {"…": "...", "–": "-", "’": "'", "→": "->"}
"""Typographic signs of our own sentences, for terminals that show ASCII only."""


def inert(text: str, *, limit: int = LIMIT, ascii_only: bool = False) -> str:
    r"""The text with all that is not plainly visible spelt out (`\x1b`, `\u202e`), at most `limit` characters of it.

    What goes is the middle: of a path, both ends tell more.
    """
    shown: list[str] = []
    marks = MARKS  # a mark that opens the text would sit on a letter of ours
    for char in _capped(text, limit, "..." if ascii_only else "…"):
        marks = marks + 1 if unicodedata.combining(char) or unicodedata.category(char) == "Me" else 0
        plain = char.isascii() or not ascii_only
        safe = char.isprintable() and plain and marks <= MARKS
        shown.append(char if safe else (ascii_only and PLAIN.get(char)) or _spelt(char))
    return "".join(shown)


def _capped(text: str, limit: int, dots: str) -> str:
    if len(text) <= limit:
        return text
    tail = (limit - len(dots)) * 2 // 3
    return text[: limit - len(dots) - tail] + dots + text[-tail:]


def _spelt(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
