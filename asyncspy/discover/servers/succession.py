"""Find the workers beside a worker, and the one that takes its place after it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from asyncspy.discover.servers.find import find_workers
from asyncspy.model.processes import Worker

PATIENCE_SECONDS = 30.0
"""A large application takes long to import."""

PAUSE_SECONDS = 0.25


def wait_for_successor(
    worker: Worker,
    known: Collection[int],
    *,
    patience: float = PATIENCE_SECONDS,
    given_up: Callable[[], bool] = lambda: False,
    list_workers: Callable[[], list[Worker]] = find_workers,
) -> Worker | None:
    """Wait for the worker that the master starts in this one's place; None if there is no master or it starts none.

    `known` are the pids that were there before or are already watched.
    """
    deadline = time.monotonic() + patience
    while _has_master(worker, listed := list_workers()):
        new = [other for other in listed if _is_sibling(other, worker) and other.pid not in known]
        if new:
            return max(new, key=lambda other: other.started_at or 0.0)
        if given_up() or time.monotonic() > deadline:
            return None
        time.sleep(PAUSE_SECONDS)
    return None


def sibling_pids(worker: Worker) -> set[int]:
    """Return the pids of a worker and of those beside it, as they are now."""
    return {worker.pid, *(other.pid for other in find_workers() if _is_sibling(other, worker))}


def _is_sibling(other: Worker, worker: Worker) -> bool:
    same_master = other.ppid == worker.ppid and other.server == worker.server
    return same_master and other.role == "worker" and other.attachable


def _has_master(worker: Worker, listed: list[Worker]) -> bool:
    starts_workers = {other.pid for other in listed if other.role in {"master", "reloader"}}
    return worker.role == "worker" and worker.ppid in starts_workers
