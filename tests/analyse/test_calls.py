"""Every row of the rules names something that Django really has, and dates its replacement rightly."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import django
import pytest

from asyncspy.analyse.calls import CALLS, Fix
from asyncspy.analyse.pattern import Pattern
from asyncspy.analyse.remedies import exists_in
from asyncspy.analyse.sinks import GUARD, PROOFS
from tests.analyse.django_names import configure, holder_of, is_defined, renamed

configure()

INSTALLED = django.get_version()
FIRST_RELEASE = json.loads((Path(__file__).parents[2] / "fixtures" / "django" / "first-release.json").read_text())
RULES = [pattern for pattern, _ in [*CALLS, *PROOFS] if pattern.file.startswith("django/")]
RENAMED = renamed()


@pytest.mark.parametrize("pattern", [*RULES, GUARD], ids=lambda pattern: pattern.function)
def test_the_frame_exists(pattern: Pattern) -> None:
    assert is_defined(pattern)


@pytest.mark.parametrize(("pattern", "fix"), RENAMED, ids=[pattern.function for pattern, _ in RENAMED])
def test_the_replacement_came_with_the_release_that_is_said(pattern: Pattern, fix: Fix) -> None:
    """The table was recorded from the releases themselves: fixtures/django/record.py."""
    assert fix.rewrite is not None
    assert fix.since == FIRST_RELEASE[f"{pattern.file}: {pattern.function} -> {fix.rewrite.new}"]


@pytest.mark.parametrize(("pattern", "fix"), RENAMED, ids=[pattern.function for pattern, _ in RENAMED])
def test_the_installed_django_has_it_or_not_as_said(pattern: Pattern, fix: Fix) -> None:
    assert fix.rewrite is not None
    replacement = getattr(holder_of(pattern), fix.rewrite.new, None)
    assert (replacement is not None) == exists_in(fix, INSTALLED)
    assert replacement is None or inspect.iscoroutinefunction(replacement)
