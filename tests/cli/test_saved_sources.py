"""A recording that is reported elsewhere shows the code that ran, and proposes what it would have proposed there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from asyncspy.cli import commands

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECORDED = FIXTURES / "recordings" / "uvicorn-asyncio-every1.speedscope.json"
COUNT = "    return User.objects.filter(is_active=True).count()"
CHECKOUT = "    customers = pricing.helper_count()"


@pytest.fixture
def recorded() -> dict[str, Any]:
    """What py-spy recorded of a shop whose files are not on this machine."""
    document: dict[str, Any] = json.loads(RECORDED.read_text().replace("/srv/shop/", "/elsewhere/"))
    return document


def place_of(document: dict[str, Any], function: str) -> tuple[str, int]:
    """The last line of a function that was sampled: the first may be its head."""
    frames = document["shared"]["frames"]
    return max((frame["file"], frame["line"]) for frame in frames if frame["name"] == function)


def saved_lines(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The planted line with its function, and the line that calls it with its own."""
    (pricing, count), (views, checkout) = place_of(document, "helper_count"), place_of(document, "checkout")
    return {
        pricing: {str(count - 1): "def helper_count():", str(count): COUNT},
        views: {str(checkout - 1): "async def checkout(request):", str(checkout): CHECKOUT},
    }


def reported(document: dict[str, Any], folder: Path, sources: dict[str, dict[str, str]]) -> str:
    passes = [{"profiles": len(document["profiles"]), "sampler": "py-spy 0.4.3", "mode": "gil", "rate": 100}]
    path = folder / "elsewhere.json"
    path.write_text(json.dumps({"asyncspy": {"format": 2, "passes": passes, "sources": sources}, **document}))
    shown = CliRunner().invoke(commands, ["report", str(path)])
    assert shown.exit_code == 0, shown.output
    return shown.stdout


def test_the_saved_lines_are_shown_and_rewritten(recorded: dict[str, Any], tmp_path: Path) -> None:
    out = reported(recorded, tmp_path, saved_lines(recorded))
    assert "│ def helper_count():" in out
    assert COUNT in out
    assert "await User.objects.filter(is_active=True).acount()" in out


def test_without_them_the_remedy_is_in_words(recorded: dict[str, Any], tmp_path: Path) -> None:
    out = reported(recorded, tmp_path, {})
    assert "│" not in out
    assert "filter(is_active=True).acount()" not in out


def test_what_is_saved_is_shown_and_not_what_lies_here_now(recorded: dict[str, Any], tmp_path: Path) -> None:
    pricing, line = place_of(recorded, "helper_count")
    here = tmp_path / "pricing.py"
    here.write_text("\n" * (line - 1) + "something_else = 1\n")
    moved = json.loads(json.dumps(recorded).replace(pricing, str(here)))
    out = reported(moved, tmp_path, saved_lines(moved))
    assert COUNT in out
    assert "something_else" not in out


def test_a_file_that_is_still_the_same_is_shown_with_all_its_lines(recorded: dict[str, Any], tmp_path: Path) -> None:
    pricing, line = place_of(recorded, "helper_count")
    here = tmp_path / "pricing.py"
    here.write_text("\n" * (line - 2) + f"def helper_count():\n{COUNT}\n    # the end\n")
    moved = json.loads(json.dumps(recorded).replace(pricing, str(here)))
    assert "# the end" in reported(moved, tmp_path, saved_lines(moved))


def test_a_gil_and_a_wall_recording_are_reported_together() -> None:
    hops = [str(FIXTURES / "hops" / name) for name in ("gil-plain-first.json", "wall-sleeps_well-first.json")]
    report = json.loads(CliRunner().invoke(commands, ["report", *hops, "--format", "json"]).stdout)
    assert [origin["mode"] for origin in report["origins"]] == ["gil", "wall"]
    assert report["hops"] is not None
    assert report["wall"] is not None
