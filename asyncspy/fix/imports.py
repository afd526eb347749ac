"""Add the imports that edited code needs, once each, where such imports stand."""

from __future__ import annotations

import ast
import sys
from collections.abc import Container, Iterable, Sequence

from asyncspy.analyse.remedy.source_file import NEWLINE, SourceFile
from asyncspy.analyse.remedy.text_edits import ImportedName, TextEdit

Import = ast.Import | ast.ImportFrom


def import_obstacle(file: SourceFile, wanted: Iterable[ImportedName]) -> str | None:
    """Why a name cannot be imported into this file; None where all can be."""
    for name in wanted:
        if name.name in file.bindings and not file.is_only_imported(name.name, name.module):
            return f"the file uses the name {name.name} for something else"
    return None


def import_edits(file: SourceFile, wanted: Iterable[ImportedName], own: Container[str]) -> list[TextEdit]:
    """The edits that import these names, where the file does not; `own` are the project's own top-level packages."""
    missing = sorted({one.name: one for one in wanted if not _is_imported(file, one)}.values())
    return [_import_edit(file, one, own) for one in missing]


def _is_imported(file: SourceFile, wanted: ImportedName) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and _imports(node, wanted.module, wanted.name) for node in file.tree.body
    )


def _imports(node: ast.ImportFrom, module: str, name: str | None = None) -> bool:
    if node.module != module or node.level:
        return False
    return name is None or any(alias.name == name and alias.asname in {None, name} for alias in node.names)


def _import_edit(file: SourceFile, wanted: ImportedName, own: Container[str]) -> TextEdit:
    statements = [node for node in file.tree.body if isinstance(node, Import)]
    for node in statements:
        if isinstance(node, ast.ImportFrom) and _imports(node, wanted.module, wanted.beside):
            return _in_statement(file, node, wanted.name)
    return _new_statement(file, statements, f"from {wanted.module} import {wanted.name}", own)


def _in_statement(file: SourceFile, node: ast.ImportFrom, name: str) -> TextEdit:
    """Another name in an import, in alphabetical order, on a line of its own where the others have one."""
    after = next((alias for alias in node.names if alias.name.lower() > name.lower()), None)
    start, end = file.span(after or node.names[-1])
    text = file.text
    line_start = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    indent = text[line_start:start]
    separator = f",{_newline(text)}{indent}" if len(node.names) > 1 and not indent.strip() else ", "
    return TextEdit(start, start, name + separator) if after else TextEdit(end, end, separator + name)


def _new_statement(file: SourceFile, statements: Sequence[Import], code: str, own: Container[str]) -> TextEdit:
    newline = _newline(file.text)
    third = [node for node in statements if _section(node, own) == 1]
    before = next((n for n in third if isinstance(n, ast.ImportFrom) and (n.module or "") > code.split()[1]), None)
    if before is not None:
        return _before(file, before, code + newline)
    if third:
        return _after(file, third[-1], code, newline)
    later = next((node for node in statements if _section(node, own) == 2), None)  # noqa: PLR2004 - own imports
    if later is not None:
        return _before(file, later, code + newline * 2)
    if statements:
        return _after(file, statements[-1], newline + code, newline)
    first = file.tree.body[0]
    if ast.get_docstring(file.tree, clean=False) is not None:
        return _after(file, first, newline + code, newline)
    return _before(file, first, code + newline * 2)


def _section(node: Import, own: Container[str]) -> int:
    """0 of the standard library, 1 of a package, 2 of the project."""
    if isinstance(node, ast.ImportFrom) and node.level:
        return 2
    module = (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
    top = module.partition(".")[0]
    if top in own:
        return 2
    return 0 if top == "__future__" or top in sys.stdlib_module_names else 1


def _before(file: SourceFile, node: ast.stmt, text: str) -> TextEdit:
    decorators = getattr(node, "decorator_list", None) or [node]
    start = file.line_starts[min(node.lineno, *(each.lineno for each in decorators)) - 1]
    return TextEdit(start, start, text)


def _after(file: SourceFile, node: ast.stmt, code: str, newline: str) -> TextEdit:
    line = (node.end_lineno or node.lineno) + 1
    if line > len(file.line_starts):
        return TextEdit(len(file.text), len(file.text), newline + code)
    start = file.line_starts[line - 1]
    return TextEdit(start, start, code + newline)


def _newline(text: str) -> str:
    found = NEWLINE.search(text)
    return found[0] if found else "\n"
