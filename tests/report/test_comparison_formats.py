"""A comparison in every format: the contract of the JSON, the sentences, and names that nobody obeys."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len

from asyncspy.model.analysis import Analysis
from asyncspy.model.comparisons import ComparedFinding, Comparison, FindingChange
from asyncspy.model.findings import Culprit, Finding
from asyncspy.model.stacks import Frame
from asyncspy.report import COMPARISON_FORMATS
from tests.report import examples
from tests.report.html.test_page import Page
from tests.report.test_json_report import closed
from tests.report.views import view

SEEN = ComparedFinding(examples.own.culprit, 44, examples.own.share)


def difference(finding: Finding = examples.own, **changed: Any) -> FindingChange:
    known: dict[str, Any] = {
        "change": "gone",
        "finding": finding,
        "before": SEEN,
        "after": None,
        "chance": 0.0004,
        "work_before": 17_000,
        "work_after": 16_000,
    }
    return FindingChange(**{**known, **changed})


def comparison(*differences: FindingChange, after: Analysis = examples.none_seen) -> Comparison:
    return Comparison(examples.one, after, differences)


MOVED = replace(SEEN, culprit=Culprit(examples.own.culprit.frame._replace(line=19)))
EVERY = comparison(
    difference(change="new", before=None, after=SEEN),
    difference(change="more", after=replace(SEEN, samples=400), chance=1e-9),
    difference(change="not-seen-before", before=None, after=SEEN, chance=0.4),
    difference(change="same", before=MOVED, after=SEEN, chance=0.8),
    difference(change="less", after=SEEN),
    difference(change="not-seen-yet", chance=0.3, needed_seconds=720.0),
    difference(change="not-seen-yet", doubt="entry-not-seen"),
    difference(change="same", chance=None, doubt="not-sampled", before=replace(SEEN, samples=0, share=None, logged=3)),
    difference(),
)
HOSTILE_CULPRIT = Culprit(Frame(examples.HOSTILE, examples.HOSTILE, 3))
HOSTILE = comparison(
    difference(
        replace(examples.own, culprit=HOSTILE_CULPRIT, call=examples.HOSTILE),
        before=replace(SEEN, culprit=HOSTILE_CULPRIT),
    )
)


def schema() -> dict[str, Any]:
    text = resources.files("asyncspy.report").joinpath("schema/diff-1.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@pytest.mark.parametrize("shown", [EVERY, HOSTILE, comparison()])
def test_the_json_keeps_the_published_contract_and_says_nothing_beyond_it(shown: Comparison) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    contract = closed(schema())
    for free in ("samples", "inputs", "origins"):
        contract["$defs"]["recording"]["properties"][free] = {}
    jsonschema.Draft202012Validator(contract).validate(json.loads(COMPARISON_FORMATS["json"](shown, view())))


def test_the_contract_is_missed_when_a_key_is() -> None:
    broken = json.loads(COMPARISON_FORMATS["json"](EVERY, view()))
    del broken["differences"][0]["chance"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema())


def test_a_person_reads_what_became_of_each_and_why() -> None:
    said = COMPARISON_FORMATS["terminal"](EVERY, view(120))
    assert said.startswith("1 finding is gone, 2 are not seen yet, 1 has shrunk, 2 are as they were,")
    titles = ("GONE", "NOT SEEN YET", "LESS", "SAME", "NOT SEEN BEFORE", "MORE", "NEW")
    assert all(f"\n{title}  shop/pricing.py:22" in said for title in titles)
    assert "in 0.040% of pairs an unchanged app differs as much" in said
    assert "in under 0.0010% of pairs" in said
    assert "Record 8m 50s more at this rate and load (12m in all)" in said
    assert "moved   it was on line 19" in said
    assert "before  3 tracebacks in a log" in said
    assert "after   none; at most 0.019% of the loop's work (95%)" in said


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("shown", [EVERY, HOSTILE])
def test_nothing_is_wider_than_the_paper(shown: Comparison, width: int) -> None:
    assert all(cell_len(line) <= width for line in COMPARISON_FORMATS["terminal"](shown, view(width)).splitlines())


def test_hostile_names_are_only_shown() -> None:
    for form in ("terminal", "markdown"):
        text = COMPARISON_FORMATS[form](HOSTILE, view())
        assert all(char == "\n" or char.isprintable() for char in text)


def test_the_page_is_well_formed_has_no_script_and_obeys_no_name() -> None:
    made, hostile = Page(COMPARISON_FORMATS["html"](EVERY, view())), Page(COMPARISON_FORMATS["html"](HOSTILE, view()))
    plain = Page(COMPARISON_FORMATS["html"](comparison(difference()), view()))
    assert made.open == hostile.open == []
    assert hostile.elements == plain.elements
    assert "script" not in made.raw
    assert "script-src" not in made.policy
    assert made.targets == []
    assert "1 finding is gone, 2 are not seen yet" in made.shown
    assert "Record 8m 50s more at this rate and load (12m in all)" in made.shown


def test_what_makes_it_doubtful_is_said() -> None:
    said = COMPARISON_FORMATS["terminal"](replace(comparison(), load=0.094, left_out=("wall",)), view(120))
    assert "AFTER did 9.4% of the work per second that BEFORE did" in said
    assert "Only one of the two was recorded with --mode wall" in said
