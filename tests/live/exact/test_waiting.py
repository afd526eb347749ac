"""Where the requests of a real worker wait: by the program's own clocks, and nothing in a worker that is idle."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.live.exact.attached import attach, report, versions, wait_until_in
from tests.live.exact.served import PROGRAM, Served, starting

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

SOURCE = (PROGRAM / "guard" / "views.py").read_text().splitlines()
LINES = {found[1]: n for n, line in enumerate(SOURCE, 1) if (found := re.search(r"# waits: (\w+)", line))}
AT_ONCE, SECONDS = 4, 12.0


def waits_of(served: Served) -> dict[str, float]:
    """Some requests at once, one after the other for a while; their own clocks, added up."""
    clocks = {"sleep": 0.0, "hop": 0.0}
    deadline = time.monotonic() + SECONDS

    def ask() -> None:
        while time.monotonic() < deadline:
            slept, hopped = map(float, served.get("/wait/100").split())
            clocks["sleep"] += slept
            clocks["hop"] += hopped

    asking = [threading.Thread(target=ask, daemon=True) for _ in range(AT_ONCE)]
    for each in asking:
        each.start()
    for each in asking:
        each.join(60)
    return clocks


def shares(told: dict[str, Any]) -> dict[tuple[int, str], dict[str, float]]:
    return {(line["line"], line["awaits"]): line["share"] for line in told["waiting"]["lines"]}


@versions("3.10", "3.12", "3.13", "3.14")
def test_shares_are_those_of_the_programs_own_clocks(version: str, tmp_path: Path) -> None:
    with starting(version) as served, attach(served, tmp_path) as attached:
        wait_until_in(attached, served)
        clocks = waits_of(served)
        told = report(attached)
    found = shares(told)
    whole = {name: sum(each["share"] for (at, _), each in found.items() if at == line) for name, line in LINES.items()}
    share = clocks["sleep"] / sum(clocks.values())
    slept = found[LINES["sleep"], "sleep"]
    room = 2 * (slept["high"] - slept["low"]) / sum(whole.values())
    assert abs(whole["sleep"] / sum(whole.values()) - share) < room, (found, clocks)
    assert found[LINES["hop"], "hop"]["share"] > slept["share"], found  # a busy machine adds waits for a turn to both
    assert told["waiting"]["lines"][0]["entry"]["kind"] == "async view"


@versions("3.12")
def test_nothing_waits_in_an_idle_worker(version: str, tmp_path: Path) -> None:
    with starting(version) as served, attach(served, tmp_path) as attached:
        wait_until_in(attached, served)  # which takes a few requests
        time.sleep(8)
        told = report(attached)
    assert told["waiting"]["looks"] > 5
    assert sum(line["tasks"] for line in told["waiting"]["lines"]) < 0.2, told["waiting"]
