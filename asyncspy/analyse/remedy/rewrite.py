"""The source of a line and what should replace a call on it, to the new code; None wherever that is not certain.

It parses the whole file: only the syntax tree says where a call that spans lines begins, what is done with its result,
and whether `await` may stand there. A file that this Python cannot parse, or two candidates on a line, give None.
"""

from __future__ import annotations

import ast
import builtins
import warnings
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from asyncspy.analyse.remedy.calls import Rewrite

Function = ast.FunctionDef | ast.AsyncFunctionDef
REQUEST_NAMES = frozenset({"request", "req", "_request"})
LONGEST = 160
"""Proposed code longer than this helps nobody on a terminal: it is left out."""

NO_AWAIT = (ast.Lambda, ast.GeneratorExp, ast.ClassDef, ast.Module)
"""What ends the search for an async function around an expression: `await` may not, or should not, stand in these."""


@dataclass(frozen=True)
class Place:
    """A line of a parsed file, and what is around it."""

    text: str
    tree: ast.Module
    line: int

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """What each node is part of."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def function(self) -> Function | None:
        """The innermost function that holds the line."""
        holding = [node for node in ast.walk(self.tree) if isinstance(node, Function) and _spans(node, self.line)]
        return max(holding, key=lambda node: node.lineno, default=None)

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


def place(text: str | None, line: int) -> Place | None:
    """Parse a file for a line of it."""
    if text is None or line < 1:
        return None
    tree = _parsed(text)
    return Place(text, tree, line) if tree is not None else None


@lru_cache(maxsize=1)
def _parsed(text: str) -> ast.Module | None:
    """What is asked about one finding, and about the next, is mostly of the same file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the user's file is not ours to warn about
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def spelt(where: Place, methods: Container[str]) -> str | None:
    """How the line spells the one call of such a method, without its parentheses."""
    found = {
        ast.unparse(node.func)
        for node in ast.walk(where.tree)
        if isinstance(node, ast.Call) and _spans(node, where.line) and _called(node.func) in methods
    }
    return found.pop() if len(found) == 1 else None


def rewritten(where: Place, rewrite: Rewrite) -> str | None:
    """The replacement for the call on this line, as source that can stand in an async function."""
    try:
        found = set(_rewrites(where, rewrite))
        if len(found) != 1:
            return None
        code = _on_one_line(found.pop())
    except RecursionError:
        return None
    return code if len(code) <= LONGEST else None


def _on_one_line(code: str) -> str:
    if "\n" not in code:
        return code
    try:
        return ast.unparse(ast.parse(f"({code})", mode="eval"))
    except SyntaxError:  # an `async for` without its block
        return " ".join(code.split())


def _rewrites(where: Place, rewrite: Rewrite) -> Iterator[str]:
    writer = WRITERS[rewrite.how]
    for node in ast.walk(where.tree):
        if not isinstance(node, (ast.expr, ast.For)) or not _spans(node, where.line):
            continue
        needs_no_await = rewrite.how == "relation" and "await" not in rewrite.new
        if needs_no_await or _may_await(where, node):
            code = writer(where, rewrite, node)
            if code is not None:
                yield code


def _may_await(where: Place, node: ast.AST) -> bool:
    """Whether an `await` here would belong to a function, and not to a lambda, a generator expression or a class."""
    above = where.parents.get(node)
    while above is not None and not isinstance(above, Function):
        if isinstance(above, NO_AWAIT):
            return False
        above = where.parents.get(above)
    return above is not None


def _attribute(where: Place, rewrite: Rewrite, node: ast.AST) -> str | None:
    if not isinstance(node, ast.Attribute) or node.attr != rewrite.old:
        return None
    holder = _source(where, node.value)
    if holder.rpartition(".")[2] not in REQUEST_NAMES:
        return None
    return _with_rest(where, node, f"await {holder}.{rewrite.new}")


def _rename(where: Place, rewrite: Rewrite, node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call) or not _calls(node, rewrite.old, where.line):
        return None
    holder = f"{_source(where, node.func.value)}." if isinstance(node.func, ast.Attribute) else ""
    return _with_rest(where, node, f"await {holder}{rewrite.new}{_arguments(where, node)}")


def _wrap(where: Place, rewrite: Rewrite, node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call) or not _calls(node, rewrite.old, where.line):
        return None
    wrapped = f"await sync_to_async({_source(where, node.func)}){_arguments(where, node)}"
    return _with_rest(where, node, wrapped)


def _iterate(where: Place, rewrite: Rewrite, node: ast.AST) -> str | None:
    if rewrite.new:
        return _iterate_method(where, rewrite, node)
    if isinstance(node, ast.For) and _spans(node.iter, where.line) and _may_be_queryset(node.iter):
        return f"async for {_source(where, node.target)} in {_source(where, node.iter)}:"
    if isinstance(node, ast.Call) and _called(node.func) == "list" and len(node.args) == 1:
        listed = node.args[0]
        return f"[item async for item in {_source(where, listed)}]" if _may_be_queryset(listed) else None
    if isinstance(node, ast.ListComp) and len(node.generators) == 1 and _may_be_queryset(node.generators[0].iter):
        loop = node.generators[0]
        asynchronous = ast.comprehension(target=loop.target, iter=loop.iter, ifs=loop.ifs, is_async=1)
        return ast.unparse(ast.ListComp(elt=node.elt, generators=[asynchronous]))
    return None


def _iterate_method(where: Place, rewrite: Rewrite, node: ast.AST) -> str | None:
    """A loop over `queryset.iterator(…)`, which becomes one over `queryset.aiterator(…)`."""
    if not isinstance(node, ast.For) or not isinstance(node.iter, ast.Call) or _called(node.iter.func) != rewrite.old:
        return None
    holder = _source(where, node.iter.func).removesuffix(rewrite.old)
    return f"async for {_source(where, node.target)} in {holder}{rewrite.new}{_arguments(where, node.iter)}:"


def _relation(where: Place, rewrite: Rewrite, node: ast.AST) -> str | None:
    """`author` of `book.author.name`: what is read of it tells it from the other attributes on the line."""
    if not isinstance(node, ast.Attribute) or not isinstance(where.parents.get(node), ast.Attribute):
        return None
    return _with_name(where, rewrite, node)


def _field(where: Place, rewrite: Rewrite, node: ast.AST) -> str | None:
    """`price` of `book.price`."""
    above = where.parents.get(node)
    if not isinstance(node, ast.Attribute) or isinstance(above, ast.Attribute) or _uses(above, node):
        return None
    return None if isinstance(node.value, ast.Attribute) else _with_name(where, rewrite, node)


def _with_name(where: Place, rewrite: Rewrite, node: ast.Attribute) -> str | None:
    holder = ast.unparse(node.value)
    is_model = isinstance(node.value, ast.Name) and holder[:1].isupper()
    if is_model or holder.rpartition(".")[2] in REQUEST_NAMES:
        return None
    if "{holder}" in rewrite.new and _in_comprehension(where, node):
        return None
    return rewrite.new.format(holder=holder, name=node.attr)


def _in_comprehension(where: Place, node: ast.AST) -> bool:
    above = where.parents.get(node)
    while above is not None and not isinstance(above, Function):
        if isinstance(above, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)):
            return True
        above = where.parents.get(above)
    return False


Writer = Callable[[Place, Rewrite, ast.AST], str | None]
WRITERS: dict[str, Writer] = {
    "attribute": _attribute,
    "rename": _rename,
    "wrap": _wrap,
    "iterate": _iterate,
    "relation": _relation,
    "field": _field,
}


def _may_be_queryset(node: ast.expr) -> bool:
    """A name, an attribute or the result of a call can be one; what a builtin such as zip() gives is none."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return not hasattr(builtins, node.func.id)
    return isinstance(node, (ast.Name, ast.Attribute, ast.Call))


def _with_rest(where: Place, node: ast.expr, code: str) -> str:
    """The code with what the line goes on to do with the result: `(await x.aget()).name`."""
    rest, whole = "", node
    above = where.parents.get(node)
    while _uses(above, whole) and isinstance(above, ast.expr):
        whole_source = _source(where, above)
        rest, whole, above = whole_source[len(_source(where, node)) :], above, where.parents.get(above)
    return f"({code}){rest}" if rest else code


def _uses(above: ast.AST | None, node: ast.expr) -> bool:
    if isinstance(above, (ast.Attribute, ast.Subscript)):
        return above.value is node
    return isinstance(above, ast.Call) and above.func is node


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
