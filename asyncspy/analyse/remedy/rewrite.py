"""Rewrite the call on a source line into its replacement, or return None where the line does not show which it is.

The whole file is parsed: only the syntax tree says where a call that spans lines begins, what is done with its result,
and whether `await` may stand there. A replacement is a few small edits of the text; what is shown is the text with
them. Two candidates on a line give None.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from asyncspy.analyse.remedy.fixes import Rewrite
from asyncspy.analyse.remedy.querysets import is_queryset, may_be_queryset
from asyncspy.analyse.remedy.source_line import SourceLine, called_name
from asyncspy.analyse.remedy.text_edits import (
    SYNC_TO_ASYNC,
    ImportedName,
    Rewritten,
    TextEdit,
    apply_edits,
    closing,
    opening,
)

REQUEST_NAMES = frozenset({"request", "req", "_request"})
INNER_SCOPES = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
MAX_CODE_LENGTH = 160
"""Longer proposed code is of no use on a terminal and is left out."""


def rewrite_call(line: SourceLine, rewrite: Rewrite) -> str | None:
    """The replacement for the call on this line, as source that can stand in an async function."""
    found = rewrite_line(line, rewrite)
    return found.code if found is not None and len(found.code) <= MAX_CODE_LENGTH else None


def rewrite_line(line: SourceLine, rewrite: Rewrite) -> Rewritten | None:
    """The replacement as code and as edits, if there is one alone; certain, if there is one place alone."""
    try:
        found = list(_candidates(line, rewrite))
        if len({each.code for each in found}) != 1:
            return None
        only = found[0]._replace(code=_on_one_line(found[0].code))
    except RecursionError:
        return None
    return only if len(found) == 1 else only._replace(certain=False)


def _on_one_line(code: str) -> str:
    if "\n" not in code:
        return code
    try:
        return ast.unparse(ast.parse(f"({code})", mode="eval"))
    except SyntaxError:  # an `async for` without its block
        return " ".join(code.split())


def _candidates(line: SourceLine, rewrite: Rewrite) -> Iterator[Rewritten]:
    needs_no_await = rewrite.how == "relation" and "await" not in rewrite.new
    for node in line.nodes:
        if isinstance(node, (ast.expr, ast.For)) and (needs_no_await or line.may_await(node)):
            found = WRITERS[rewrite.how](line, rewrite, node)
            if found is not None:
                yield found


def _attribute(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> Rewritten | None:
    if not isinstance(node, ast.Attribute) or node.attr != rewrite.old or not isinstance(node.ctx, ast.Load):
        return None
    if line.code(node.value).rpartition(".")[2] not in REQUEST_NAMES:
        return None
    return _awaited(line, node, _name_edit(line, node, rewrite.new))


def _rename(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> Rewritten | None:
    if not isinstance(node, ast.Call) or not _calls(node, rewrite.old, line):
        return None
    if isinstance(node.func, ast.Attribute):
        return _awaited(line, node, _name_edit(line, node.func, rewrite.new))
    module = line.file.imported_from(rewrite.old) or ""
    imported = (ImportedName(module, rewrite.new, rewrite.old),) if module.startswith("django.") else ()
    found = _awaited(line, node, [TextEdit(*line.span(node.func), rewrite.new)], imported)
    return found._replace(certain=found.certain and bool(imported))


def _wrap(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> Rewritten | None:
    if not isinstance(node, ast.Call) or not _calls(node, rewrite.old, line):
        return None
    return call_in_thread(line, node)


def call_in_thread(line: SourceLine, call: ast.Call) -> Rewritten:
    """The call through sync_to_async."""
    start, end = line.span(call.func)
    edits = [opening(start, end, "sync_to_async("), closing(start, end, ")")]
    return _awaited(line, call, edits, (SYNC_TO_ASYNC,))


def _iterate(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> Rewritten | None:
    if rewrite.new:
        return _iterate_method(line, rewrite, node)
    if isinstance(node, ast.For) and line.is_part_of(node.iter) and may_be_queryset(node.iter):
        return _async_for(line, node)
    if isinstance(node, ast.Call) and called_name(node.func) == "list" and len(node.args) == 1:
        return _listed(line, node, node.args[0])
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp)) and len(node.generators) == 1:
        return _async_comprehension(line, node, node.generators[0])
    return None


def _async_for(line: SourceLine, node: ast.For, *edits: TextEdit) -> Rewritten:
    start, end = line.span(node)[0], line.span(node.iter)[1]
    edits = (opening(start, end, "async "), *edits)
    code = apply_edits(line.text, edits, start, end) + ":"
    return Rewritten(code, node, edits, certain=is_queryset(line, node.iter))


def _listed(line: SourceLine, call: ast.Call, listed: ast.expr) -> Rewritten | None:
    if not may_be_queryset(listed):
        return None
    (start, end), (first, last) = line.span(call), line.span(listed)
    edits = (TextEdit(start, first, "[item async for item in "), TextEdit(last, end, "]"))
    plain = line.text[start:first] == "list(" and line.text[last:end] == ")"
    return Rewritten(
        apply_edits(line.text, edits, start, end), call, edits, certain=plain and is_queryset(line, listed)
    )


def _async_comprehension(
    line: SourceLine, node: ast.ListComp | ast.SetComp | ast.DictComp, loop: ast.comprehension
) -> Rewritten | None:
    if loop.is_async or not may_be_queryset(loop.iter):
        return None
    element = node.value if isinstance(node, ast.DictComp) else node.elt
    (start, end), after, target = line.span(node), line.span(element)[1], line.span(loop.target)[0]
    keyword = line.text.rfind("for", after, target)
    if keyword < 0 or line.text[keyword + 3 : target].strip(" \t("):
        return None
    edits = (TextEdit(keyword, keyword, "async "),)
    return Rewritten(apply_edits(line.text, edits, start, end), node, edits, certain=is_queryset(line, loop.iter))


def _iterate_method(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> Rewritten | None:
    """A loop over `queryset.iterator(…)`, which becomes one over `queryset.aiterator(…)`."""
    if not isinstance(node, ast.For) or not isinstance(node.iter, ast.Call):
        return None
    func = node.iter.func
    if not isinstance(func, ast.Attribute) or func.attr != rewrite.old:
        return None
    return _async_for(line, node, *_name_edit(line, func, rewrite.new))


def _relation(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> Rewritten | None:
    """`author` of `book.author.name`: an attribute is read of it, which tells it from the others on the line."""
    if not isinstance(node, ast.Attribute) or not isinstance(line.parents.get(node), ast.Attribute):
        return None
    return _with_name(line, rewrite, node)


def _field(line: SourceLine, rewrite: Rewrite, node: ast.AST) -> Rewritten | None:
    """`price` of `book.price`."""
    above = line.parents.get(node)
    if not isinstance(node, ast.Attribute) or isinstance(above, ast.Attribute) or _uses(above, node):
        return None
    return None if isinstance(node.value, ast.Attribute) else _with_name(line, rewrite, node)


Writer = Callable[[SourceLine, Rewrite, ast.AST], Rewritten | None]
WRITERS: dict[str, Writer] = {
    "attribute": _attribute,
    "rename": _rename,
    "wrap": _wrap,
    "iterate": _iterate,
    "relation": _relation,
    "field": _field,
}


def _with_name(line: SourceLine, rewrite: Rewrite, node: ast.Attribute) -> Rewritten | None:
    holder = ast.unparse(node.value)
    is_model = isinstance(node.value, ast.Name) and holder[:1].isupper()
    if is_model or holder.rpartition(".")[2] in REQUEST_NAMES:
        return None
    if "{holder}" in rewrite.new and any(isinstance(above, INNER_SCOPES) for above in line.ancestors(node)):
        return None
    return Rewritten(rewrite.new.format(holder=holder, name=node.attr), node)


def _awaited(
    line: SourceLine, node: ast.expr, edits: list[TextEdit], imports: tuple[ImportedName, ...] = ()
) -> Rewritten:
    """The node with these edits and `await` before it; shown with what the line goes on to do with the result."""
    start, end = line.span(node)
    used = _uses(line.parents.get(node), node)
    around = [opening(start, end, "(await " if used else "await "), *([closing(start, end, ")")] if used else [])]
    whole: ast.AST = node
    while isinstance(above := line.parents.get(whole), ast.expr) and _uses(above, whole):
        whole = above
    first, last = line.span(whole)
    code = apply_edits(line.text, [*around, *edits], first, last)
    return Rewritten(code, node, (*around, *edits), imports, certain=bool(edits))


def _name_edit(line: SourceLine, node: ast.Attribute, new: str) -> list[TextEdit]:
    """Replace the name of an attribute, which is the end of it."""
    end = line.span(node)[1]
    start = end - len(node.attr)
    return [TextEdit(start, end, new)] if line.text[start:end] == node.attr else []


def _uses(above: ast.AST | None, node: ast.AST) -> bool:
    if isinstance(above, (ast.Attribute, ast.Subscript)):
        return above.value is node
    return isinstance(above, ast.Call) and above.func is node


def _calls(node: ast.Call, name: str, where: SourceLine) -> bool:
    """Whether this call is of that name, reported on that line, and not one that is awaited already.

    Python ≥ 3.11 reports the line of the method's name in a chain over several lines, older ones the first or last.
    """
    reported = where.line in {node.lineno, node.func.end_lineno, node.end_lineno}
    return called_name(node.func) == name and reported and not where.is_awaited(node)
