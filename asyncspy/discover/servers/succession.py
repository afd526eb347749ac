"""Processes to how they stand to each other in time: who took a dead worker's place, who is below whom, who works."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

import psutil

from asyncspy.discover import live_processes
from asyncspy.discover.servers.find import find_workers
from asyncspy.errors import TargetError
from asyncspy.model.processes import Worker

PATIENCE_SECONDS = 30.0
"""A large application takes its time to be imported."""

PAUSE_SECONDS = 0.25


def wait_for_successor(
    worker: Worker,
    known: Collection[int],
    *,
    patience: float = PATIENCE_SECONDS,
    given_up: Callable[[], bool] = lambda: False,
) -> Worker | None:
    """The worker that its master started in its place, once there is one; none where no master would.

    `known` are the pids that were there before, or are watched already.
    """
    deadline = time.monotonic() + patience
    while _has_master(worker):
        fresh = [one for one in find_workers() if _is_sibling(one, worker) and one.pid not in known]
        if fresh:
            return max(fresh, key=lambda one: one.started_at or 0.0)
        if given_up() or time.monotonic() > deadline:
            return None
        time.sleep(PAUSE_SECONDS)
    return None


def sibling_pids(worker: Worker) -> set[int]:
    """The pids of a worker and of those beside it, as they are now."""
    return {worker.pid, *(one.pid for one in find_workers() if _is_sibling(one, worker))}


def _is_sibling(one: Worker, worker: Worker) -> bool:
    return one.ppid == worker.ppid and one.role == "worker" and one.server == worker.server and one.attachable


def _has_master(worker: Worker) -> bool:
    return worker.role == "worker" and any(
        one.pid == worker.ppid and one.role in {"master", "reloader"} for one in find_workers()
    )


def require_not_stopped(pid: int) -> None:
    """Raise TargetError for a process that is stopped: py-spy cannot look into it, and there is nothing to see."""
    with suppress(psutil.Error):
        if psutil.Process(pid).status() == psutil.STATUS_STOPPED:
            raise TargetError(
                f"process {pid} is stopped, by SIGSTOP or by Ctrl-Z in its terminal",
                remedy=f"let it go on, if that was not meant: kill -CONT {pid}",
            )


def without_descendants(pids: Sequence[int]) -> list[int]:
    """The pids without those whose parent, or parent's parent, is among them: recording that one records them, too."""
    return [pid for pid in dict.fromkeys(pids) if not _ancestors(pid) & set(pids)]


def _ancestors(pid: int) -> set[int]:
    try:
        return {parent.pid for parent in psutil.Process(pid).parents()}
    except psutil.Error:
        return set()


def total_cpu_seconds(pids: Sequence[int]) -> float:
    """The CPU time that these processes and all below them have used so far."""
    families = {one for pid in pids for one in (pid, *_descendants(pid))}
    return sum(live_processes.cpu_seconds(pid) or 0.0 for pid in families)


def _descendants(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []
