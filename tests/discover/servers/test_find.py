"""One process is found by its pid, or refused with the reason and the next step."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from asyncspy.discover import find_workers, inspect_process, workers_of
from asyncspy.discover.access.permission import Permission
from asyncspy.discover.servers import find
from asyncspy.errors import TargetError
from asyncspy.model.processes import Worker

SLEEP = "print('ready', flush=True); import sys; sys.stdin.read()"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[str]]:
    """A Python process that is no server."""
    with subprocess.Popen(
        [sys.executable, "-c", SLEEP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            yield child
        finally:
            child.kill()


def refusal(pid: int) -> TargetError:
    with pytest.raises(TargetError) as caught:
        inspect_process(pid)
    assert caught.value.exit_code == 3
    assert caught.value.remedy
    return caught.value


def allow(monkeypatch: pytest.MonkeyPatch, answer: Permission) -> None:
    """The machine that runs the tests may have any Yama."""
    monkeypatch.setattr(find, "may_attach", lambda _pid, _proc: answer)


def test_any_python_process_may_be_inspected(sleeper: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, Permission(True))
    worker = inspect_process(sleeper.pid)
    assert (worker.pid, worker.ppid, worker.server, worker.certain) == (sleeper.pid, os.getpid(), "python", False)
    assert worker.python == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert worker.cwd == os.getcwd()  # noqa: PTH109
    assert worker.threads == 1
    assert worker.memory_bytes
    assert worker.started_at
    assert abs(time.time() - worker.started_at) < 60
    assert worker.async_unsafe_allowed is bool(os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE"))


def test_a_refusal_by_permission_is_passed_on(sleeper: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, Permission(False, "it belongs to ada", "ask ada"))
    error = refusal(sleeper.pid)
    assert str(sleeper.pid) in error.message
    assert "it belongs to ada" in error.message
    assert error.remedy == "ask ada"


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1, 2**40])
def test_a_pid_that_does_not_exist(pid: int) -> None:
    error = refusal(pid)
    assert f"no process {pid}" in error.message
    assert error.remedy == "asyncspy find-workers"


def test_a_zombie() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL)
    try:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        error = refusal(child.pid)
    finally:
        child.wait()
    assert "zombie" in error.message
    assert str(os.getpid()) in error.message


def test_a_thread_names_its_process() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        error = refusal(thread.native_id or 0)
    finally:
        done.set()
        thread.join()
    assert error.remedy == f"asyncspy attach --pid {os.getpid()}"


def test_a_process_that_is_not_python() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        try:
            error = refusal(child.pid)
        finally:
            child.kill()
    assert "(cat) is not a Python process" in error.message


def test_a_thread_of_the_kernel() -> None:
    try:
        name = open("/proc/2/comm").read().strip()  # noqa: PTH123, SIM115
    except OSError:
        pytest.skip("kernel threads are not seen from this process namespace")
    if name != "kthreadd":
        pytest.skip("process 2 is no kernel thread here")
    assert "thread of the kernel" in refusal(2).message


def test_a_process_that_is_no_master_has_no_workers() -> None:
    assert workers_of(Worker(os.getpid(), 1, "worker", True, "uvicorn")) == []


def test_trees_stay_together_and_masters_come_first() -> None:
    def worker(pid: int, ppid: int, role: str, server: str, started: float, app: str | None = "a:b") -> Worker:
        return Worker(pid, ppid, role, True, server, app=app, started_at=started)  # type: ignore[arg-type]

    rows = [
        worker(9, 5, "worker", "uvicorn", 3.0),
        worker(7, 5, "helper", "uvicorn", 2.0),
        worker(8, 1, "worker", "uvicorn", 9.0, app="z:app"),
        worker(5, 1, "master", "uvicorn", 1.0),
        worker(30, 1, "master", "gunicorn", 5.0, app=None),
        worker(3, 5, "worker", "uvicorn", 4.0),
        worker(2, 30, "worker", "gunicorn", 6.0),
    ]
    assert [row.pid for row in find.sort_workers(rows)] == [30, 2, 5, 9, 3, 7, 8]


def test_processes_that_come_and_go_are_no_error() -> None:
    """Listed while another thread starts and ends short processes that look like servers."""
    done = threading.Event()

    def storm() -> None:
        while not done.is_set():
            subprocess.run([sys.executable, "-S", "-c", "", "uvicorn", "a:b"], check=False)

    thread = threading.Thread(target=storm)
    thread.start()
    try:
        for _ in range(100):
            find_workers()
    finally:
        done.set()
        thread.join()
