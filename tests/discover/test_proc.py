"""Files of /proc are read as the kernel writes them, and as processes overwrite them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from asyncspy.discover.proc import Proc
from tests.discover.fake_proc import FakeProc

CODE = "print('ready', flush=True); import sys; sys.stdin.read()"


@pytest.fixture
def fake(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


def test_command_lines_are_those_of_psutil() -> None:
    command = [sys.executable, "-c", CODE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            assert list(Proc().cmdline(child.pid)) == psutil.Process(child.pid).cmdline() == command
        finally:
            child.kill()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python\0\0-c\0", ("python", "", "-c")),
        ("gunicorn: master [shop]\0\0\0", ("gunicorn: master [shop]", "", "")),
        ("python -m uvicorn", ("python", "-m", "uvicorn")),
        ("", ()),
    ],
)
def test_a_command_line_that_was_written_over(fake: FakeProc, text: str, expected: tuple[str, ...]) -> None:
    fake.write("42/cmdline", text)
    assert fake.of().cmdline(42) == expected


@pytest.mark.parametrize(
    ("stat", "flags"),
    [
        ("", None),
        ("42 (a) b) S 1", None),
        ("42 (python) S " + "x " * 40, None),
        ("42 (a) R 9 9 (b) S 71 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 4 0 12345 1 2 3", 6),
    ],
)
def test_a_name_may_hold_anything_and_what_makes_no_sense_is_no_error(
    fake: FakeProc, stat: str, flags: int | None
) -> None:
    fake.write("42/stat", stat)
    assert fake.of().flags(42) == flags
