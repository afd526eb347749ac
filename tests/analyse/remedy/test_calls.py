"""Every row of the rules names something that Django has, and gives the right version for its replacement."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import django
import pytest

from asyncspy.analyse.remedy.calls import CALLS
from asyncspy.analyse.remedy.fixes import UNEVALUATED_RESULTS, Fix
from asyncspy.analyse.remedy.remedies import exists_in, parse_version
from asyncspy.analyse.stacks.entries import CALLBACK_CALLERS, DISPATCHERS
from asyncspy.analyse.stacks.pattern import Pattern
from asyncspy.analyse.stacks.sinks import GUARD, SINKS
from tests.analyse.remedy.django_names import configure, has_twin, holder_of, is_defined, named, renamed

configure()

INSTALLED = django.get_version()
FIRST_RELEASE = json.loads((Path(__file__).parents[3] / "fixtures" / "django" / "first-release.json").read_text())
RULES = [
    pattern
    for pattern, _ in [*CALLS, *SINKS, *DISPATCHERS, *UNEVALUATED_RESULTS, *CALLBACK_CALLERS]
    if pattern.file.startswith("django/")
]
OTHERS = ("rest_framework/", "channels/", "ninja/", "uvicorn/", "asgiref/", "hypercorn/")
THIRD_PARTIES = [
    pattern
    for pattern, _ in [*CALLS, *DISPATCHERS, *UNEVALUATED_RESULTS, *CALLBACK_CALLERS]
    if pattern.file.startswith(OTHERS)
]
RENAMED = renamed()
FIXES = [*(fix for _, call in CALLS for fix in call.fixes), *(fix for _, fixes in UNEVALUATED_RESULTS for fix in fixes)]
IN_WORDS = sorted({(name, fix) for fix in FIXES for name in named(fix)})
IN_EVERY_RELEASE = {
    f"{holder}.{twin}": "4.2"
    for holder in ("RelatedManager", "ManyRelatedManager", "GenericRelatedObjectManager")
    for twin in ("acreate", "aget_or_create", "aupdate_or_create")
}
"""Related managers have these since 4.1.4 only; before, they were the queryset's, which leave the relation out."""

ONLY_FROM = {"GenericForeignKeyDescriptor.__get__": (6, 1)}
ONLY_UNTIL = {"GenericForeignKey.__get__": (6, 0)}


@pytest.mark.parametrize("pattern", [*RULES, GUARD], ids=lambda pattern: pattern.function)
def test_the_frame_exists(pattern: Pattern) -> None:
    release = parse_version(INSTALLED) or (0, 0)
    first, last = ONLY_FROM.get(pattern.function, (0, 0)), ONLY_UNTIL.get(pattern.function, (99, 0))
    assert is_defined(pattern) == (first <= release <= last)


@pytest.mark.parametrize("pattern", THIRD_PARTIES, ids=lambda pattern: pattern.function)
def test_the_frame_of_a_third_party_exists(pattern: Pattern) -> None:
    pytest.importorskip(pattern.file.partition("/")[0])
    assert is_defined(pattern)


@pytest.mark.parametrize(("pattern", "fix"), RENAMED, ids=[pattern.function for pattern, _ in RENAMED])
def test_the_replacement_came_with_the_release_that_is_said(pattern: Pattern, fix: Fix) -> None:
    """The table was recorded from the releases themselves: fixtures/django/record.py."""
    assert fix.rewrite is not None
    holder = pattern.function.rpartition(".")[0].rpartition(".")[2]
    key = f"{pattern.file}: {pattern.function} -> {fix.rewrite.new}"
    assert key in FIRST_RELEASE, f"run fixtures/django/record.py, as its docstring says, to record {key}"
    first = FIRST_RELEASE[key]
    assert fix.since == IN_EVERY_RELEASE.get(f"{holder}.{fix.rewrite.new}", first)


@pytest.mark.parametrize(("pattern", "fix"), RENAMED, ids=[pattern.function for pattern, _ in RENAMED])
def test_the_installed_django_has_it_or_not_as_said(pattern: Pattern, fix: Fix) -> None:
    assert fix.rewrite is not None
    assert has_twin(pattern, fix.rewrite.new) == exists_in(fix, INSTALLED)
    replacement = getattr(holder_of(pattern), fix.rewrite.new, None)
    assert replacement is None or inspect.iscoroutinefunction(replacement)


@pytest.mark.parametrize(("name", "fix"), IN_WORDS, ids=[f"{name} in {fix.text[:30]}" for name, fix in IN_WORDS])
def test_what_is_named_in_words_came_with_the_release_that_is_said(name: str, fix: Fix) -> None:
    """A fix that names several is as new as the newest of them."""
    assert fix.since is not None
    releases = {other: FIRST_RELEASE[f"in words: {other}"] for other in named(fix)}
    assert parse_version(fix.since) == max(parse_version(release) or (0, 0) for release in releases.values())
