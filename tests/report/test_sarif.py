"""The SARIF log against the published schema, and what code scanning makes of it: places, fingerprints, messages."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Culprit
from asyncspy.report import FORMATS
from asyncspy.report.present.finding_kinds import KIND_WORDS
from tests.report import examples
from tests.report.hostile import ATTACKS, with_names
from tests.report.views import view

SCHEMA = json.loads(Path(__file__).with_name("sarif-2.1.0-rtm.5.json").read_text("utf-8"))


def log(analysis: Analysis, **changed: object) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(FORMATS["sarif"](analysis, view(**changed)))  # type: ignore[arg-type]
    return loaded


def results(analysis: Analysis, **changed: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = log(analysis, **changed)["runs"][0]["results"]
    return found


def check(document: dict[str, Any]) -> None:
    jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(document)


@pytest.mark.parametrize("name", examples.ALL)
def test_every_log_is_valid_by_the_published_schema(name: str) -> None:
    document = log(examples.ALL[name])
    check(document)
    assert len(document["runs"][0]["results"]) == len(examples.ALL[name].findings)


def test_the_schema_would_miss_what_is_wrong() -> None:
    document = log(examples.one)
    document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    with pytest.raises(jsonschema.ValidationError):
        check(document)


def test_a_result_stands_at_the_line_to_change_below_the_repository() -> None:
    (result,) = results(examples.one)
    (place,) = result["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "shop/pricing.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 22},
    }
    assert (result["ruleId"], result["level"]) == ("async-unsafe", "error")
    assert result["message"]["text"].startswith("helper_count calls QuerySet.count on the event loop (44 of 17,412")
    assert "Fix: await the a-method: .acount(…)" in result["message"]["text"]
    (flow,) = result["codeFlows"]
    way = [step["location"]["message"]["text"] for step in flow["threadFlows"][0]["locations"]]
    assert way[0] == "checkout"
    assert way[-1] == "SQLCompiler.execute_sql"


def test_paths_are_those_of_the_checkout_where_that_holds_the_app() -> None:
    (result,) = results(examples.one, repository="/srv")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "shop/shop/pricing.py"


def test_a_file_beyond_both_is_absolute() -> None:
    (result,) = results(examples.one, root="/somewhere/else")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///srv/shop/shop/pricing.py"}


def test_the_rule_of_each_result_is_there() -> None:
    for analysis in (examples.typical, examples.costly, examples.waiting):
        run = log(analysis)["runs"][0]
        for result in run["results"]:
            assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert len(KIND_WORDS) == 6


def test_a_fingerprint_outlives_a_move_of_its_line_and_a_change_of_its_weight() -> None:
    def moved(line: int) -> Analysis:
        frame = examples.own.culprit.frame._replace(line=line)
        return replace(examples.one, findings=(replace(examples.own, culprit=Culprit(frame), share=None),))

    prints = [results(analysis)[0]["partialFingerprints"] for analysis in (examples.one, moved(22), moved(90))]
    assert prints[0] == prints[1] == prints[2]


def test_fingerprints_tell_all_findings_apart() -> None:
    twice = replace(examples.typical, findings=(*examples.typical.findings, examples.own))
    prints = [result["partialFingerprints"]["asyncspy/v1"] for result in results(twice)]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_names_are_neither_links_nor_placeholders_nor_other_files(attack: str) -> None:
    document = log(with_names(ATTACKS[attack]))
    check(document)
    for text in messages(document):
        assert not re.search(r"(?<!\\)(?:\\\\)*\[[^]]*[^\\]\]\(", text)
        assert not re.search(r"(?<!\{)(?:\{\{)*\{\d", text)
        assert all(char.isprintable() for char in text)
    for uri in uris(document):
        parts = urlsplit(uri)
        assert parts.scheme in {"", "file"}
        assert not parts.netloc
        assert not parts.query
        assert not parts.fragment
        assert uri.isascii()
        assert not re.search(r"[\s<>\"{}|\\^`]", uri)


def messages(node: Any) -> list[str]:
    if isinstance(node, list):
        return [text for item in node for text in messages(item)]
    if not isinstance(node, dict):
        return []
    own = [node["message"]["text"]] if "message" in node else []
    return own + [text for item in node.values() for text in messages(item)]


def uris(document: dict[str, Any]) -> list[str]:
    return re.findall(r'"uri": "([^"]*)"', json.dumps(document["runs"][0]["results"]))


def test_a_name_is_encoded_and_can_be_had_back() -> None:
    frame = examples.own.culprit.frame._replace(file="/srv/shop/shop/prix été?#.py")
    (result,) = results(replace(examples.one, findings=(replace(examples.own, culprit=Culprit(frame)),)))
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri) == "shop/prix été?#.py"
