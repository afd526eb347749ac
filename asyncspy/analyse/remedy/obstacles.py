"""Say why an `await`, or a thread, would change what code does at some place: then no edit is proposed there."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from asyncspy.analyse.remedy.source_line import Function, SourceLine, called_name

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)

HARMLESS_CONTEXTS = frozenset("suppress open override".split())
"""What may stay open while a task waits: suppressed errors, files, Django's languages and time zones (per task)."""

NEEDS_THE_LOOP = frozenset(
    "asyncio anyio create_task ensure_future get_running_loop get_event_loop call_soon call_later call_at "
    "set_result set_exception put_nowait get_nowait".split()
)
"""Names whose use does not work, or is not safe, in another thread than the loop's."""

HELD = (
    "it is inside `with {held}:`, which must not stay open while the task waits: move the whole block into a sync "
    "function and await sync_to_async(function)(…)"
)

ONLY_IN_ITS_FUNCTION = frozenset("super locals vars dir eval exec".split())
"""Functions that give something else when they are called in a lambda."""


def await_obstacle(line: SourceLine, node: ast.AST, python: tuple[int, int] | None) -> str | None:
    """Why `await` cannot be written around a node of an async function for this Python; None where it can."""
    nested = sum(isinstance(above, COMPREHENSIONS) for above in line.ancestors(node))
    if nested + isinstance(node, COMPREHENSIONS) > 1 and (python is None or python < (3, 11)):
        return "it is in a comprehension inside another, where only Python 3.11 and later can await"
    if line.function is None or not _is_in_body(line, node, line.function):
        return "it is evaluated where the function is defined, not where it runs"
    if _is_unclear_in_string(line, node):
        return "it is part of an f-string, where a change might show"
    return _held_obstacle(line, node, line.function)


def _held_obstacle(line: SourceLine, node: ast.AST, function: Function) -> str | None:
    """What the function holds there that must not be held while another task runs."""
    for above in line.ancestors(node):
        if isinstance(above, ast.With) and not any(node is item.context_expr for item in above.items):
            held = _held_by(above)
            if held:
                return HELD.format(held=held)
        if isinstance(above, ast.AugAssign) and not isinstance(above.target, ast.Name):
            target = ast.unparse(above.target)
            return f"`{target}` is read before and written after the wait, and another task may change it meanwhile"
    awaited = {node.value for node in ast.walk(function) if isinstance(node, ast.Await)}
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    if any(called_name(call.func) == "acquire" and call not in awaited for call in calls):
        return "the function acquires a lock, which must not be held while the task waits"
    return None


def held_at(line: SourceLine) -> str | None:
    """What a line that leads to the one with the `await` holds meanwhile; None where it holds nothing."""
    blocks = [node for node in line.nodes if isinstance(node, ast.With) and line.line >= node.body[0].lineno]
    held = next((held for block in blocks if (held := _held_by(block))), None)
    return f"{line.function_name} holds `with {held}:` while it waits for that" if held else None


def _held_by(block: ast.With) -> str | None:
    """The first context of a block that is not known to be harmless."""
    contexts = [item.context_expr for item in block.items]
    held = (each for each in contexts if called_name(getattr(each, "func", each)) not in HARMLESS_CONTEXTS)
    return next((ast.unparse(each) for each in held), None)


def thread_obstacle(trees: Iterable[ast.AST]) -> str | None:
    """Why this code cannot run in another thread than the loop's; None where nothing speaks against it."""
    for tree in trees:
        for node in ast.walk(tree):
            name = getattr(node, "id", None) or getattr(node, "attr", None)
            if isinstance(node, (ast.Name, ast.Attribute)) and name in NEEDS_THE_LOOP:
                return f"it uses {name}, which needs the event loop's own thread"
    return None


def lambda_obstacle(node: ast.expr) -> str | None:
    """Why this expression cannot be moved into a lambda; None where it can."""
    for each in ast.walk(node):
        if isinstance(each, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)) or _is_async(each):
            return "the expression around it awaits, yields or assigns"
        if isinstance(each, ast.Name) and each.id in ONLY_IN_ITS_FUNCTION:
            return f"the expression around it uses {each.id}()"
    return None


def _is_async(node: ast.AST) -> bool:
    return isinstance(node, ast.comprehension) and node.is_async == 1


def _is_in_body(line: SourceLine, node: ast.AST, function: Function) -> bool:
    below = node
    for above in line.ancestors(node):
        if above is function:
            return any(below is statement for statement in function.body)
        below = above
    return False


def _is_unclear_in_string(line: SourceLine, node: ast.AST) -> bool:
    """Whether a node is in an f-string, and its place is not certain or its own text is shown (`{count()=}`)."""
    if isinstance(node, ast.For):
        return False
    for above in line.ancestors(node):
        if isinstance(above, ast.FormattedValue):
            end = line.span(above.value)[1]
            shows_itself = line.text[end:].lstrip(" )")[:1] == "="
            return shows_itself or not _is_where_it_says(line, node)
    return not _is_where_it_says(line, node)


def _is_where_it_says(line: SourceLine, node: ast.AST) -> bool:
    """Whether the text at the place of a node is that node: older Pythons do not know places in f-strings."""
    start, end = line.span(node)
    try:
        here = ast.parse(f"({line.text[start:end]})", mode="eval").body
    except SyntaxError:
        return False
    return ast.dump(here) == ast.dump(node)
