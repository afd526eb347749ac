"""--fail-on, --baseline and --ignore on a real recording: the exit code, and what is said on stderr."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asyncspy.cli import commands

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECORDINGS = FIXTURES / "recordings"
EVERY, NEVER = (RECORDINGS / f"uvicorn-asyncio-{often}.speedscope.json" for often in ("every1", "never"))
IGNORE = '[[ignore]]\nfile = "shop/pricing.py"\nreason = "SHOP-12 \\u001b[31m"\nexpires = {}\n'


def report(*words: str | Path) -> Result:
    return CliRunner().invoke(commands, ["report", *map(str, words)], prog_name="asyncspy")


def test_it_fails_on_what_it_is_told_to_and_still_reports() -> None:
    shut = report(EVERY, "--fail-on", "violation")
    assert shut.exit_code == 1
    assert "1 line of your code calls async-unsafe Django" in shut.stdout
    assert (
        "gate: closed, 1 reason\n  violation: /srv/shop/shop/pricing.py:9 helper_count, QuerySet.count" in shut.stderr
    )
    opened = report(NEVER, "--fail-on", "violation", "--fail-on", "sync-middleware")
    assert opened.exit_code == 0
    assert opened.stderr == "gate: open\n"


def test_without_conditions_findings_are_no_failure() -> None:
    assert report(EVERY).exit_code == 0
    assert report(EVERY).stderr == ""


@pytest.mark.parametrize("form", ["recording", "report"])
def test_what_is_in_the_baseline_is_let_pass(form: str, tmp_path: Path) -> None:
    baseline = EVERY
    if form == "report":
        baseline = tmp_path / "main.json"
        baseline.write_text(report(EVERY, "--format", "json").stdout)
    done = report(EVERY, "--fail-on", "violation", "--baseline", baseline)
    assert done.exit_code == 0
    assert "in the baseline too, let pass: /srv/shop/shop/pricing.py:9 helper_count" in done.stderr
    assert report(EVERY, "--fail-on", "violation", "--baseline", NEVER).exit_code == 1


def test_what_is_ignored_is_let_pass_until_it_expires(tmp_path: Path) -> None:
    file = tmp_path / "ignore.toml"
    file.write_text(IGNORE.format("2999-12-31"))
    done = report(EVERY, "--fail-on", "violation", "--ignore", file)
    assert done.exit_code == 0
    assert "ignored until 2999-12-31: /srv/shop/shop/pricing.py:9 helper_count (SHOP-12 \\x1b[31m)" in done.stderr
    file.write_text(IGNORE.format("2020-12-31"))
    done = report(EVERY, "--fail-on", "violation", "--ignore", file)
    assert done.exit_code == 1
    assert "no longer ignored since 2020-12-31: shop/pricing.py; fix it, or renew the date" in done.stderr


@pytest.mark.parametrize("option", ["--baseline", "--ignore"])
def test_options_that_would_do_nothing_are_refused(option: str) -> None:
    done = report(EVERY, option, NEVER)
    assert done.exit_code == 2
    assert "add, for example: --fail-on violation" in done.stderr


def test_what_this_mode_cannot_show_is_refused() -> None:
    assert report(EVERY, "--fail-on", "blocked-loop").exit_code == 2


@pytest.mark.parametrize("condition", ["blocked-share>1%", "hop-share>1%", "hop-cost", "pool-saturated", "deadlock"])
def test_what_a_log_cannot_show_is_refused(condition: str) -> None:
    done = report(FIXTURES / "logs" / "plain.log", "--fail-on", condition)
    assert (done.exit_code, "gate: open" in done.stderr) == (2, False), done.stderr


def test_a_log_tells_of_violations_and_of_sync_only_middleware() -> None:
    assert report(FIXTURES / "logs" / "plain.log", "--fail-on", "violation").exit_code == 1
    assert report(FIXTURES / "logs" / "plain.log", "--fail-on", "sync-middleware").exit_code == 0


@pytest.mark.parametrize("condition", ["violation", "pool-saturated", "hop-cost"])
def test_what_dumps_cannot_show_is_refused(condition: str) -> None:
    done = report(FIXTURES / "hangs" / "gathered", "--fail-on", condition)
    assert (done.exit_code in {2, 4}, "gate: open" in done.stderr) == (True, False), done.stderr


def test_who_stops_reading_does_not_open_the_gate() -> None:
    command = [sys.executable, "-m", "asyncspy", "report", str(EVERY), "--format", "html", "--fail-on", "violation"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"gate" in process.stderr.read()
        assert process.wait(60) == 1


def test_a_full_disk_is_no_closed_gate() -> None:
    command = [sys.executable, "-m", "asyncspy", "report", str(EVERY), "--fail-on", "deadlock"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (4, False), done.stderr
    assert "No space left" in done.stderr


def test_a_damaged_baseline_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "main.json.gz"
    head = b'{"schema_version": 1, "findings": ['
    file.write_bytes(gzip.compress(head + random.Random(1).randbytes(400_000).hex().encode())[:-200_000])
    done = report(EVERY, "--fail-on", "violation", "--baseline", file)
    assert (done.exit_code, done.exception.__class__) == (4, SystemExit), done.output


@pytest.mark.parametrize(
    "text",
    [
        '{"schema_version": 1}',
        '{"schema_version": 2, "findings": []}',
        '{"schema_version": 1, "findings": [5]}',
        '{"schema_version": 1, "findings": [{"kind": "async-unsafe", "culprit": {"file": 5}}]}',
        '{"schema_version": 1, "findings": [',
        '{"schema_version": ' + "[" * 100_000,
    ],
)
def test_a_baseline_that_is_no_report_is_an_error_and_no_empty_baseline(text: str, tmp_path: Path) -> None:
    file = tmp_path / "main.json"
    file.write_text(text)
    done = report(EVERY, "--fail-on", "violation", "--baseline", file)
    assert done.exit_code == 4, done.output
    assert " next:" in done.stderr
