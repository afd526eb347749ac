"""The vital figures of a process, and what its files say of it."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from asyncspy.discover.live_processes import cpu_seconds, is_running, process_usage
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.process_table import server_candidates
from asyncspy.discover.servers.scan import MachineScan
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


def test_figures_are_those_of_the_process(child: subprocess.Popen[str]) -> None:
    figures = process_usage(child.pid)
    status = dict(line.split(":", 1) for line in Path(f"/proc/{child.pid}/status").read_text().splitlines())
    assert figures is not None
    assert figures.user == pwd.getpwuid(os.getuid()).pw_name
    assert figures.started_at == pytest.approx(time.time(), abs=30)
    assert figures.memory_bytes == pytest.approx(int(status["VmRSS"].split()[0]) * 1024, rel=0.1)
    assert figures.threads == int(status["Threads"])
    assert (figures.cpu_percent or 0) > 0
    assert 0 < (cpu_seconds(child.pid) or 0) < 30


def test_threads_are_counted_and_are_no_processes() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    before = process_usage(os.getpid())
    thread.start()
    try:
        figures = process_usage(os.getpid())
        assert figures is not None
        assert before is not None
        assert figures.threads == before.threads + 1
        assert thread.native_id not in {process.pid for process in server_candidates(MachineScan(Proc()))}
    finally:
        done.set()
        thread.join()


def test_a_zombie_and_a_process_that_is_gone_have_none(child: subprocess.Popen[str]) -> None:
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert child.pid in psutil.pids()
    assert Proc().cmdline(child.pid) == ()
    assert process_usage(child.pid) is None
    assert not is_running(child.pid)
    child.wait()
    assert child.pid not in psutil.pids()
    assert process_usage(child.pid) is None
    assert cpu_seconds(child.pid) is None


def test_one_that_is_kept_from_us_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(process: psutil.Process) -> None:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "num_threads", refused)
    assert process_usage(os.getpid()) is None


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


@pytest.fixture
def fake(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)
