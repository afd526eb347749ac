"""All calls that the application itself counts are captured, by the lines they were planted on, and none besides."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.live.exact.attached import attach, captured, report, versions, wait_until_in
from tests.live.exact.served import starting

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]


@versions("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
@pytest.mark.parametrize("allowed", [False, True], ids=["raising", "allowed"])
def test_all_that_was_planted_is_captured_and_no_more(version: str, allowed: bool, tmp_path: Path) -> None:
    env = {"GUARD_EVERY": "4", **({"DJANGO_ALLOW_ASYNC_UNSAFE": "1"} if allowed else {})}
    with starting(version, env) as served, attach(served, tmp_path) as attached:
        wait_until_in(attached, served)
        before = Counter(served.state()["made"])
        served.ask(400)
        made = Counter(served.state()["made"]) - before
        told = report(attached)
    raised = made.pop("raised", 0)
    assert made.total() == 100
    assert (raised, told["origins"][0]["beyond"]) == (0 if allowed else 100, 0)
    if allowed:
        assert captured(told).keys() == made.keys()
        fewer = {site: (captured(told)[site], made[site]) for site in made if captured(told)[site] < made[site]}
        assert not fewer, fewer  # one query may pass the guard more than once
    else:
        assert captured(told) == made
    for finding in told["findings"]:
        assert finding["captured"]["passed"] == (finding["evidence"]["exact"] if allowed else 0)
    again = subprocess.run(
        [sys.executable, "-m", "asyncspy", "report", str(next(tmp_path.iterdir())), "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert captured(json.loads(again.stdout)) == captured(told)


@versions("3.11", "3.12", "3.14")
def test_samples_of_the_hook_itself_are_not_calls_that_the_guard_let_pass(version: str, tmp_path: Path) -> None:
    words = ("--mode", "gil", "--rate", "500", "--duration", "6")
    with starting(version, {"GUARD_EVERY": "1"}) as served, attach(served, tmp_path, *words) as attached:
        wait_until_in(attached, served)
        while attached.poll() is None:
            served.ask(40)
        told = json.loads(attached.communicate(timeout=90)[0])
    (recording,) = tmp_path.iterdir()
    assert "Hook._count" in recording.read_text()
    assert sum(finding["evidence"]["reached"] for finding in told["findings"])
    assert not [finding["culprit"] for finding in told["findings"] if finding["allowed"]]
