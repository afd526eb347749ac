"""asyncspy diff on real recordings of one app, mended and not; in every format, and where it must refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from asyncspy.cli import commands

FIXTURES = Path(__file__).parents[2] / "fixtures"
EVERY, SELDOM, NEVER = (
    FIXTURES / "recordings" / f"uvicorn-asyncio-{often}.speedscope.json" for often in ("every1", "every40", "never")
)


def diff(*words: str | Path) -> Result:
    return CliRunner().invoke(commands, ["diff", *map(str, words)], prog_name="asyncspy")


def changes(*words: str | Path) -> list[tuple[str, str]]:
    done = diff(*words, "--format", "json")
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return [(one["function"], one["change"]) for one in answer["differences"]]


def test_a_mended_fault_is_gone_and_an_untouched_one_as_it_was() -> None:
    assert changes(EVERY, NEVER) == [("helper_count", "gone")]
    assert changes(EVERY, EVERY) == [("helper_count", "same")]
    assert changes(NEVER, EVERY) == [("helper_count", "new")]
    assert changes(NEVER, NEVER) == []


def test_a_rare_one_is_not_called_gone() -> None:
    assert changes(SELDOM, NEVER) == [("helper_count", "not-seen-yet")]


def test_what_a_person_reads_begins_with_the_answer() -> None:
    said = diff(EVERY, NEVER).stdout.splitlines()
    assert said[0] == "1 finding is gone."
    assert any(line.startswith("GONE") and "shop/pricing.py:9" in line for line in said)
    assert max(map(len, said)) <= 80


def test_other_modes_are_refused_with_what_to_do() -> None:
    done = diff(FIXTURES / "hops" / "gil-hops_once.json", FIXTURES / "hops" / "wall-sleeps.json")
    assert done.exit_code == 2
    assert "error: BEFORE was recorded in the mode gil, AFTER in the mode wall" in done.stderr
    assert " next: record AFTER as BEFORE was" in done.stderr


def test_folders_are_recordings_too(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(NEVER.read_bytes())
    (tmp_path / "two.json").write_bytes(NEVER.read_bytes())
    assert changes(EVERY, tmp_path) == [("helper_count", "gone")]


@pytest.mark.parametrize("words", [(), (EVERY,), (EVERY, NEVER, EVERY)])
def test_it_wants_two(words: tuple[Path, ...]) -> None:
    assert diff(*words).exit_code == 2


def test_what_is_missing_is_an_error_with_a_next_step() -> None:
    done = diff(EVERY, "nowhere.json")
    assert done.exit_code == 4
    assert " next:" in done.stderr
