"""Dumps of servers that really hung, read again far from them: verdict and lines are those that were planted."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from asyncspy.cli import commands

FIXTURES = Path(__file__).parents[2] / "fixtures"
HANGS = FIXTURES / "hangs"
INDEX: dict[str, dict[str, Any]] = json.loads((FIXTURES / "hangs.json").read_text())
SCHEMA = json.loads(resources.files("asyncspy.report").joinpath("schema/report-1.json").read_text("utf-8"))
PLANTED = {name: told for name, told in INDEX.items() if "lines" in told}


def reported(*paths: Path) -> dict[str, Any]:
    ran = CliRunner().invoke(commands, ["report", "--format", "json", *map(str, paths)])
    assert ran.exit_code == 0, ran.output
    report = json.loads(ran.stdout)
    jsonschema.validate(report, SCHEMA)
    hang: dict[str, Any] = report["hang"]
    return hang


def test_the_index_tells_of_every_folder() -> None:
    assert {folder.name for folder in HANGS.iterdir()} == set(INDEX)


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_what_was_planted_is_told(name: str) -> None:
    planted, hang = PLANTED[name], reported(HANGS / name)
    assert [hang["verdict"]] == planted["verdicts"], hang["grounds"]
    assert hang["certain"] == planted["certain"]
    assert [f"{each['file']}:{each['line']}" for each in hang["culprits"]] == planted["lines"]
    assert [each["waits_for"] for each in hang["culprits"]] == [planted["waits_for"]]
    assert [known.partition(":")[0] for known in hang["known"]] == ([planted["known"]] if planted["known"] else [])


@pytest.mark.parametrize("name", sorted(set(INDEX) - set(PLANTED)))
def test_a_twin_is_no_deadlock(name: str) -> None:
    assert reported(HANGS / name)["verdict"] in INDEX[name]["verdicts"]


@pytest.mark.parametrize("name", sorted(INDEX))
def test_without_the_account_nothing_is_certain_that_needs_it(name: str) -> None:
    """py-spy's own files alone: no times, no counters, no code. What is innocent stays no deadlock."""
    hang = reported(*sorted((HANGS / name).glob("dump-*.json")))
    if name not in PLANTED:
        assert hang["verdict"] != "deadlock"
    elif hang["verdict"] == "deadlock":
        assert PLANTED[name]["verdicts"] == ["deadlock"]


@pytest.mark.parametrize("name", sorted(name for name, told in PLANTED.items() if told["verdicts"] != ["idle"]))
def test_the_terminal_quotes_the_planted_line(name: str) -> None:
    ran = CliRunner().invoke(commands, ["report", str(HANGS / name)])
    assert ran.exit_code == 0, ran.output
    assert "# planted" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", sorted(INDEX))
def test_the_terminal_names_every_line_that_json_names(name: str) -> None:
    """Of py-spy's own files, beside which no code was saved."""
    files = sorted(map(str, (HANGS / name).glob("dump-*.json")))
    said = CliRunner().invoke(commands, ["report", *files]).stdout
    for culprit in reported(*map(Path, files))["culprits"]:
        own = f"{culprit['file'].rpartition('/')[2]}:{culprit['line']}"
        assert (own if culprit["package"] is None else culprit["function"]) in said
