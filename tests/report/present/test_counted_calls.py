"""A count is said as what it is: calls, seconds, a rate; in every format."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import CountedCalls, Evidence
from asyncspy.model.stacks import Origin
from asyncspy.report import FORMATS
from asyncspy.report.present.evidence import call_rate, evidence
from asyncspy.report.present.recording_summary import recording_warnings
from asyncspy.report.view import View
from tests.report import examples

COUNTED = Origin("asyncspy hook", "exact", duration=60.0, alongside=True)
FINDING = replace(
    examples.crowded.findings[0],
    evidence=Evidence(exact=41),
    share=None,
    captured=CountedCalls(41, 3, 60.0, "2026", "2027"),
)
ANALYSIS = replace(examples.crowded, findings=(FINDING,), origins=(COUNTED,))


@pytest.mark.parametrize("form", ["terminal", "markdown", "html", "sarif"])
def test_each_format_says_how_many_in_how_long(form: str) -> None:
    said = " ".join(FORMATS[form](ANALYSIS, View()).split())
    assert "exact: 41 calls in 1m" in said
    assert "41 a minute" in said


def test_json_has_the_figures() -> None:
    told = json.loads(FORMATS["json"](ANALYSIS, View()))
    assert told["findings"][0]["captured"] == {
        "times": 41, "passed": 3, "seconds": 60.0, "first": "2026", "last": "2027"
    }  # fmt: skip
    assert told["origins"][0]["mode"] == "exact"


@pytest.mark.parametrize(
    ("per_second", "said"), [(28.52, "28.5 a second"), (1, "1 a second"), (0.5, "30 a minute"), (0.001, "3.6 an hour")]
)
def test_rates_are_said_in_the_unit_that_makes_them_one_at_least(per_second: float, said: str) -> None:
    assert call_rate(per_second) == said


def test_what_was_let_pass_and_what_was_too_much_is_said() -> None:
    assert evidence(FINDING, View()) == "41 counted at the guard, 3 of them let pass, first 2026, last 2027"
    assert recording_warnings((replace(COUNTED, beyond=7),)) == [
        "7 calls more reached the guard than could be kept with their way there: too many at once, or too many ways."
    ]


def test_none_counted_is_said_without_samples() -> None:
    none = Analysis("none-seen", replace(examples.none_seen.samples, total=0, loop=0), origins=(COUNTED,))
    said = " ".join(FORMATS["terminal"](none, View()).split())
    assert "Every call that reached Django's guard on an event loop was counted for 1m" in said
    assert "None was missed while it was counted" in said
    assert "loop sample" not in said
