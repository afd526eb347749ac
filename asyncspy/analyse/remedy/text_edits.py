"""Define edits of a text: small replacements that leave every other character as it is, and that can be combined."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import NamedTuple


class TextEdit(NamedTuple):
    """Replace the characters from `start` to `end`. Of several at one place, the lowest `rank` comes first."""

    start: int
    end: int
    text: str
    rank: int = 0


class ImportedName(NamedTuple):
    """A name that a file must import from a module; `beside` is a name that it imports from there already."""

    module: str
    name: str
    beside: str | None = None


SYNC_TO_ASYNC = ImportedName("asgiref.sync", "sync_to_async")


class Rewritten(NamedTuple):
    """A replacement: as `code` to show, and as edits of the file around `node`.

    `certain`: the file can be edited so. Otherwise the code is only right if a person knows more than the line says.
    `encloses`: it moves the node into a lambda, so that nothing in there can be awaited.
    """

    code: str
    node: ast.AST
    edits: tuple[TextEdit, ...] = ()
    imports: tuple[ImportedName, ...] = ()
    certain: bool = False
    encloses: bool = False


def in_order(edits: Iterable[TextEdit]) -> list[TextEdit]:
    """Edits in the order of the text, each once."""
    return sorted(set(edits), key=lambda edit: (edit.start, edit.end > edit.start, edit.rank, edit.text))


def apply_edits(text: str, edits: Iterable[TextEdit], start: int = 0, end: int | None = None) -> str:
    """The text from `start` to `end` with these edits; edits must not overlap."""
    end = len(text) if end is None else end
    parts, done = [], start
    for edit in in_order(edits):
        parts += [text[done : edit.start], edit.text]
        done = edit.end
    return "".join([*parts, text[done:end]])


def opening(start: int, end: int, text: str) -> TextEdit:
    """Text before an expression that spans these characters; before a larger one that begins there it comes earlier."""
    return TextEdit(start, start, text, start - end)


def closing(start: int, end: int, text: str) -> TextEdit:
    """Text after an expression that spans these characters; after a smaller one that ends there it comes later."""
    return TextEdit(end, end, text, end - start)
