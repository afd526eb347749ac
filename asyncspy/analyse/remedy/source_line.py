"""Parse a source file and answer questions about one of its lines: the function around it, the calls on it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from functools import cached_property

from asyncspy.analyse.remedy.source_file import SourceFile, bound_names, parse_file

SourceReader = Callable[[str], str | None]
"""Returns the text of a file by its recorded name, or None where it cannot be read."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef

NO_AWAIT = (ast.Lambda, ast.GeneratorExp, ast.ClassDef)
"""Scopes in which `await` is a syntax error or would belong to something else than the function around them."""

TASK_MAKERS = frozenset("create_task ensure_future gather wait_for wait shield run_coroutine_threadsafe".split())
"""Functions that take a coroutine: a call among their arguments only makes one."""


@dataclass(frozen=True)
class SourceLine:
    """A line of a parsed file."""

    file: SourceFile
    line: int

    @property
    def text(self) -> str:
        """The text of the file."""
        return self.file.text

    @property
    def tree(self) -> ast.Module:
        """The syntax tree of the file."""
        return self.file.tree

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The parent of each node that spans the line, or is within one that does; outer ones come first.

        Most of a file is beside the line, and is not looked at.
        """
        found: dict[ast.AST, ast.AST] = {}
        around: list[ast.AST] = [self.tree]
        for node in around:
            for child in ast.iter_child_nodes(node):
                if not isinstance(child, ast.stmt) or self.is_part_of(child) or self._is_decorated_here(child):
                    found[child] = node
                    around.append(child)
        return found

    def _is_decorated_here(self, node: ast.stmt) -> bool:
        return any(self.is_part_of(each) for each in getattr(node, "decorator_list", ()))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """The nodes that span this line, outer ones first."""
        return [node for node in self.parents if self.is_part_of(node)]

    @cached_property
    def function(self) -> Function | None:
        """The innermost function that holds the line."""
        holding = [node for node in self.nodes if isinstance(node, Function)]
        return max(holding, key=lambda node: node.lineno, default=None)

    @property
    def function_name(self) -> str:
        """The name of that function, or an empty string."""
        return self.function.name if self.function else ""

    @property
    def is_async(self) -> bool:
        """Whether the line is in an async function."""
        return isinstance(self.function, ast.AsyncFunctionDef)

    @property
    def can_become_async(self) -> bool:
        """Whether the sync function around the line is a plain one, whose callers could simply await it."""
        function = self.function
        if not isinstance(function, ast.FunctionDef) or function.decorator_list or function.name.startswith("__"):
            return False
        return not self.is_generator

    @property
    def is_generator(self) -> bool:
        """Whether the function around the line is a generator: calling it runs nothing of it yet."""
        function = self.function
        return function is not None and any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function))

    def is_part_of(self, node: ast.AST) -> bool:
        """Whether a node spans this line."""
        first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
        return isinstance(first, int) and isinstance(last, int) and first <= self.line <= last

    @cached_property
    def calls(self) -> list[ast.Call]:
        """The calls that span this line."""
        return [node for node in self.nodes if isinstance(node, ast.Call)]

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, up to and including its function."""
        while (node := self.parents[node]) is not self.tree:
            yield node
            if isinstance(node, Function):
                return

    def may_await(self, node: ast.AST) -> bool:
        """Whether an `await` at this node would belong to a function."""
        scope = next((above for above in self.ancestors(node) if isinstance(above, (*NO_AWAIT, *FUNCTIONS))), None)
        return isinstance(scope, Function)

    def is_awaited(self, call: ast.AST) -> bool:
        """Whether the line waits for what this very call gives: then it is a coroutine's, and no thread may make it."""
        above = self.parents.get(call)
        if isinstance(above, ast.Call):
            return called_name(above.func) in TASK_MAKERS and call in above.args
        asynchronous = isinstance(above, ast.comprehension) and above.is_async and above.iter is call
        in_async_with = isinstance(above, ast.withitem) and isinstance(self.parents.get(above), ast.AsyncWith)
        is_async_for = isinstance(above, ast.AsyncFor) and above.iter is call
        return isinstance(above, ast.Await) or bool(asynchronous) or in_async_with or is_async_for

    def awaits(self, name: str) -> bool:
        """Whether the line awaits a call of this name."""
        return any(called_name(call.func) == name and self.is_awaited(call) for call in self.calls)

    def code(self, node: ast.AST) -> str:
        """The source text of a node."""
        start, end = self.span(node)
        return self.text[start:end] or ast.unparse(node)

    def span(self, node: ast.AST) -> tuple[int, int]:
        """The characters that a node spans."""
        return self.file.span(node)

    def only_value(self, name: str) -> ast.expr | None:
        """What the function around the line assigns to a name, if it does so once and in no other way."""
        if self.function is None:
            return None
        inside = list(ast.walk(self.function))
        if sum(bound == name for node in inside for bound, _ in bound_names(node)) != 1:
            return None
        assigned = (node for node in inside if isinstance(node, ast.Assign))
        return next((n.value for n in assigned if [getattr(t, "id", None) for t in n.targets] == [name]), None)

    def call_text(self, methods: Container[str]) -> str | None:
        """How the line spells its only call of one of these methods, without the parentheses."""
        found = {ast.unparse(call.func) for call in self.calls if called_name(call.func) in methods}
        return found.pop() if len(found) == 1 else None


def parse_line(text: str | None, line: int) -> SourceLine | None:
    """Parse a file for a line of it; None where this Python cannot parse it."""
    if text is None or line < 1:
        return None
    file = parse_file(text)
    return SourceLine(file, line) if file is not None else None


def called_name(func: ast.expr) -> str | None:
    """The name of a called function or method."""
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else None
