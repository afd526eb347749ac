"""attach asks for what the mode needs, unless told otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from asyncspy.cli import attach, commands
from asyncspy.errors import TargetError


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What would have been recorded."""
    given: dict[str, Any] = {}

    def record_live(pid: int, **options: Any) -> None:
        given.update(options)
        raise TargetError(f"process {pid} is gone", remedy="asyncspy find-workers")

    monkeypatch.setattr(attach, "record_live", record_live)
    return given


@pytest.mark.parametrize(
    ("words", "mode", "rate"),
    [
        ([], "gil", 100),
        (["--mode", "gil"], "gil", 100),
        (["--mode", "wall"], "wall", 20),
        (["--mode", "wall", "--rate", "50"], "wall", 50),
    ],
)
def test_a_mode_brings_its_rate(asked: dict[str, Any], words: list[str], mode: str, rate: int) -> None:
    done = CliRunner().invoke(commands, ["attach", "--pid", "7", *words])
    assert done.exit_code == 3
    assert (asked["mode"], asked["rate"]) == (mode, rate)


def test_an_unknown_mode_is_a_usage_error(asked: dict[str, Any]) -> None:
    assert CliRunner().invoke(commands, ["attach", "--pid", "7", "--mode", "cpu"]).exit_code == 2
    assert asked == {}
