"""The vital figures of a process are those that psutil, which many trust, has for it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from asyncspy.discover.proc import Proc
from asyncspy.discover.vital import cpu_seconds, vital
from tests.discover.fake_proc import FakeProc

BUSY = "sum(range(10**7)); print('ready', flush=True); import sys; sys.stdin.read()"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", BUSY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        yield started
        started.kill()


def test_figures_are_those_of_psutil(child: subprocess.Popen[str]) -> None:
    proc = Proc()
    figures = vital(child.pid, proc, proc.boot_time())
    seen = psutil.Process(child.pid)
    assert figures is not None
    assert figures.user == seen.username()
    assert figures.started_at == pytest.approx(seen.create_time(), abs=0.02)
    assert figures.memory_bytes == pytest.approx(seen.memory_info().rss, rel=0.1)
    assert figures.threads == seen.num_threads()
    assert (figures.cpu_percent or 0) > 0
    assert cpu_seconds(child.pid, proc) == pytest.approx(seen.cpu_times().user + seen.cpu_times().system, abs=0.02)


def test_threads_are_counted_and_are_no_processes() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        figures = vital(os.getpid(), Proc(), None)
        assert figures is not None
        assert figures.threads == psutil.Process().num_threads()
        assert figures.started_at is figures.cpu_percent is None
        assert thread.native_id not in Proc().pids()
    finally:
        done.set()
        thread.join()


def test_a_zombie_and_a_process_that_is_gone_have_none(child: subprocess.Popen[str]) -> None:
    proc = Proc()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert child.pid in proc.pids()
    assert proc.cmdline(child.pid) == ()
    assert vital(child.pid, proc, 0.0) is None
    child.wait()
    assert child.pid not in proc.pids()
    assert vital(child.pid, proc, 0.0) is None
    assert cpu_seconds(child.pid, proc) is None


def test_command_lines_are_those_of_psutil(child: subprocess.Popen[str]) -> None:
    assert list(Proc().cmdline(child.pid)) == psutil.Process(child.pid).cmdline() == [sys.executable, "-c", BUSY]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("python\0\0-c\0", ("python", "", "-c")),
        ("gunicorn: master [shop]\0\0\0", ("gunicorn: master [shop]", "", "")),
        ("python -m uvicorn", ("python", "-m", "uvicorn")),
        ("", ()),
    ],
)
def test_a_command_line_that_was_written_over(fake: FakeProc, text: str, told: tuple[str, ...]) -> None:
    fake.write("42/cmdline", text)
    assert fake.of().cmdline(42) == told


@pytest.mark.parametrize("stat", ["", "42 (a) b) S 1", "42 (python) S " + "x " * 40])
def test_a_table_that_makes_no_sense_is_no_error(fake: FakeProc, stat: str) -> None:
    fake.target()
    fake.write("42/stat", stat)
    figures = vital(42, fake.of(), 0.0)
    assert figures is not None
    assert figures.cpu_percent is None


def test_a_name_may_hold_anything(fake: FakeProc) -> None:
    fake.write("42/stat", "42 (a) R 9 9 (b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 4 0 12345 1 2 3")
    stat = fake.of().stat(42)
    assert stat == (6, 150, 50, 12345)


@pytest.fixture
def fake(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)
