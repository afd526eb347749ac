"""Usage, life and families of live processes are what the kernel says of them."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from asyncspy.discover.live_processes import (
    cpu_seconds,
    is_running,
    process_usage,
    require_not_stopped,
    total_cpu_seconds,
    without_descendants,
)
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.process_table import server_candidates
from asyncspy.discover.servers.scan import MachineScan
from asyncspy.errors import TargetError
from tests.live.processes import eventually

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


FAMILY = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {BUSY!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    """A parent that does little, and its child that has worked."""
    command = [sys.executable, "-c", FAMILY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        yield parent.pid, child
        parent.kill()


def ticks(pid: int) -> int:
    """What the kernel's own file says that it has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_process_below_another_is_left_out(family: tuple[int, int]) -> None:
    parent, child = family
    assert without_descendants([child, parent]) == [parent]
    assert without_descendants([child]) == [child]
    assert without_descendants([child, os.getpid(), parent, parent]) == [os.getpid()]


def test_what_a_family_has_used_is_counted_once(family: tuple[int, int]) -> None:
    parent, child = family
    expected = sum(ticks(pid) for pid in family) / os.sysconf("SC_CLK_TCK")
    assert total_cpu_seconds([parent]) == pytest.approx(expected, abs=0.05)
    assert total_cpu_seconds([parent, child]) == pytest.approx(expected, abs=0.05)
    assert total_cpu_seconds([child]) > 0
    assert total_cpu_seconds([]) == 0


def test_a_zombie_does_not_run(family: tuple[int, int]) -> None:
    assert all(is_running(pid) for pid in family)
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        os.waitid(os.P_PID, gone.pid, os.WEXITED | os.WNOWAIT)
        assert psutil.pid_exists(gone.pid)
        assert not is_running(gone.pid)
    assert not is_running(gone.pid)


@pytest.fixture
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_stopped_process_is_refused_with_what_lets_it_go_on(sleeping: subprocess.Popen[bytes]) -> None:
    require_not_stopped(sleeping.pid)
    sleeping.send_signal(signal.SIGSTOP)
    assert eventually(lambda: psutil.Process(sleeping.pid).status() == psutil.STATUS_STOPPED, timeout=10)
    with pytest.raises(TargetError, match="is stopped") as caught:
        require_not_stopped(sleeping.pid)
    assert caught.value.remedy.endswith(f"kill -CONT {sleeping.pid}")


def test_a_zombie_runs_no_more(sleeping: subprocess.Popen[bytes]) -> None:
    assert is_running(sleeping.pid)
    sleeping.kill()
    assert eventually(lambda: not is_running(sleeping.pid), timeout=10)


def test_what_is_below_another_is_recorded_with_it(sleeping: subprocess.Popen[bytes]) -> None:
    assert without_descendants([sleeping.pid, os.getpid(), sleeping.pid]) == [os.getpid()]
    assert without_descendants([sleeping.pid]) == [sleeping.pid]
