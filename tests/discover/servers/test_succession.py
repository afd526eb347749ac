"""Who takes a dead worker's place: what its master started since, and nobody else."""

from __future__ import annotations

from asyncspy.discover import wait_for_successor
from asyncspy.model.processes import Worker

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
