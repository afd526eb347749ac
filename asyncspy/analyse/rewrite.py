"""The source of a line and what should replace a call on it, to the new line; None wherever that is not certain.

It parses the whole file: only the syntax tree says where a call that spans lines begins, and whether the function
around it may `await` at all. A file that this Python cannot parse, or two candidates on the line, give None.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from asyncspy.analyse.calls import Rewrite

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
REQUEST_NAMES = frozenset({"request", "req", "_request"})
LONGEST = 160
"""A proposed line longer than this helps nobody on a terminal: it is left out."""


@dataclass(frozen=True)
class Place:
    """A line of a parsed file, and the function around it."""

    text: str
    tree: ast.Module
    line: int

    @property
    def function(self) -> Function | None:
        """The innermost function that holds the line."""
        holding = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and _spans(node, self.line)
        ]
        return max(holding, key=lambda node: node.lineno, default=None)

    @property
    def is_async(self) -> bool:
        """Whether `await` may stand on this line."""
        return isinstance(self.function, ast.AsyncFunctionDef)


def place(text: str | None, line: int) -> Place | None:
    """Parse a file for a line of it."""
    if text is None or line < 1:
        return None
    try:
        return Place(text, ast.parse(text), line)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def rewritten(where: Place, rewrite: Rewrite) -> str | None:
    """The replacement for the call on this line, as source."""
    found = {segment for segment in _rewrites(where, rewrite) if segment is not None}
    if len(found) != 1:
        return None
    code = _on_one_line(found.pop())
    return code if len(code) <= LONGEST else None


def _on_one_line(code: str) -> str:
    if "\n" not in code:
        return code
    try:
        return ast.unparse(ast.parse(f"({code})", mode="eval"))
    except SyntaxError:  # an `async for` without its block
        return " ".join(code.split())


def _rewrites(where: Place, rewrite: Rewrite) -> Iterator[str | None]:
    writer = WRITERS[rewrite.how]
    for node in ast.walk(where.tree):
        if isinstance(node, (ast.expr, ast.For)) and _spans(node, where.line):
            yield writer(where, rewrite, node)


def _attribute(where: Place, rewrite: Rewrite, node: ast.AST) -> str | None:
    if not isinstance(node, ast.Attribute) or node.attr != rewrite.old:
        return None
    holder = _source(where, node.value)
    return f"await {holder}.{rewrite.new}" if holder.rpartition(".")[2] in REQUEST_NAMES else None


def _rename(where: Place, rewrite: Rewrite, node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call) or not _calls(node, rewrite.old, where.line):
        return None
    holder = f"{_source(where, node.func.value)}." if isinstance(node.func, ast.Attribute) else ""
    return f"await {holder}{rewrite.new}{_arguments(where, node)}"


def _wrap(where: Place, rewrite: Rewrite, node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call) or not _calls(node, rewrite.old, where.line):
        return None
    arguments = _arguments(where, node).removeprefix("(")
    return f"await sync_to_async({_source(where, node.func)})({arguments}"


def _iterate(where: Place, _rewrite: Rewrite, node: ast.AST) -> str | None:
    if isinstance(node, ast.For) and _spans(node.iter, where.line):
        return f"async for {_source(where, node.target)} in {_source(where, node.iter)}:"
    if isinstance(node, ast.Call) and _called(node.func) == "list" and len(node.args) == 1:
        listed = node.args[0]
        return None if isinstance(listed, ast.GeneratorExp) else f"[item async for item in {_source(where, listed)}]"
    if isinstance(node, ast.ListComp) and len(node.generators) == 1:
        return _source(where, node).replace(" for ", " async for ", 1)
    return None


WRITERS = {"attribute": _attribute, "rename": _rename, "wrap": _wrap, "iterate": _iterate}


def _calls(node: ast.Call, name: str, line: int) -> bool:
    """Whether this call is of that name and reported on that line.

    Python ≥ 3.11 reports the line of the method's name in a chain over several lines, older ones the first or last.
    """
    return _called(node.func) == name and line in {node.lineno, node.func.end_lineno, node.end_lineno}


def _arguments(where: Place, call: ast.Call) -> str:
    """The parentheses of a call, as they are written."""
    return _source(where, call)[len(_source(where, call.func)) :].lstrip()


def _called(func: ast.expr) -> str | None:
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else None


def _source(where: Place, node: ast.AST) -> str:
    return ast.get_source_segment(where.text, node) or ast.unparse(node)


def _spans(node: ast.AST, line: int) -> bool:
    first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
    return first is not None and last is not None and first <= line <= last
