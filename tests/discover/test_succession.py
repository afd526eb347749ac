"""Who takes a dead worker's place: what its master started since, and nobody else."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from asyncspy.discover import is_running, require_not_stopped, wait_for_successor, without_descendants
from asyncspy.errors import TargetError
from asyncspy.model.processes import Worker
from tests.live.processes import eventually

MASTER = Worker(10, 1, "master", True, "gunicorn")
DEAD = Worker(11, 10, "worker", True, "gunicorn")


def worker(pid: int, ppid: int = 10, started: float = 1.0, *, attachable: bool = True) -> Worker:
    return Worker(pid, ppid, "worker", True, "gunicorn", started_at=started, attachable=attachable)


def follower(known: set[int], *listed: Worker) -> int | None:
    found = wait_for_successor(DEAD, known, patience=0.0, list_workers=lambda: list(listed))
    return found.pid if found else None


def test_the_one_that_the_master_started_since() -> None:
    assert follower({11, 12}, MASTER, worker(12), worker(13, started=5.0), worker(14, ppid=99, started=9.0)) == 13


def test_nobody_that_was_there_before_or_cannot_be_attached() -> None:
    assert follower({11, 12}, MASTER, worker(12), worker(13, attachable=False)) is None


def test_nobody_where_there_is_no_master() -> None:
    assert follower({11}, worker(13)) is None


def test_it_is_waited_for_no_longer_than_wanted() -> None:
    asked = iter([False, False, True])
    found = wait_for_successor(DEAD, {11}, patience=60, given_up=lambda: next(asked), list_workers=lambda: [MASTER])
    assert found is None


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
