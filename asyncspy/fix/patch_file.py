"""Combine the edits of several findings into one new text of a file, which is certain to be valid Python."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from asyncspy.analyse.remedy.source_file import parse_file
from asyncspy.analyse.remedy.text_edits import Rewritten, TextEdit, apply_edits, in_order
from asyncspy.fix.imports import import_edits

OVERLAPS = "another change of the same line comes first: apply it, and record again"
INVALID = "the changed file would not be valid Python"


class WantedEdit(NamedTuple):
    """A rewriting of a file for the finding of this number."""

    number: int
    rewritten: Rewritten


class PatchedText(NamedTuple):
    """The edits of a file and its text with them; findings whose edits could not be made, and why.

    `covered` are findings whose call is in an expression that moves into a thread for another: its number.
    """

    edits: Sequence[TextEdit]
    text: str
    refused: dict[int, str]
    covered: dict[int, int]


def patch_text(text: str, wanted: Sequence[WantedEdit], own: Container[str]) -> PatchedText:
    """Make all edits together; where that gives no valid Python, those of one finding after the other."""
    kept, refused, covered = _without_conflicts(wanted)
    patched = _with_imports(text, kept, own)
    if _is_valid(patched[1]):
        return PatchedText(*patched, refused, covered)
    good: list[WantedEdit] = []
    for number in dict.fromkeys(each.number for each in kept):
        tried = [*good, *(each for each in kept if each.number == number)]
        if _is_valid(_with_imports(text, tried, own)[1]):
            good = tried
        else:
            refused[number] = INVALID
    return PatchedText(*_with_imports(text, good, own), refused, covered)


def _without_conflicts(wanted: Sequence[WantedEdit]) -> tuple[list[WantedEdit], dict[int, str], dict[int, int]]:
    kept: list[WantedEdit] = []
    refused: dict[int, str] = {}
    covered: dict[int, int] = {}
    for each in wanted:
        around = next((o for o in wanted if o.rewritten.encloses and _is_inside(each, o)), None)
        if around is not None:
            covered[each.number] = around.number
        elif any(_overlap(each, other) for other in kept):
            refused[each.number] = OVERLAPS
        else:
            kept.append(each)
    refused |= {number: OVERLAPS for number, by in covered.items() if by in refused}
    return kept, refused, covered


def _span(each: WantedEdit) -> tuple[int, int]:
    return min(edit.start for edit in each.rewritten.edits), max(edit.end for edit in each.rewritten.edits)


def _is_inside(one: WantedEdit, other: WantedEdit) -> bool:
    """Whether it lies in the expression that the other moves into a thread, and is another edit."""
    if one.rewritten.edits == other.rewritten.edits:
        return False
    (start, end), (first, last) = _span(one), _span(other)
    same = (start, end) == (first, last) and one.rewritten.encloses
    return first <= start and end <= last and not same


def _overlap(one: WantedEdit, other: WantedEdit) -> bool:
    """Whether both change the same expression or the same text, and not in the same way."""
    if one.rewritten.edits == other.rewritten.edits:
        return False
    if _place(one.rewritten.node) == _place(other.rewritten.node):
        return True
    pairs = ((a, b) for a in one.rewritten.edits for b in other.rewritten.edits)
    return any(a != b and a.start < b.end and b.start < a.end for a, b in pairs)


def _place(node: ast.AST) -> tuple[int | None, ...]:
    """Where an expression stands; of a loop, what it loops over."""
    node = node.iter if isinstance(node, ast.For) else node
    return tuple(getattr(node, name, None) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"))


def _with_imports(text: str, edits: Iterable[WantedEdit], own: Container[str]) -> tuple[list[TextEdit], str]:
    made = [each.rewritten for each in edits]
    file = parse_file(text)
    imports = [name for each in made for name in each.imports]
    added = import_edits(file, imports, own) if file is not None else []
    every = in_order([*added, *(edit for each in made for edit in each.edits)])
    return every, apply_edits(text, every)


def _is_valid(text: str) -> bool:
    """Whether it compiles: `await` outside of an async function is only refused there."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "patched", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
