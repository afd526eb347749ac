"""Tell from its source whether an expression is a queryset: for certain, or only maybe."""

from __future__ import annotations

import ast
import builtins

from asyncspy.analyse.remedy.source_line import SourceLine

CHAINABLE = frozenset(
    "all filter exclude order_by select_related prefetch_related annotate alias values_list distinct only defer using "
    "reverse none dates datetimes extra select_for_update".split()
)
"""Methods that give a queryset, and that nothing which may be looped over by chance has as well."""

ALSO_OF_OTHERS = frozenset("values union intersection difference iterator".split())
"""Methods of querysets that mappings and sets have, too."""

MANAGERS = frozenset({"objects", "_default_manager", "_base_manager"})


def may_be_queryset(node: ast.expr) -> bool:
    """Whether this can evaluate to a queryset: a name, an attribute or a call, but not of a builtin such as zip()."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return not hasattr(builtins, node.func.id)
    return isinstance(node, (ast.Name, ast.Attribute, ast.Call))


def is_queryset(line: SourceLine, node: ast.expr) -> bool:
    """Whether it certainly is one, given that a query was sent when this line looped over something.

    An iterator of C code, such as itertools.chain(), is not seen on a stack: so neither a name that may hold one nor
    what a function returns is certain.
    """
    if isinstance(node, ast.Name):
        value = line.only_value(node.id)
        return value is not None and not isinstance(value, ast.Name) and is_queryset(line, value)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in CHAINABLE or (node.func.attr in ALSO_OF_OTHERS and _is_of_manager(line, node.func.value))


def _is_of_manager(line: SourceLine, node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in MANAGERS
    return is_queryset(line, node)
