"""Rewrite the call on a source line into its replacement, or return None where that is not certain.

The whole file is parsed: only the syntax tree says where a call that spans lines begins, what is done with its result,
and whether `await` may stand there. Two candidates on a line give None.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator

from asyncspy.analyse.remedy.fixes import Rewrite
from asyncspy.analyse.remedy.source_line import SourceLine, called_name

REQUEST_NAMES = frozenset({"request", "req", "_request"})
INNER_SCOPES = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
MAX_CODE_LENGTH = 160
"""Longer proposed code is of no use on a terminal and is left out."""


def rewrite_call(line: SourceLine, rewrite: Rewrite) -> str | None:
    """The replacement for the call on this line, as source that can stand in an async function."""
    try:
        found = set(_candidates(line, rewrite))
        if len(found) != 1:
            return None
        code = _on_one_line(found.pop())
    except RecursionError:
        return None
    return code if len(code) <= MAX_CODE_LENGTH else None


def _on_one_line(code: str) -> str:
    if "\n" not in code:
        return code
    try:
        return ast.unparse(ast.parse(f"({code})", mode="eval"))
    except SyntaxError:  # an `async for` without its block
        return " ".join(code.split())


def _candidates(line: SourceLine, rewrite: Rewrite) -> Iterator[str]:
    needs_no_await = rewrite.how == "relation" and "await" not in rewrite.new
    for node in line.parents:
        if isinstance(node, (ast.expr, ast.For)) and line.is_part_of(node) and (needs_no_await or line.may_await(node)):
            code = WRITERS[rewrite.how](line, rewrite, node)
            if code is not None:
                yield code


def _attribute(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> str | None:
    if not isinstance(node, ast.Attribute) or node.attr != rewrite.old:
        return None
    holder = line.code(node.value)
    if holder.rpartition(".")[2] not in REQUEST_NAMES:
        return None
    return _with_rest(line, node, f"await {holder}.{rewrite.new}")


def _rename(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call) or not _calls(node, rewrite.old, line):
        return None
    holder = f"{line.code(node.func.value)}." if isinstance(node.func, ast.Attribute) else ""
    return _with_rest(line, node, f"await {holder}{rewrite.new}{_arguments(line, node)}")


def _wrap(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call) or not _calls(node, rewrite.old, line):
        return None
    return _with_rest(line, node, f"await sync_to_async({line.code(node.func)}){_arguments(line, node)}")


def _iterate(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> str | None:
    if rewrite.new:
        return _iterate_method(line, rewrite, node)
    if isinstance(node, ast.For) and line.is_part_of(node.iter) and _may_be_queryset(node.iter):
        return f"async for {line.code(node.target)} in {line.code(node.iter)}:"
    if isinstance(node, ast.Call) and called_name(node.func) == "list" and len(node.args) == 1:
        listed = node.args[0]
        return f"[item async for item in {line.code(listed)}]" if _may_be_queryset(listed) else None
    if isinstance(node, ast.ListComp) and len(node.generators) == 1 and _may_be_queryset(node.generators[0].iter):
        loop = node.generators[0]
        if loop.is_async:
            return None
        asynchronous = ast.comprehension(target=loop.target, iter=loop.iter, ifs=loop.ifs, is_async=1)
        return ast.unparse(ast.ListComp(elt=node.elt, generators=[asynchronous]))
    return None


def _iterate_method(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> str | None:
    """A loop over `queryset.iterator(…)`, which becomes one over `queryset.aiterator(…)`."""
    if not isinstance(node, ast.For) or not isinstance(node.iter, ast.Call):
        return None
    if called_name(node.iter.func) != rewrite.old:
        return None
    holder = line.code(node.iter.func).removesuffix(rewrite.old)
    return f"async for {line.code(node.target)} in {holder}{rewrite.new}{_arguments(line, node.iter)}:"


def _relation(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> str | None:
    """`author` of `book.author.name`: an attribute is read of it, which tells it from the others on the line."""
    if not isinstance(node, ast.Attribute) or not isinstance(line.parents.get(node), ast.Attribute):
        return None
    return _with_name(line, rewrite, node)


def _field(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> str | None:
    """`price` of `book.price`."""
    above = line.parents.get(node)
    if not isinstance(node, ast.Attribute) or isinstance(above, ast.Attribute) or _uses(above, node):
        return None
    return None if isinstance(node.value, ast.Attribute) else _with_name(line, rewrite, node)


Writer = Callable[[SourceLine, Rewrite, ast.AST], str | None]
WRITERS: dict[str, Writer] = {
    "attribute": _attribute,
    "rename": _rename,
    "wrap": _wrap,
    "iterate": _iterate,
    "relation": _relation,
    "field": _field,
}


def _with_name(line: SourceLine, rewrite: Rewrite, node: ast.Attribute) -> str | None:
    holder = ast.unparse(node.value)
    is_model = isinstance(node.value, ast.Name) and holder[:1].isupper()
    if is_model or holder.rpartition(".")[2] in REQUEST_NAMES:
        return None
    if "{holder}" in rewrite.new and any(isinstance(above, INNER_SCOPES) for above in line.ancestors(node)):
        return None
    return rewrite.new.format(holder=holder, name=node.attr)


def _may_be_queryset(node: ast.expr) -> bool:
    """Whether this can evaluate to a queryset: a name, an attribute or a call, but not of a builtin such as zip()."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return not hasattr(builtins, node.func.id)
    return isinstance(node, (ast.Name, ast.Attribute, ast.Call))


def _with_rest(line: SourceLine, node: ast.expr, code: str) -> str:
    """The code with what the line goes on to do with the result: `(await x.aget()).name`."""
    rest, whole = "", node
    above = line.parents.get(node)
    while _uses(above, whole) and isinstance(above, ast.expr):
        rest = line.code(above)[len(line.code(node)) :]
        whole, above = above, line.parents.get(above)
    return f"({code}){rest}" if rest else code


def _uses(above: ast.AST | None, node: ast.expr) -> bool:
    if isinstance(above, (ast.Attribute, ast.Subscript)):
        return above.value is node
    return isinstance(above, ast.Call) and above.func is node


def _calls(node: ast.Call, name: str, where: SourceLine) -> bool:
    """Whether this call is of that name, reported on that line, and not one that is awaited already.

    Python ≥ 3.11 reports the line of the method's name in a chain over several lines, older ones the first or last.
    """
    reported = where.line in {node.lineno, node.func.end_lineno, node.end_lineno}
    return called_name(node.func) == name and reported and not where.is_awaited(node)


def _arguments(line: SourceLine, call: ast.Call) -> str:
    """The parentheses of a call, as they are written."""
    return line.code(call)[len(line.code(call.func)) :].lstrip()
