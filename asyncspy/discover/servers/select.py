"""All workers of a machine to those that were asked for: by server, by app, the busiest, or the only ones there are."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from asyncspy.discover.access.fix_commands import LIST
from asyncspy.discover.live_processes import cpu_seconds
from asyncspy.errors import UsageError
from asyncspy.model.processes import Worker

LOOK_SECONDS = 0.5


def select_workers(workers: Sequence[Worker], *, server: str | None = None, app: str | None = None) -> list[Worker]:
    """Whole families in which some process is of this server, and serves an app with this in its name."""
    kept: list[Worker] = []
    for family in families(workers):
        of_server = server is None or any(worker.server == server for worker in family)
        of_app = app is None or any(worker.app is not None and app in worker.app for worker in family)
        kept += family if of_server and of_app else ()
    return kept


def busiest_worker(workers: Iterable[Worker]) -> Worker | None:
    """The worker that uses most CPU at this moment, by two looks."""
    serving = [worker for worker in workers if worker.role == "worker"]
    before = {worker.pid: cpu_seconds(worker.pid) for worker in serving}
    time.sleep(LOOK_SECONDS)
    used = {pid: (cpu_seconds(pid) or 0.0) - then for pid, then in before.items() if then is not None}
    return max((worker for worker in serving if worker.pid in used), key=lambda w: used[w.pid], default=None)


def only_server(workers: Sequence[Worker]) -> Worker:
    """The one process to attach to: a master with all its workers, or the worker that is alone.

    Raises UsageError where there is none or several, with the list to choose from.
    """
    tops = all_servers(workers)
    if len(tops) > 1:
        listed = ", ".join(f"{top.pid} ({' '.join(filter(None, (top.server, top.app, top.bind)))})" for top in tops)
        raise UsageError(f"{len(tops)} servers run here: {listed}", remedy=f"name one: --pid {tops[0].pid}")
    return tops[0]


def all_servers(workers: Sequence[Worker]) -> list[Worker]:
    """The topmost process of each server that has workers. Raises UsageError where there is none."""
    tops = [family[0] for family in families(workers) if any(worker.role == "worker" for worker in family)]
    if not tops:
        raise UsageError("no worker was found that could be meant; name one with --pid", remedy=LIST)
    return tops


def families(workers: Sequence[Worker]) -> list[list[Worker]]:
    """The workers by the topmost process that they descend from, itself first, in the order of the list."""
    by_pid = {worker.pid: worker for worker in workers}
    grouped: dict[int, list[Worker]] = {}
    for worker in workers:
        top = top_of(worker, by_pid)
        grouped.setdefault(top.pid, [top] if top is not worker else []).append(worker)
    return [list({worker.pid: worker for worker in family}.values()) for family in grouped.values()]


def top_of(worker: Worker, by_pid: dict[int, Worker]) -> Worker:
    """The topmost of a process's ancestors in the list; a circle of reused pids ends where it began."""
    seen = {worker.pid}
    while worker.ppid in by_pid and worker.ppid not in seen:
        worker = by_pid[worker.ppid]
        seen.add(worker.pid)
    return worker
