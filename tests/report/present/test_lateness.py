"""How late the loop is, in every format that has room for it."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from asyncspy.model.findings import Culprit
from asyncspy.model.observed import LocatedMoment, LoopLateness
from asyncspy.model.stacks import Frame, Origin
from asyncspy.report import FORMATS
from asyncspy.report.view import View
from tests.report import examples
from tests.report.test_json_report import closed, schema

AT = 1_795_226_531.4
OWN = Culprit(Frame("checkout", "/srv/shop/shop/views.py", 97))
BANDS = ((0.0, 0.9), (0.005, 0.04), (0.02, 0.03), (0.1, 0.02), (0.5, 0.01), (2.0, 0.0))
LOOP = LoopLateness(
    7, "MainThread", "uvloop.Loop", 60.0, 0.001, 0.13, 1.2, BANDS,
    (LocatedMoment(1.2, AT, OWN, "samples"), LocatedMoment(0.4, AT), LocatedMoment(0.004, AT)),
)  # fmt: skip
COUNTED = Origin("asyncspy hook", "exact", duration=60.0, alongside=True)
ANALYSIS = replace(examples.typical, lateness=(LOOP,), origins=(COUNTED,))


def words(form: str, **changed: object) -> str:
    said = FORMATS[form](replace(ANALYSIS, **changed), View(root="/srv/shop"))  # type: ignore[arg-type]
    return " ".join(said.replace("\\", "").replace("│", " ").split())


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_each_format_says_how_late_when_and_at_which_line(form: str) -> None:
    said = words(form)
    assert "The loop is late by at most 1 ms half of the time, by at most 130 ms for 99% of it" in said
    assert "3.0% of the time by 100 ms or more" in said
    assert "Late by 1.2s at 2026-11-21 02:02:11 UTC, while shop/views.py:97 was on the loop." in said
    assert "Late by 400 ms at 2026-11-21 02:02:11 UTC." in said
    assert "Late by 4 ms" not in said
    assert "py-spy stopped the process" not in said


def test_that_py_spy_is_part_of_it_is_said() -> None:
    assert "py-spy stopped the process" in words("terminal", origins=(COUNTED, Origin("py-spy", "gil", 100, 10.0)))


def test_several_loops_are_told_apart_and_one_that_ended_early_says_why() -> None:
    other = replace(LOOP, thread="Thread-3", moments=(), off="took more than 1% of the loop's time")
    said = words("terminal", lateness=(LOOP, other, replace(LOOP, pid=9), replace(LOOP, pid=10)))
    assert "That of pid 7, thread Thread-3 is late" in said
    assert "That of pid 9 is late" in said
    assert "Measuring ended early there: it took more than 1% of the loop's time." in said
    assert "1 more loop" in said


def test_nothing_is_said_where_nothing_was_measured() -> None:
    for form in FORMATS:
        assert "How late" not in words(form, lateness=())
    assert "lateness" not in json.loads(FORMATS["json"](examples.typical, View()))


def test_json_has_the_figures_as_its_schema_says() -> None:
    told = json.loads(FORMATS["json"](ANALYSIS, View()))
    jsonschema.Draft202012Validator(closed(schema())).validate(told)
    (loop,) = told["lateness"]
    assert (loop["worst"], loop["bands"][3]) == (1.2, {"from_seconds": 0.1, "share": 0.02})
    assert loop["moments"][0] == {
        "seconds": 1.2, "at": AT, "known_by": "samples",
        "line": {"function": "checkout", "file": "/srv/shop/shop/views.py", "line": 97, "package": None},
    }  # fmt: skip
