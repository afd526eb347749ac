"""Make text and JSON from outside safe to print: names in a recording or a log may be hostile or damaged."""

from __future__ import annotations

import json
import math
import unicodedata
from dataclasses import fields, is_dataclass

DEFAULT_LIMIT = 300
MAX_COMBINING_MARKS = 2
"""How many accents may stand on one letter; more of them climb into the lines above."""

ASCII_REPLACEMENTS = {"…": "...", "–": "-", "’": "'", "→": "->"}
"""Typographic signs of our own sentences, for terminals that show ASCII only."""


def escape_unprintable(text: str, *, limit: int = DEFAULT_LIMIT, ascii_only: bool = False) -> str:
    r"""Spell out control, bidi and other unprintable characters (`\x1b`, `\u202e`), and shorten to `limit` characters.

    A longer text loses its middle: both ends of a path say more.
    """
    shown: list[str] = []
    marks = MAX_COMBINING_MARKS  # a mark at the start would sit on the letter that we print before it
    for char in _shortened(text, limit, "..." if ascii_only else "…"):
        marks = marks + 1 if unicodedata.combining(char) or unicodedata.category(char) == "Me" else 0
        safe = char.isprintable() and (char.isascii() or not ascii_only) and marks <= MAX_COMBINING_MARKS
        replacement = ASCII_REPLACEMENTS.get(char) if ascii_only else None
        shown.append(char if safe else replacement or char.encode("unicode_escape").decode("ascii"))
    return "".join(shown)


def _shortened(text: str, limit: int, dots: str) -> str:
    if len(text) <= limit:
        return text
    tail = (limit - len(dots)) * 2 // 3
    return text[: limit - len(dots) - tail] + dots + text[-tail:]


def to_json(document: object, *, compact: bool = False) -> str:
    """Encode plain values, dataclasses and named tuples as JSON that every parser accepts and every terminal can show.

    ASCII only, so that control characters and bidi marks stay escapes; it ends with a newline.
    """
    indent, separators = (None, (",", ":")) if compact else (2, None)
    return json.dumps(_plain(document), allow_nan=False, indent=indent, separators=separators) + "\n"


def _plain(value: object) -> object:
    r"""Turn fields into keys, spell out lone surrogates (`\udc80`), and turn infinity and NaN into null."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    elif isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
