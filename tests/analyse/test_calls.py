"""Every row of the rules names something that the installed Django really has."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType

import django
import pytest
from django.conf import settings

from asyncspy.analyse.calls import CALLS, Fix
from asyncspy.analyse.pattern import Pattern
from asyncspy.analyse.remedies import exists_in
from asyncspy.analyse.sinks import GUARD, PROOFS

INSTALLED = django.get_version()

ROWS = [(pattern, call) for pattern, call in CALLS if pattern.file.startswith("django/")]
PROOF_ROWS = [pattern for pattern, _ in PROOFS]


@pytest.fixture(scope="module", autouse=True)
def _django() -> None:
    if not settings.configured:
        settings.configure(
            INSTALLED_APPS=[
                "django.contrib.auth",
                "django.contrib.contenttypes",
                "django.contrib.sessions",
                "django.contrib.sites",
            ],
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        )
        django.setup()


def module_of(pattern: Pattern) -> ModuleType:
    return importlib.import_module(pattern.file.removesuffix(".py").replace("/", ".").removesuffix(".__init__"))


def holder_of(pattern: Pattern) -> object:
    """The class or module that a pattern's function is looked up on; None where it is made inside a function."""
    holder: object = module_of(pattern)
    for part in pattern.function.split(".")[:-1]:
        holder = getattr(holder, part, None)
    return holder


def is_defined(pattern: Pattern) -> bool:
    name = pattern.function.rpartition(".")[2]
    if "<locals>" in pattern.function:
        text = inspect.getsource(module_of(pattern))
        holders = [part for part in pattern.function.split(".")[:-1] if part != "<locals>"]
        return f"def {name}(" in text and all(f"class {h}" in text or f"def {h}(" in text for h in holders)
    holder = holder_of(pattern)
    found = vars(holder).get(name) if holder is not None else None
    return found is not None


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in ROWS] + PROOF_ROWS + [GUARD], ids=lambda p: p.function)
def test_the_frame_exists(pattern: Pattern) -> None:
    assert is_defined(pattern)


RENAMED = [
    (pattern, fix)
    for pattern, call in ROWS
    for fix in call.fixes
    if fix.rewrite and fix.rewrite.how == "rename" and "<locals>" not in pattern.function
]


@pytest.mark.parametrize(("pattern", "fix"), RENAMED, ids=[pattern.function for pattern, _ in RENAMED])
def test_the_replacement_is_there_since_the_version_said(pattern: Pattern, fix: Fix) -> None:
    """Present where it is said to be, and not offered later than it came."""
    assert fix.rewrite is not None
    replacement = getattr(holder_of(pattern), fix.rewrite.new, None)
    assert (replacement is not None) == exists_in(fix, INSTALLED)
    assert replacement is None or inspect.iscoroutinefunction(replacement)
