"""The command line as a person meets it: help that teaches, errors with a next step, exit codes as promised."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import asyncspy
from asyncspy.cli import COMMANDS, commands

FIXTURES = Path(__file__).parents[2] / "fixtures"


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, list(words), prog_name="asyncspy")


def test_version() -> None:
    assert run("--version").output == f"asyncspy {asyncspy.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str) -> None:
    shown = run(name, "--help")
    assert shown.exit_code == 0
    assert name in run("--help").output
    assert f"asyncspy {name}" in shown.output


def test_python_dash_m_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "asyncspy", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == run("--version").output


@pytest.mark.parametrize("words", [["--version"], ["--help"], []], ids=["version", "help", "completion"])
def test_what_needs_no_command_imports_none(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if not words:
        for name, value in (
            ("_ASYNCSPY_COMPLETE", "bash_complete"),
            ("COMP_WORDS", "asyncspy re"),
            ("COMP_CWORD", "1"),
        ):
            monkeypatch.setenv(name, value)
    code = (
        "import sys; from asyncspy.__main__ import main\n"
        f"sys.argv = {['asyncspy', *words]}\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(sorted({'rich', 'asyncspy.cli.report', 'asyncspy.analyse'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A process that is no Python."""
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.fixture
def snake() -> Iterator[int]:
    """A Python process that says when it is up."""
    code = "print('up', flush=True); import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            yield process.pid
        finally:
            process.kill()


def gone() -> int:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


def fails(shown: Result, code: int, what: str, next_step: str) -> None:
    assert shown.exit_code == code, shown.output
    assert what in shown.stderr
    assert next_step in shown.stderr
    assert "Traceback" not in shown.output
    assert shown.stdout == ""


def test_a_pid_that_is_gone() -> None:
    pid = gone()
    fails(run("attach", "--pid", str(pid)), 3, f"no process {pid}", "asyncspy find-workers")


def test_a_pid_that_is_no_python(sleeper: int) -> None:
    fails(run("attach", "--pid", str(sleeper)), 3, "is not a Python process", "asyncspy find-workers")


def test_a_missing_py_spy(snake: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr("sysconfig.get_path", lambda _name: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    fails(run("attach", "--pid", str(snake)), 4, "py-spy is neither installed", "pip install py-spy")


def test_an_output_folder_that_is_not_there(snake: int, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    shown = run("attach", "--pid", str(snake), "--output", str(nowhere / "out.json"))
    fails(shown, 4, f"cannot write into {nowhere}", f"mkdir -p {nowhere}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere; /proc stands in below")
def test_an_output_folder_that_may_not_be_written(snake: int, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    shown = run("attach", "--pid", str(snake), "--output", str(tmp_path))
    fails(shown, 4, f"cannot write into {tmp_path}", "--output /tmp")


def test_a_folder_where_nobody_may_write(snake: int) -> None:
    fails(run("attach", "--pid", str(snake), "--output", "/proc"), 4, "cannot write into /proc", "--output /tmp")


@pytest.mark.parametrize("words", [("attach", "--pid", "0"), ("attach", "--pid", "x"), ("report",)])
def test_usage_errors_exit_with_2(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


@pytest.mark.parametrize("duration", ["0", "-3", "3w", "٣", "1e3", "", "25h", "999999999999"])
def test_durations_that_are_none(duration: str) -> None:
    shown = run("attach", "--pid", "1", "--duration", duration)
    assert shown.exit_code == 2
    assert "write 90, 90s, 3m or 1h" in shown.stderr


def test_hostile_names_reach_the_terminal_inert(tmp_path: Path) -> None:
    shown = run("report", str(tmp_path / "\x1b[2Jboo\u202e"))
    assert shown.exit_code == 4
    assert "\x1b[2J" not in shown.stderr
    assert "\u202e" not in shown.stderr


def test_a_document_is_utf_8_whatever_the_terminal_is() -> None:
    recording = next((FIXTURES / "recordings").glob("*every1.speedscope.json"))
    command = [sys.executable, "-m", "asyncspy", "report", str(recording), "--format", "html"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONIOENCODING": "latin-1"}, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "▸" in done.stdout.decode("utf-8")


def test_a_folder_that_was_removed_keeps_nobody_from_a_report(tmp_path: Path) -> None:
    recording = next((FIXTURES / "recordings").glob("*every1.speedscope.json"))
    script = (
        "import os, sys; folder = sys.argv.pop(1); os.mkdir(folder); os.chdir(folder); os.rmdir(folder)\n"
        "from asyncspy.__main__ import main; main()"
    )
    words = ["report", str(recording), "--app-root", "shop"]
    command = [sys.executable, "-c", script, str(tmp_path / "gone"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("option", [[], ["--baseline"]])
def test_a_name_that_is_too_long_is_told_as_that(option: list[str]) -> None:
    recording = next((FIXTURES / "recordings").glob("*every1.speedscope.json"))
    words = [*option, "x" * 300]
    done = CliRunner().invoke(commands, ["report", str(recording), "--fail-on", "violation", *words])
    assert done.exit_code == 4
    assert " next:" in done.stderr


def test_a_reader_that_leaves_early_is_no_error() -> None:
    recording = next((FIXTURES / "recordings").glob("*every1.speedscope.json"))
    command = [sys.executable, "-m", "asyncspy", "report", str(recording)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
        assert process.wait(60) == 0
