"""The package to the rules of its house that it breaks: one line each, and exit code 1 if there are any.

    python -m benchmarks.house.rules [--strict-names] [--package CHECKOUT]

No module of `cli/` has more than 120 lines and no other more than 250. No folder holds more than 17 Python files side
by side. No public type is defined in two modules. With --strict-names it also warns of modules that share a file name.
A Django project that is served (`demo/project/`) has names and folders that Django gives it: there only lines count.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from benchmarks.house.checkout import GUEST, HERE, Checkout, Module, checkout

MOST_LINES = 250
MOST_LINES_OF_A_COMMAND = 120
MOST_SIDE_BY_SIDE = 17
COMMANDS = "cli"
IMPORTS = (ast.Import, ast.ImportFrom)
NO_TYPES = {"TypeVar", "ParamSpec", "TypeVarTuple"}


def too_long(modules: Iterable[Module]) -> Iterator[str]:
    """Modules with too many lines."""
    for module in modules:
        most = MOST_LINES_OF_A_COMMAND if module.room == COMMANDS else MOST_LINES
        if module.lines > most:
            yield f"{module.path}: {module.lines} lines, and {most} are allowed"


def too_full(modules: Iterable[Module]) -> Iterator[str]:
    """Folders with too many Python files side by side; `__init__.py` is one of them."""
    counts = Counter(PurePosixPath(module.path).parent.as_posix() for module in modules)
    for folder, count in sorted(counts.items()):
        if count > MOST_SIDE_BY_SIDE:
            yield f"{folder}/: {count} Python files side by side, and {MOST_SIDE_BY_SIDE} are allowed"


def twice(named: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Names that stand for several paths, with these."""
    paths: dict[str, list[str]] = {}
    for name, path in named:
        if path not in paths.setdefault(name, []):
            paths[name].append(path)
    return ((name, ", ".join(places)) for name, places in sorted(paths.items()) if len(places) > 1)


def types_of(source: str) -> Iterator[str]:
    """The public types that a module defines: its classes, and names like theirs that it gives to something.

    A name that it also imports, under another condition, is a stand-in for what it imports.
    """
    statements = list(_statements(ast.parse(source).body))
    imported = {alias.asname or alias.name for each in statements if isinstance(each, IMPORTS) for alias in each.names}
    for name, is_class in (defined for statement in statements for defined in _defined(statement)):
        if name[0].isupper() and (is_class or not name.isupper()) and name not in imported:
            yield name


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, also of those that stand under a condition."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.If, ast.Try)):
            handlers = [each.body for each in statement.handlers] if isinstance(statement, ast.Try) else []
            for branch in (statement.body, statement.orelse, *handlers):
                yield from _statements(branch)


def _defined(statement: ast.stmt) -> Iterator[tuple[str, bool]]:
    if isinstance(statement, ast.ClassDef):
        yield statement.name, True
    elif isinstance(statement, ast.Assign) and not _is_variable(statement.value):
        yield from ((target.id, False) for target in statement.targets if isinstance(target, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id, False
    elif type(statement).__name__ == "TypeAlias":  # since Python 3.12
        yield statement.name.id, False  # type: ignore[attr-defined]


def _is_variable(value: ast.expr) -> bool:
    """Whether it makes a type variable."""
    if not isinstance(value, ast.Call):
        return False
    called = value.func
    return getattr(called, "id", getattr(called, "attr", None)) in NO_TYPES


def broken(of: Checkout) -> list[str]:
    """The rules that are broken, each with where."""
    ours = [module for module in of.modules if not module.path.startswith(f"{GUEST}/")]
    types = ((name, module.path) for module in ours for name in types_of((of.package / module.path).read_text("utf-8")))
    return [
        *too_long(of.modules),
        *too_full(ours),
        *(f"{name}: a type of this name is defined in {places}" for name, places in twice(types)),
    ]


def same_names(of: Checkout) -> list[str]:
    """File names that several modules have; every package has its `__init__.py`."""
    paths = [PurePosixPath(module.path) for module in of.modules if not module.path.startswith(f"{GUEST}/")]
    named = ((path.name, path.as_posix()) for path in paths if path.name != "__init__.py")
    return [f"{name}: a module of this name is {places}" for name, places in twice(named)]


def main() -> int:
    """Print what is broken."""
    options = argparse.ArgumentParser()
    options.add_argument("--strict-names", action="store_true", help="warn of modules with the same file name")
    options.add_argument("--package", type=Path, default=HERE, help="the checkout to look at  [default: this one]")
    chosen = options.parse_args()
    of = checkout(chosen.package)
    if chosen.strict_names:
        for line in same_names(of):
            print(f"warning: {line}")
    found = broken(of)
    for line in found:
        print(line)
    print(f"{len(found)} rules are broken" if found else "all rules hold")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
