"""The text of a source file and the lines that a report names, to the lines worth saving with the recording.

A remedy is worked out from the function around a line, and from what the file imports: these are kept, so that the
same report can be made where the file is not.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator

LONGEST_FUNCTION = 150
"""Lines; of a longer one only the neighbours of the named line are kept."""

NEIGHBOURS = 2
LONGEST_LINE = 400
"""A file with a longer one among these lines was generated."""

Block = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def excerpt_of(lines: list[str], named: Iterable[int]) -> dict[int, str]:
    """The lines by their numbers; none of what is no Python."""
    tree = _parsed("\n".join(lines))
    kept: set[int] = set()
    for line in named:
        if 1 <= line <= len(lines):
            kept.update(range(max(1, line - NEIGHBOURS), min(len(lines), line + NEIGHBOURS) + 1))
            kept.update(_around(tree, line) if tree is not None else ())
    if tree is not None and kept:
        kept.update(
            number for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) for number in _lines(node)
        )
    wanted = {number: lines[number - 1] for number in sorted(kept)}
    return wanted if all(len(text) <= LONGEST_LINE for text in wanted.values()) else {}


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _around(tree: ast.Module, line: int) -> Iterator[int]:
    """The innermost function around a line, and the heads of what that stands in: together they can be parsed."""
    holding = [node for node in ast.walk(tree) if isinstance(node, Block) and line in _lines(node)]
    holding.sort(key=lambda node: node.lineno)
    for node in holding:
        whole = node is holding[-1] and not isinstance(node, ast.ClassDef)
        if whole and len(_lines(node)) > LONGEST_FUNCTION:
            continue
        yield from _lines(node) if whole else _head(node)


def _head(node: Block) -> range:
    """From the first decorator to the line before the body."""
    return range(_lines(node).start, max(node.lineno + 1, node.body[0].lineno))


def _lines(node: ast.stmt) -> range:
    decorators = node.decorator_list if isinstance(node, Block) else []
    first = min([node.lineno, *(each.lineno for each in decorators)])
    return range(first, (node.end_lineno or node.lineno) + 1)
