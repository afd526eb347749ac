"""Where tasks wait, and what became of that, in every format."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import pytest

from asyncspy.analyse.compare.waiting import compare_waiting
from asyncspy.analyse.flame_graph import build_waiting_graph
from asyncspy.model.comparisons import Comparison
from asyncspy.model.findings import Culprit, Interval
from asyncspy.model.stacks import ChainFrame, Frame
from asyncspy.model.waiting import AwaitedKind, AwaitedShare, Waiting, WaitingLine
from asyncspy.report import COMPARISON_FORMATS, FORMATS
from asyncspy.report.view import View
from tests.report import examples
from tests.report.test_json_report import closed, schema

VIEWS = "/srv/shop/shop/views.py"
PAGE = Frame("page", VIEWS, 90)


def waits(line: int, share: float, kind: AwaitedKind, package: str | None = None) -> WaitingLine:
    chain = (ChainFrame("page", VIEWS, 90), ChainFrame("checkout", VIEWS, line), ChainFrame("ask", "/x.py", 1, package))
    interval = Interval(share, max(0.0, share - 0.04), min(1.0, share + 0.04))
    culprit = Culprit(Frame("checkout", VIEWS, line))
    return WaitingLine(culprit, kind, package, 12 * share, interval, ("async view", PAGE), chain)


def of(*lines: WaitingLine, evidence: float = 300.0) -> Waiting:
    kinds = tuple(AwaitedShare(line.kind, line.tasks, line.share) for line in lines)
    return Waiting(240, 12.0 if lines else 0.0, evidence if lines else 0.0, kinds, lines)


WAITING = replace(of(waits(97, 0.6, "database", "psycopg"), waits(12, 0.4, "hop-queue")), clients=3.0)


def words(form: str, waiting: Waiting | None) -> str:
    said = FORMATS[form](replace(examples.typical, waiting=waiting), View(root="/srv/shop"))
    return " ".join(said.replace("\\", "").replace("**", "").split())


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_each_format_says_where_and_for_what(form: str) -> None:
    said = words(form, WAITING)
    assert "On average 12.0 tasks waited, in 240 looks: 60% for the database, 40% for a thread to take" in said
    assert (
        "60% (95%: 56–64%) at shop/views.py:97 checkout, for the database (psycopg); from async view shop/views.py:90"
        in said
    )
    assert "Besides, on average 3.0 tasks waited for what a client sends." in said


def test_few_waits_give_no_shares_and_none_is_said() -> None:
    few = words("terminal", of(waits(97, 1.0, "sleep"), evidence=2.0))
    assert "too few waits" in few
    assert "100%" not in few.partition("Where requests and tasks wait")[2].partition("too few waits")[2][:200]
    assert "In 240 looks at the loop's tasks, none" in words("terminal", of())
    assert "Where requests and tasks wait" not in words("terminal", None)


def test_that_looking_ended_early_is_said() -> None:
    assert "Looking ended early in a worker: a look took 30 ms." in words(
        "terminal", replace(WAITING, off="took 30 ms")
    )


def test_json_is_as_its_schema_says() -> None:
    told = json.loads(FORMATS["json"](replace(examples.typical, waiting=WAITING), View()))
    jsonschema.Draft202012Validator(closed(schema())).validate(told)
    first = told["waiting"]["lines"][0]
    assert (first["line"], first["awaits"], first["awaited_package"]) == (97, "database", "psycopg")
    assert first["entry"] == {**PAGE._asdict(), "kind": "async view"}


def test_the_page_draws_what_is_awaited_above_the_line() -> None:
    graph = build_waiting_graph(WAITING)
    page = FORMATS["html"](replace(examples.typical, waiting=WAITING, flames=(graph,)), View(root="/srv/shop"))
    assert "What requests and tasks wait for" in page
    assert "psycopg: 7.20 tasks on average, 60% of all that wait" in page
    assert "checkout (shop/views.py:97): 7.20 tasks" in page


def changes(before: Waiting, after: Waiting) -> dict[int, str]:
    return {change.line.culprit.frame.line: change.change for change in compare_waiting(before, after)}


def test_what_became_of_each_line_is_told_from_chance() -> None:
    before = of(waits(97, 0.6, "database", "psycopg"), waits(12, 0.4, "hop-queue"))
    assert changes(before, before) == {97: "same", 12: "same"}
    assert changes(before, of(waits(97, 0.1, "database", "psycopg"), waits(12, 0.9, "hop-queue"))) == {
        97: "less", 12: "more"
    }  # fmt: skip
    assert changes(before, of(waits(12, 1.0, "hop-queue"))) == {97: "gone", 12: "more"}
    assert changes(of(waits(12, 1.0, "hop-queue")), before) == {97: "new", 12: "less"}
    few = of(waits(97, 0.2, "sleep"), waits(12, 0.8, "hop-queue"), evidence=6)
    assert changes(few, of(waits(12, 1.0, "hop-queue"), evidence=6)) == {97: "not-seen-yet", 12: "same"}
    assert compare_waiting(None, before) == ()


def test_a_line_that_moved_is_the_same_and_other_things_on_it_are_not() -> None:
    before, after = of(waits(97, 1.0, "sleep")), of(waits(99, 1.0, "sleep"))
    assert changes(before, after) == {99: "same"}
    assert sorted(changes(before, of(waits(99, 1.0, "lock"))).values()) == ["gone", "new"]


@pytest.mark.parametrize("form", COMPARISON_FORMATS)
def test_a_comparison_says_it_in_each_format(form: str) -> None:
    before, after = of(waits(97, 0.6, "sleep"), waits(12, 0.4, "lock")), of(waits(12, 1.0, "lock"))
    comparison = Comparison(examples.typical, examples.typical, (), waiting=compare_waiting(before, after))
    said = COMPARISON_FORMATS[form](comparison, View(root="/srv/shop"))
    if form != "json":
        said = " ".join(said.replace("\\", "").replace("**", "").split())
        assert "Gone: shop/views.py:97 checkout, for time to pass: 60% (95%: 56–64%) before, none after." in said
        return
    text = resources.files("asyncspy.report").joinpath("schema/diff-1.json").read_text("utf-8")
    contract: dict[str, Any] = json.loads(text)
    told = json.loads(said)
    jsonschema.Draft202012Validator(contract).validate(told)
    assert [(each["line"], each["change"]) for each in told["waiting"]] == [(12, "more"), (97, "gone")]
