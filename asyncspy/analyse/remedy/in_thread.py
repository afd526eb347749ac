"""Move a whole expression of an async line into a thread: right wherever the query is sent from inside of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from asyncspy.analyse.remedy.obstacles import lambda_obstacle, thread_obstacle
from asyncspy.analyse.remedy.querysets import is_queryset
from asyncspy.analyse.remedy.rewrite import call_in_thread
from asyncspy.analyse.remedy.source_line import SourceLine
from asyncspy.analyse.remedy.text_edits import SYNC_TO_ASYNC, Rewritten, apply_edits, closing, opening

OUTSIDE = frozenset("__set__ __setattr__ __setitem__ __delitem__ __delattr__ __enter__ __exit__ __iadd__".split())
"""Methods that a statement calls outside of its expression."""

LOOPS = frozenset("__iter__ __next__ _fetch_all _iterator".split())
EVALUATES = LOOPS | frozenset("__len__ __bool__ __repr__ __getstate__ __contains__".split())
"""Methods by which what a function is given evaluates itself in there."""

UNCERTAIN_LOOP = "the line does not show that it loops over a queryset, which a list could take the place of"


class _Part(NamedTuple):
    """An expression of a statement, and what the statement itself does with the value: nothing, test it, or loop."""

    node: ast.expr
    then: str = ""


def whole_expression(line: SourceLine, called: str, *, generator: bool) -> Rewritten | str:
    """The expression on an async line that called a function, in a thread; or why that is not certain.

    `called` is the name of the function that the line called, `generator` whether that may be a
    generator, whose body the line ran.
    """
    part = _part(line)
    if isinstance(part, str):
        return part
    obstacle = _obstacle(line, part, called, generator=generator)
    if obstacle:
        return obstacle
    node = part.node
    if part.then == "test" or (part.then == "loop" and called in LOOPS):
        return _consumed(line, node, "bool" if part.then == "test" else "list")
    if isinstance(node, ast.Call) and _only_takes(line, node, called):
        return call_in_thread(line, node)
    return _in_lambda(line, node)


def _obstacle(line: SourceLine, part: _Part, called: str, *, generator: bool) -> str | None:
    if called in OUTSIDE:
        return "the statement itself does it, not an expression in it"
    if not line.may_await(part.node):
        return "nothing can be awaited there"
    if part.then == "loop" and (generator or called in LOOPS) and not is_queryset(line, part.node):
        return UNCERTAIN_LOOP
    return lambda_obstacle(part.node) or thread_obstacle([part.node])


def _part(line: SourceLine) -> _Part | str:
    """The only expression on this line that a statement evaluates."""
    if line.function is None:
        return "it is not in a function"
    statements = [node for node in ast.walk(line.function) if isinstance(node, ast.stmt)]
    parts = [part for each in statements for part in _parts(each) if line.is_part_of(part.node)]
    if len(parts) != 1 or any(line.is_part_of(other) for each in statements for other in _others(each)):
        return "the line does not show which of its parts does it"
    return parts[0]


def _parts(node: ast.stmt) -> Iterator[_Part]:
    if isinstance(node, (ast.Expr, ast.Return)) and node.value is not None:
        yield _Part(node.value)
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if all(isinstance(target, (ast.Name, ast.Attribute)) for target in targets):
            yield _Part(node.value)
    elif isinstance(node, (ast.If, ast.While, ast.Assert)):
        yield _Part(node.test, "test")
    elif isinstance(node, ast.For):
        yield _Part(node.iter, "loop")


def _others(node: ast.stmt) -> Iterator[ast.AST]:
    """What a statement evaluates that is none of its parts, and that would query there as well."""
    if isinstance(node, (ast.With, ast.AsyncWith)):
        yield from (item.context_expr for item in node.items)
    elif isinstance(node, ast.AsyncFor):
        yield node.iter
    elif isinstance(node, ast.Match):
        yield node.subject
    elif isinstance(node, (ast.Return, ast.Pass, ast.Break, ast.Continue)):
        return
    elif not hasattr(node, "body") and not any(_parts(node)):
        yield node


def _only_takes(line: SourceLine, call: ast.Call, called: str) -> bool:
    """Whether it calls a plain function with querysets and plain values, so that the function alone sends queries."""
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    of_a_name = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
    plain_function = isinstance(call.func, ast.Name) or (of_a_name and called in EVALUATES)
    return plain_function and all(isinstance(v, (ast.Name, ast.Constant)) or is_queryset(line, v) for v in values)


def _consumed(line: SourceLine, node: ast.expr, function: str) -> Rewritten:
    """`await sync_to_async(list)(queryset)`; where evaluating the expression may query itself, in a lambda."""
    if isinstance(node, ast.Name) or is_queryset(line, node):
        return _around(line, node, f"await sync_to_async({function})(", ")")
    return _around(line, node, f"await sync_to_async(lambda: {function}(", "))()")


def _in_lambda(line: SourceLine, node: ast.expr) -> Rewritten:
    bare_tuple = isinstance(node, ast.Tuple) and line.code(node)[:1] != "("
    opened, closed = ("(", ")") if bare_tuple else ("", "")
    return _around(line, node, f"await sync_to_async(lambda: {opened}", f"{closed})()")


def _around(line: SourceLine, node: ast.expr, before: str, after: str) -> Rewritten:
    start, end = line.span(node)
    edits = (opening(start, end, before), closing(start, end, after))
    code, in_lambda = apply_edits(line.text, edits, start, end), "lambda" in before
    return Rewritten(code, node, edits, (SYNC_TO_ASYNC,), certain=True, encloses=in_lambda)
