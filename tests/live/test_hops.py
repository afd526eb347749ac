"""Real servers whose loop is blocked, whose threads are pinned, whose pool is full: named; and their innocent twins."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.live.harness import PROGRAMS, Loop, loading, serving

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

HOPS = PROGRAMS / "hops"
SECONDS = 6
ENOUGH, TRIES = 100, 3
"""A machine that is busy with something else lets the loop run too seldom for its shares to be told."""


def attach(
    folder: Path, page: str, *, mode: str, middleware: str = "none", loop: Loop = "asyncio", connections: int = 4
) -> dict[str, Any]:
    """Serve the program, load one page, attach: the JSON report."""
    with (
        serving(HOPS, env={"HOPS_MIDDLEWARE": middleware}, loop=loop) as server,
        loading(server.url + page, concurrency=connections) as loaded,
    ):
        options = ["--mode", mode, "--duration", str(SECONDS), "--output", str(folder), "--format", "json"]
        done = subprocess.run(
            [sys.executable, "-m", "asyncspy", "attach", "--pid", str(server.pid), *options],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(loaded[0].statuses) == {200}
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def named(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Each finding's kind, and what the program's line says of itself."""
    found = []
    for finding in report["findings"]:
        culprit = finding["culprit"]
        line = Path(culprit["file"]).read_text().splitlines()[culprit["line"] - 1]
        found.append((finding["kind"], line.partition("  # ")[2]))
    return found


@pytest.mark.parametrize(
    ("page", "loop", "mark"),
    [
        ("sleeps", "uvloop", "planted: sleep"),
        ("fetches", "asyncio", "planted: socket, in the standard library"),
        ("locks", "asyncio", "planted: lock"),
    ],
)
def test_the_line_that_blocks_the_loop_is_named(page: str, loop: Loop, mark: str, tmp_path: Path) -> None:
    report = attach(tmp_path, page, mode="wall", loop=loop)
    assert named(report) == [("blocked-loop", mark)]
    (finding,) = report["findings"]
    assert finding["wait"]["certain"] is True
    assert finding["share"]["low"] > 0.3
    assert report["origins"][0]["mode"] == "wall"
    assert report["origins"][0]["rate"] == 20
    assert report["wall"]["waiting"] > report["wall"]["idle"]


@pytest.mark.parametrize("page", ["sleeps_well", "sleeps_in_a_thread"])
def test_the_twins_that_wait_as_long_are_not(page: str, tmp_path: Path) -> None:
    report = attach(tmp_path, page, mode="wall", middleware="able")
    assert report["findings"] == []
    assert report["wall"]["idle"] > 0


def test_sync_only_middleware_is_named_with_what_it_drags_along(tmp_path: Path) -> None:
    report = attach(tmp_path, "sleeps_well", mode="wall", middleware="last")
    assert named(report) == [("sync-middleware", "planted-middleware: class")]
    assert report["findings"][0]["drags"] == 2
    assert report["findings"][0]["threads"] > 1


def test_a_full_pool_is_named(tmp_path: Path) -> None:
    report = attach(tmp_path, "raw", mode="wall")
    assert [kind for kind, _ in named(report)] == ["pool-saturated"]


def test_a_line_with_many_hops_is_named_and_hops_are_summed_up(tmp_path: Path) -> None:
    for number in range(TRIES):
        (tmp_path / str(number)).mkdir()
        report = attach(tmp_path / str(number), "hops_often", mode="gil")
        if report["samples"]["loop"] >= ENOUGH and report["findings"]:
            break  # short of processors, more of a hop is the result on its way back, which is on no line
    assert named(report) == [("hop-cost", "planted-hops")]
    assert report["hops"]["share"]["low"] > 0.15
    assert report["wall"] is None
