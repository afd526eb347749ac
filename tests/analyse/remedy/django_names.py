"""From a rule's pattern to the object of the installed Django that it names."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType

import django
from django.conf import settings

from asyncspy.analyse.remedy.calls import CALLS
from asyncspy.analyse.remedy.fixes import Fix
from asyncspy.analyse.stacks.pattern import Pattern


def configure() -> None:
    """Set Django up as far as its models need it."""
    if settings.configured:
        return
    apps = ["auth", "contenttypes", "sessions", "sites"]
    settings.configure(
        INSTALLED_APPS=[f"django.contrib.{app}" for app in apps],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    )
    django.setup()


def renamed() -> list[tuple[Pattern, Fix]]:
    """The rules that propose another method of the same class, or function of the same module."""
    return [
        (pattern, fix)
        for pattern, call in CALLS
        for fix in call.fixes
        if pattern.file.startswith("django/") and fix.rewrite and fix.rewrite.how == "rename"
    ]


def module_of(pattern: Pattern) -> ModuleType:
    return importlib.import_module(pattern.file.removesuffix(".py").replace("/", ".").removesuffix(".__init__"))


def holder_of(pattern: Pattern) -> object:
    """The class or module that a pattern's function is looked up on; None where it is made inside a function."""
    holder: object = module_of(pattern)
    for part in pattern.function.split(".")[:-1]:
        holder = getattr(holder, part, None)
    return holder


def is_defined(pattern: Pattern) -> bool:
    """Whether the function that a pattern names exists."""
    name = pattern.function.rpartition(".")[2]
    if "<locals>" in pattern.function:
        return pattern.function in _functions(module_of(pattern))
    holder = holder_of(pattern)
    return holder is not None and vars(holder).get(name) is not None


def has_twin(pattern: Pattern, twin: str) -> bool:
    """Whether the installed Django has a method or function of that name beside the one that a pattern names."""
    if "<locals>" in pattern.function:
        return f"{pattern.function.rpartition('.')[0]}.{twin}" in _functions(module_of(pattern))
    return getattr(holder_of(pattern), twin, None) is not None


@lru_cache
def _functions(module: ModuleType) -> frozenset[str]:
    """The qualified names of all functions in a module's source, those that functions make included."""
    return frozenset(_qualified(ast.parse(inspect.getsource(module)), ""))


def _qualified(node: ast.AST, prefix: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _qualified(child, f"{prefix}{child.name}.")
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"{prefix}{child.name}"
            yield from _qualified(child, f"{prefix}{child.name}.<locals>.")
        else:
            yield from _qualified(child, prefix)


SESSION = "django/contrib/sessions/backends/base.py"
QUERY = "django/db/models/query.py"

NAMED = {
    "aprefetch_related_objects": Pattern("aprefetch_related_objects", QUERY),
    "async for": Pattern("QuerySet.__aiter__", QUERY),
    **{name: Pattern(f"QuerySet.{name}", QUERY) for name in ("acount", "aexists", "afirst", "aget", "aiterator")},
    "arefresh_from_db": Pattern("Model.arefresh_from_db", "django/db/models/base.py"),
    "auser": Pattern("auser", "django/contrib/auth/middleware.py"),
    "AsyncPaginator": Pattern("AsyncPaginator", "django/core/paginator.py"),
    "aget_page": Pattern("AsyncPaginator.aget_page", "django/core/paginator.py"),
    **{f"session.{name}": Pattern(f"SessionBase.{name}", SESSION) for name in ("aget", "ahas_key", "aset", "apop")},
}
"""Where the async APIs live that the remedies name in words."""

_ASYNC_WORD = re.compile(r"(?:session\.)?\b(?:a[a-z_]+(?=\()|AsyncPaginator|async for)")
_SYNC_WORDS = {"atomic"}


def named(fix: Fix) -> list[str]:
    """The async APIs that a fix names in its words."""
    if fix.rewrite is not None and fix.rewrite.how == "rename":
        return []
    words = set(_ASYNC_WORD.findall(fix.text.replace("apop(key)", "session.apop(key)"))) - _SYNC_WORDS
    return sorted(words)
