"""attach asks for what the mode needs, unless told otherwise."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from asyncspy.cli import attach, commands
from asyncspy.errors import TargetError
from asyncspy.workflow.record_options import RecordOptions, SamplingPass, Stage


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What would have been recorded."""
    given: dict[str, Any] = {}

    def record(options: RecordOptions, stages: Sequence[Stage], goals: Sequence[int | None], *_: object) -> None:
        passes = [replace(stage.passes[0], duration=stage.seconds) for stage in stages]
        given.update(pids=list(options.pids), passes=passes, goals=goals, how=options)
        raise TargetError(f"process {options.pids[0]} is gone", remedy="asyncspy find-workers")

    monkeypatch.setattr(attach, "record", record)
    return given


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, ["attach", *words])


GIL, WALL = SamplingPass("gil", 100, 180), SamplingPass("wall", 20, 10)


@pytest.mark.parametrize(
    ("words", "passes"),
    [
        ([], [GIL, WALL]),
        (["--mode", "both", "--rate", "50"], [SamplingPass("gil", 50, 180), WALL]),
        (["--duration", "1m", "--wall-duration", "5"], [SamplingPass("gil", 100, 60), SamplingPass("wall", 20, 5)]),
        (["--mode", "gil"], [GIL]),
        (["--mode", "wall"], [SamplingPass("wall", 20, 180)]),
        (["--mode", "wall", "--rate", "50"], [SamplingPass("wall", 50, 180)]),
    ],
)
def test_a_mode_brings_its_rate(asked: dict[str, Any], words: list[str], passes: list[SamplingPass]) -> None:
    done = run("--pid", "7", *words)
    assert done.exit_code == 3
    assert asked["passes"] == passes


def test_an_unknown_mode_is_a_usage_error(asked: dict[str, Any]) -> None:
    assert run("--pid", "7", "--mode", "cpu").exit_code == 2
    assert asked == {}


def test_several_processes_are_recorded_at_once(asked: dict[str, Any]) -> None:
    run("--pid", "7", "--pid", "9")
    assert asked["pids"] == [7, 9]


def test_what_py_spy_is_told_beside(asked: dict[str, Any]) -> None:
    run("--pid", "7", "--native", "--nonblocking")
    assert (asked["how"].native, asked["how"].nonblocking) == (True, True)


def test_until_found_leaves_the_waits_their_duration(asked: dict[str, Any]) -> None:
    run("--pid", "7", "--until", "found", "--wall-duration", "5")
    assert asked["passes"] == [SamplingPass("gil", 100, 900), SamplingPass("wall", 20, 5)]


@pytest.mark.parametrize(
    ("words", "goals", "seconds"),
    [
        (["--until", "found"], (None,), 900),
        (["--until", "5000-samples", "--until", "found", "--max-duration", "1h"], (5000, None), 3600),
    ],
)
def test_goals_bring_their_own_longest_duration(
    asked: dict[str, Any], words: list[str], goals: tuple[int | None, ...], seconds: int
) -> None:
    run("--pid", "7", *words)
    assert asked["goals"] == goals
    assert asked["passes"][0].duration == seconds


@pytest.mark.parametrize(
    "words",
    [
        ["--until", "lost"],
        ["--until", "0-samples"],
        ["--until", "5000"],
        ["--until", "found", "--mode", "wall"],
        ["--until", "found", "--duration", "1m"],
        ["--max-duration", "1m"],
        ["--mode", "gil", "--wall-duration", "5"],
        ["--mode", "wall", "--wall-duration", "5"],
        ["--until", "found", "--mode", "gil", "--wall-duration", "5"],
        ["--all"],
    ],
)
def test_what_does_not_go_together_is_a_usage_error(asked: dict[str, Any], words: list[str]) -> None:
    assert run("--pid", "7", *words).exit_code == 2
    assert asked == {}


def test_py_spy_cannot_do_both() -> None:
    shown = run("--pid", str(os.getpid()), "--native", "--nonblocking")
    assert shown.exit_code == 2
    assert "leave out" in shown.stderr
