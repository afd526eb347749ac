"""Parse a source file: where its lines begin, what each node is part of, and which names it binds."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

NEWLINE = re.compile(r"\r\n|\r|\n")


class Binding(NamedTuple):
    """A place that gives a name a meaning: the module, if it is an import from one, and whether it is on top level."""

    module: str | None
    of_the_file: bool


@dataclass(frozen=True, eq=False)
class SourceFile:
    """A parsed file: what is the same for all of its lines."""

    text: str
    tree: ast.Module

    @cached_property
    def line_starts(self) -> list[int]:
        """The place where each line begins; behind the last newline begins another."""
        return [0, *(found.end() for found in NEWLINE.finditer(self.text))]

    @cached_property
    def bindings(self) -> dict[str, list[Binding]]:
        """Every place that gives a name a meaning."""
        found: dict[str, list[Binding]] = {}
        of_the_file = set(map(id, self.tree.body))
        for node in ast.walk(self.tree):
            for name, module in bound_names(node):
                found.setdefault(name, []).append(Binding(module, id(node) in of_the_file))
        return found

    def offset(self, line: int, column: int) -> int:
        """The place of a column, which the parser counts in bytes of UTF-8."""
        start = self.line_starts[line - 1]
        if self.text.isascii():
            return start + column
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode(errors="ignore"))

    def imported_from(self, name: str) -> str | None:
        """The module that the file imports this name from, under this name, where it is imported once and never set."""
        found = self.bindings.get(name, [])
        return found[0].module if len(found) == 1 and found[0].of_the_file else None

    def is_only_imported(self, name: str, module: str) -> bool:
        """Whether nothing in the file gives this name another meaning than an import of it from this module."""
        return all(each.module == module for each in self.bindings.get(name, ()))

    def span(self, node: ast.AST) -> tuple[int, int]:
        """The characters that a node spans; (0, 0) where it has no place of its own."""
        line, column = getattr(node, "lineno", None), getattr(node, "col_offset", None)
        end_line, end_column = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
        if line is None or column is None or end_line is None or end_column is None:
            return 0, 0
        return self.offset(line, column), self.offset(end_line, end_column)


def bound_names(node: ast.AST) -> Iterator[tuple[str, str | None]]:
    """The names that a node itself binds; of an import from a module under the same name, the module."""
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            plain = node.level == 0 and alias.asname in {None, alias.name}
            yield alias.asname or alias.name, node.module if plain else None
    elif isinstance(node, ast.Import):
        yield from ((alias.asname or alias.name.partition(".")[0], None) for alias in node.names)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, None
    elif isinstance(node, ast.arg):
        yield node.arg, None
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id, None
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
        yield node.name, None
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest, None
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from ((name, None) for name in node.names)


@lru_cache(maxsize=8)
def parse_file(text: str) -> SourceFile | None:
    """Parse a file; those parsed last are kept, since consecutive questions are mostly about the same few."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the file is the user's: its warnings are not for our output
            return SourceFile(text, ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
