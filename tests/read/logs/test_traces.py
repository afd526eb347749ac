"""Tracebacks in the files of other tools are found, each once, and the local variables beside them never come out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from asyncspy.cli import commands
from asyncspy.errors import InputError
from asyncspy.read import load
from tests.read.fixtures import FIXTURES
from tests.read.logs.test_log_file import counted

TRACES = FIXTURES / "traces"
MADE = json.loads((FIXTURES / "traces.json").read_text())
SECRET = "hunter2"


def test_every_file_has_its_planted_counts() -> None:
    assert {path.name for path in TRACES.iterdir()} == set(MADE)


@pytest.mark.parametrize("name", sorted(MADE))
def test_all_that_was_planted_is_found_and_nothing_else(name: str) -> None:
    profile = load(TRACES / name)
    assert profile.inputs[0].format == "log"
    assert counted(profile) == MADE[name]["planted"]


@pytest.mark.parametrize("name", sorted(MADE))
@pytest.mark.parametrize("form", ["terminal", "json", "markdown", "html", "sarif"])
def test_no_secret_comes_out(name: str, form: str) -> None:
    shown = CliRunner().invoke(commands, ["report", "--format", form, "--unfold", str(TRACES / name)])
    assert shown.exit_code == 0
    assert SECRET not in shown.output
    assert SECRET not in repr(load(TRACES / name))


def test_the_files_do_hold_secrets() -> None:
    holding = {name for name in MADE if SECRET in (TRACES / name).read_text()}
    assert holding >= {"sentry.envelopes.json", "django-500.html"}


def test_a_graphql_answer_without_tracebacks_names_the_field() -> None:
    profile = load(TRACES / "strawberry-bare.json")
    assert profile.events == {}
    assert profile.inputs[0].dropped == 2
    assert profile.inputs[0].notes == (
        "2 lines name SynchronousOnlyOperation without a traceback: where it was raised is not told",
        "fields of GraphQL answers in which it was raised: first.count",
    )


def test_an_answer_that_has_its_traceback_is_not_counted_by_its_field_as_well() -> None:
    assert load(TRACES / "ariadne-debug.json").inputs[0].dropped == 0


def test_a_page_that_is_cut_short_is_one_clear_error(tmp_path: Path) -> None:
    data = (TRACES / "django-500.html").read_bytes()
    for end in (len(data) // 2, data.index(b"</textarea>")):
        (tmp_path / "cut.html").write_bytes(data[:end])
        with pytest.raises(InputError, match="cut short"):
            load(tmp_path / "cut.html")
