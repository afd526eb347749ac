"""Choose the lines of a source file that are saved with a recording, by the lines that its report names.

A remedy is worked out from the function around a line and from what the file imports: these are saved, so that the
same report can be made where the file does not exist.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator

MAX_FUNCTION_LINES = 150
"""Of a longer function only the neighbours of the named line are saved."""

NEIGHBOURS = 2
MAX_LINE_LENGTH = 400
"""A file with a longer line among these was generated, and none of it is saved."""

Block = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def excerpt_of(lines: list[str], named: Iterable[int]) -> dict[int, str]:
    """The lines by their numbers: the named lines with their neighbours, their functions, and the imports."""
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
    return wanted if all(len(text) <= MAX_LINE_LENGTH for text in wanted.values()) else {}


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _around(tree: ast.Module, line: int) -> Iterator[int]:
    """The innermost function around a line and the headers of the blocks around it: together they can be parsed."""
    holding = [node for node in ast.walk(tree) if isinstance(node, Block) and line in _lines(node)]
    holding.sort(key=lambda node: node.lineno)
    for node in holding:
        whole = node is holding[-1] and not isinstance(node, ast.ClassDef)
        if whole and len(_lines(node)) > MAX_FUNCTION_LINES:
            continue
        yield from _lines(node) if whole else _header(node)


def _header(node: Block) -> range:
    """From the first decorator to the line before the body."""
    return range(_lines(node).start, max(node.lineno + 1, node.body[0].lineno))


def _lines(node: ast.stmt) -> range:
    decorators = node.decorator_list if isinstance(node, Block) else []
    first = min([node.lineno, *(each.lineno for each in decorators)])
    return range(first, (node.end_lineno or node.lineno) + 1)
