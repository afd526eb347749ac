"""A report from logs alone speaks of logs: events and times, no samples, no shares, no confidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from asyncspy.cli import commands
from tests.read.fixtures import FIXTURES


def report(*names: str, form: str = "terminal") -> str:
    done = CliRunner().invoke(
        commands, ["report", "--format", form, *(str(FIXTURES / name) for name in names)], prog_name="asyncspy"
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def test_findings_have_their_count_and_when_they_were_first_and_last_seen() -> None:
    said = " ".join(report("logs/plain.log").split())
    assert "30 tracebacks in 1 log · first 2026-11-21 09:06:38,497 last 2026-11-21 09:06:38,664" in said
    assert "3 tracebacks in a log, first 2026-11-21 09:06:38,528, last 2026-11-21 09:06:38,660" in said


@pytest.mark.parametrize("name", ["plain.log", "innocent.log", "start-up.log"])
def test_nothing_is_said_of_samples(name: str) -> None:
    said = report(f"logs/{name}")
    for word in ("sample", "the process did nothing", "confidence", "recording could not see", "clean bill"):
        assert word not in said
    assert "What logs cannot tell" in said


def test_a_log_without_violations_is_answered() -> None:
    assert report("logs/innocent.log").startswith("No traceback of a SynchronousOnlyOperation is in the log.")


def test_a_start_up_line_is_no_traceback() -> None:
    assert "1 start-up line in a log, at 2026-11-21 09:10:06,971" in report("logs/start-up.log")


def test_the_json_says_when() -> None:
    findings = json.loads(report("logs/plain.log", form="json"))["findings"]
    assert findings[0]["logged"] == {
        "times": 3,
        "first": "2026-11-21 09:06:38,528",
        "last": "2026-11-21 09:06:38,660",
    }
    assert all(one["logged"]["times"] == one["evidence"]["logged"] for one in findings)
    assert not any(one["completed"] for one in findings)


def test_a_recording_beside_a_log_keeps_its_own_words() -> None:
    said = report("logs/plain.log", "formats/py-spy-speedscope.json")
    assert "loop samples" in said
    assert "What this recording could not see" in said


def test_a_way_that_was_completed_is_marked(tmp_path: Path) -> None:
    recorded = json.loads(report("formats/py-spy-speedscope.json", form="json"))["findings"][0]["culprit"]
    text = (
        "2026-11-21 10:00:00 ERROR x: y\nTraceback (most recent call last):\n"
        f'  File "{recorded["file"]}", line {recorded["line"]}, in helper_count\n    return 1\n'
        '  File "/site-packages/django/db/models/query.py", line 1106, in first\n    return 1\n'
        '  File "/x/django/utils/asyncio.py", line 24, in inner\n    raise SynchronousOnlyOperation(message)\n'
        "django.core.exceptions.SynchronousOnlyOperation: You cannot call this from an async context.\n"
    )
    path = tmp_path / "cut.log"
    path.write_text(text)
    said = " ".join(report(str(path), "formats/py-spy-speedscope.json").split())
    assert "the log does not hold all of this way" in said
    whole = json.loads(report(str(path), "formats/py-spy-speedscope.json", form="json"))["findings"]
    assert [one["completed"] for one in whole] == [False, True]
