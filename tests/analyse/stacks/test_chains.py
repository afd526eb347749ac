"""Comprehensions, recursion and decorators: the right line, the view as the entry, and a readable chain."""

from __future__ import annotations

import warnings
from functools import cache

import pytest
from django.test import AsyncClient, override_settings

from asyncspy.analyse import analyse
from asyncspy.analyse.stacks.chains import collapse_repeats
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import ChainFrame, Profile, Stack
from asyncspy.report import FORMATS, View
from tests.analyse import pages
from tests.analyse.unsafe.every_stack import needs_classes, stacks_of
from tests.analyse.unsafe.test_every_stack import _database as _database  # noqa: PLC0414 - a fixture

# shape: (the line's mark, the culprit, the entry)
EXPECTED = {
    "plain": ("total", "total", "plain"),
    "decorated": ("total", "total", "decorated"),
    "class": ("total", "total", "Basket.get"),
    "decorated-class": ("total", "total", "TimedBasket.get"),
    "partial": ("total", "total", "of_kind"),
    "comprehension": ("comprehension", "comprehension", "comprehension"),
    "nested": ("nested", "nested", "nested"),
    "generator": ("generator", "generator", "generator"),
    "lambda": ("by_lambda", "by_lambda.<locals>.<lambda>", "by_lambda"),
    "recursive": ("fib", "fib", "recursive"),
    "in-turn": ("even", "even", "in_turn"),
    "generated": ("total", "total", "generated"),
    "async-generator": ("numbers", "numbers", "async_generator"),
    "instrumented": ("instrumented", "instrumented", "instrumented"),
}


@cache
def recorded(shape: str, *, allowed: bool) -> Profile:
    with override_settings(ROOT_URLCONF="tests.analyse.pages", MIDDLEWARE=[]), warnings.catch_warnings():
        return stacks_of(lambda: AsyncClient().get(f"/{shape}"), allowed=allowed)


def finding(shape: str, *, allowed: bool = False) -> Finding:
    (found,) = analyse(recorded(shape, allowed=allowed)).findings
    return found


@needs_classes
@pytest.mark.parametrize(("shape", "allowed"), [*((shape, False) for shape in EXPECTED), ("instrumented", True)])
def test_the_line_the_culprit_and_the_entry(shape: str, allowed: bool) -> None:
    mark, culprit, entry = EXPECTED[shape]
    found = finding(shape, allowed=allowed)
    frame = found.culprit.frame
    assert (frame.file, frame.line, frame.function) == (pages.__file__, pages.marked(mark), culprit)
    assert found.culprit.package is None
    assert [(one.kind, one.frame.function) for one in found.entries] == [("async view", entry)]
    assert found.allowed is allowed


@needs_classes
@pytest.mark.parametrize("shape", EXPECTED)
def test_the_chain_is_readable_from_the_view_to_the_culprit(shape: str) -> None:
    _, culprit, entry = EXPECTED[shape]
    names = [link.function for link in finding(shape).chain]
    assert names[0] == entry
    assert culprit in names
    assert not [name for name in names if "<listcomp>" in name or "<genexpr>" in name or "wrapper" in name]


def test_recursion_is_counted_and_shown_once() -> None:
    (link,) = [link for link in finding("recursive").chain if link.function == "fib"]
    assert link.repeats == 7
    shown = FORMATS["terminal"](analyse(recorded("recursive", allowed=False)), View(width=120))
    assert "fib ×7" in shown
    assert shown.count("fib ") < 4
    assert "fib x7" in FORMATS["terminal"](analyse(recorded("recursive", allowed=False)), View(width=120, ascii=True))


def test_functions_that_call_each_other_in_turn_are_counted_too() -> None:
    own = [(link.function, link.repeats) for link in finding("in-turn").chain if link.package is None]
    assert own == [("in_turn", 1), ("even", 3), ("odd", 3), ("even", 1)]


@pytest.mark.parametrize(
    ("functions", "expected"),
    [
        ("a b c", "a b c"),
        ("a a a b", "a×3 b"),
        ("a b a b a b c", "a×3 b×3 c"),
        ("a b c a b c", "a×2 b×2 c×2"),
        ("", ""),
    ],
)
def test_repeats(functions: str, expected: str) -> None:
    links = collapse_repeats([ChainFrame(name, "shop/x.py", at) for at, name in enumerate(functions.split())])
    assert " ".join(f"{one.function}×{one.repeats}" if one.repeats > 1 else one.function for one in links) == expected


@needs_classes
def test_the_same_fault_by_several_shapes_is_one_finding_with_their_entries() -> None:
    stacks: dict[Stack, int] = {}
    for shape in ("plain", "decorated", "class", "partial", "generated"):
        stacks |= recorded(shape, allowed=False).stacks
    (found,) = analyse(Profile(stacks)).findings
    assert {one.frame.function for one in found.entries} == {"plain", "decorated", "Basket.get", "of_kind", "generated"}
    assert sum(one.weight for one in found.entries) == found.evidence.samples
