"""How late the loop of a real worker is: blocks of known length, and the line that was on the loop."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.live.exact.attached import attach, report, versions, wait_until_in
from tests.live.exact.served import PROGRAM, Served, starting

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

BLOCKS = (300, 1000, 2000)
WITHIN = 0.005
MACHINE = 0.15
"""What a busy machine adds after a block's end."""

LINE = next(
    number
    for number, text in enumerate((PROGRAM / "guard" / "views.py").read_text().splitlines(), 1)
    if "time.sleep(milliseconds" in text
)


def blocked(served: Served, milliseconds: int) -> float:
    """How long it held the loop, as it says itself."""
    length = float(served.get(f"/pause/{milliseconds}"))
    time.sleep(0.2)
    return length


@versions("3.10", "3.12", "3.13", "3.14")
def test_blocks_are_measured_and_saved(version: str, tmp_path: Path) -> None:
    with starting(version) as served, attach(served, tmp_path) as attached:
        wait_until_in(attached, served)
        lengths = sorted((blocked(served, each) for each in BLOCKS), reverse=True)
        told = report(attached)
    (loop,) = told["lateness"]
    worst = [moment["seconds"] for moment in loop["moments"][: len(BLOCKS)]]
    off = [late - length for late, length in zip(worst, lengths, strict=True)]
    assert all(-WITHIN < each < MACHINE for each in off), (worst, lengths)
    assert loop["worst"] == worst[0]
    (recording,) = tmp_path.iterdir()
    assert json.loads(recording.read_text())["asyncspy"]["observed"]["loops"][0]["moments"]


@versions("3.12")
def test_the_line_that_was_on_the_loop_is_named_where_it_was_sampled(version: str, tmp_path: Path) -> None:
    words = ("--mode", "wall", "--duration", "12")
    with starting(version) as served, attach(served, tmp_path, *words) as attached:
        wait_until_in(attached, served)
        time.sleep(5)  # py-spy starts, and the moment must lie in what it samples
        blocked(served, 1500)
        told = json.loads(attached.communicate(timeout=90)[0])
    first = told["lateness"][0]["moments"][0]
    assert 1.5 - WITHIN < first["seconds"] < 1.5 + MACHINE + 0.5, first
    assert (first["known_by"], first["line"]["line"]) == ("samples", LINE)
