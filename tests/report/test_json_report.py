from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import pytest

from asyncspy.model.analysis import Analysis
from asyncspy.report import FORMATS
from tests.report import examples
from tests.report.views import view

EVERY_EXAMPLE = pytest.mark.parametrize("name", examples.ALL)


def schema() -> dict[str, Any]:
    text = resources.files("asyncspy.report").joinpath("schema/report-1.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def document(analysis: Analysis) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(FORMATS["json"](analysis, view()))
    return loaded


def closed(node: Any) -> Any:
    """The schema, with every key that it does not name forbidden."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: closed(value) for key, value in node.items()}
    return {**kept, "additionalProperties": False} if isinstance(node.get("properties"), dict) else kept


@EVERY_EXAMPLE
def test_reports_keep_the_published_contract_and_say_nothing_beyond_it(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(closed(schema())).validate(document(examples.ALL[name]))


@pytest.mark.parametrize("key", ["verdict", "samples", "findings", "inputs"])
def test_the_contract_is_missed_when_a_key_is(key: str) -> None:
    broken = document(examples.typical)
    del broken[key]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema())


def test_the_contract_of_the_first_release() -> None:
    report = document(examples.one)
    assert report["schema_version"] == 1
    assert report["verdict"] == "violations"
    assert report["samples"] == {"total": 18790, "loop": 17412, "pool": 1180, "sync": 0, "idle": 190, "other": 8}
    (finding,) = report["findings"]
    assert finding["kind"] == "async-unsafe"
    assert finding["evidence"] == {"reached": 5, "heading": 39, "logged": 0, "exact": 0, "sampled": 0}
    assert finding["allowed"] is False
    assert finding["culprit"] == {
        "function": "helper_count",
        "file": "/srv/shop/shop/pricing.py",
        "line": 22,
        "package": None,
        "distribution": None,
        "by_name": False,
    }
    assert finding["entry"] == {
        "function": "checkout",
        "file": "/srv/shop/shop/views.py",
        "line": 25,
        "kind": "async view",
    }
    assert finding["call"] == "QuerySet.count"
    assert finding["sink"] == "SQLCompiler.execute_sql"
    assert finding["remedy"][0] == {
        "text": "await the a-method: .acount(…)",
        "since": "4.1",
        "code": "return await User.objects.filter(is_active=True).acount()",
        "note": None,
    }
    assert finding["chain"][2] == {
        "function": "helper_count",
        "file": "/srv/shop/shop/pricing.py",
        "line": 22,
        "package": None,
        "repeats": 1,
    }
    assert finding["chain"][3]["package"] == "django"
    assert [round(entry["share"], 2) for entry in finding["entries"]] == [0.82, 0.18]
    assert finding["share"] == {"share": 0.002527, "low": 0.001883, "high": 0.003391}
    assert report["reach"]["unseen_share"] == 0.000172
    assert report["reach"]["catch_interval_seconds"] == 1.59
    assert report["origins"][0]["target"]["django"] == "5.2.19"
    assert report["root"] == "/srv/shop"


def test_inputs_are_listed_with_what_they_lost() -> None:
    assert document(examples.crowded)["inputs"][1] == {
        "path": "flame.svg",
        "format": "py-spy SVG",
        "stacks": 404,
        "dropped": 3,
        "notes": ["frames under 0.1% of the samples are not in an SVG"],
    }


def test_a_finding_without_entries_enters_at_its_culprit() -> None:
    finding = replace(examples.own, entries=(), share=None, sink=None)
    shown = document(replace(examples.one, findings=(finding,)))["findings"][0]
    assert shown["entry"] == {
        "function": "helper_count",
        "file": "/srv/shop/shop/pricing.py",
        "line": 22,
        "kind": None,
    }
    assert shown["entries"] == []
    assert shown["share"] is None


def test_hostile_names_are_inert_and_survive() -> None:
    text = FORMATS["json"](examples.hostile_all, view())
    assert all(char == "\n" or " " <= char <= "~" for char in text)
    assert json.loads(text)["findings"][0]["call"] == examples.HOSTILE.replace("\ud800", r"\ud800")


def test_lone_surrogates_do_not_break_strict_parsers() -> None:
    json.dumps(document(examples.hostile_all), ensure_ascii=False).encode("utf-8")


def test_numbers_that_are_none_become_null() -> None:
    report = document(examples.hostile_all)
    assert report["reach"]["unseen_share"] is None
    assert report["reach"]["catch_interval_seconds"] is None
    assert report["origins"][0]["duration"] is None


def test_the_same_analysis_gives_the_same_text() -> None:
    assert FORMATS["json"](examples.typical, view()) == FORMATS["json"](examples.typical, view())


def test_the_formats_by_name() -> None:
    assert list(FORMATS) == ["terminal", "json", "html", "markdown", "sarif"]
