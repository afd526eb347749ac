"""Select workers from a listing: by server or app, the busiest, or the only server there is."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from asyncspy.discover.access.fix_commands import LIST_WORKERS
from asyncspy.discover.live_processes import cpu_seconds
from asyncspy.errors import UsageError
from asyncspy.model.processes import Worker

LOOK_SECONDS = 0.5


def select_workers(workers: Sequence[Worker], *, server: str | None = None, app: str | None = None) -> list[Worker]:
    """Keep whole families in which some process is of this server, and serves an app with this in its name."""
    kept: list[Worker] = []
    for family in families(workers):
        of_server = server is None or any(worker.server == server for worker in family)
        of_app = app is None or any(worker.app is not None and app in worker.app for worker in family)
        kept += family if of_server and of_app else ()
    return kept


def busiest_worker(workers: Iterable[Worker]) -> Worker | None:
    """Return the worker that uses most CPU right now, measured over `LOOK_SECONDS`."""
    serving = [worker for worker in workers if worker.role == "worker"]
    before = {worker.pid: cpu_seconds(worker.pid) for worker in serving}
    time.sleep(LOOK_SECONDS)
    used = {pid: (cpu_seconds(pid) or 0.0) - then for pid, then in before.items() if then is not None}
    return max((worker for worker in serving if worker.pid in used), key=lambda w: used[w.pid], default=None)


def only_server(workers: Sequence[Worker]) -> Worker:
    """Return the one process to attach to: a master with all its workers, or a worker that is alone.

    Raises UsageError if there is none or several, with the list to choose from.
    """
    tops = all_servers(workers)
    if len(tops) > 1:
        listed = ", ".join(f"{top.pid} ({' '.join(filter(None, (top.server, top.app, top.bind)))})" for top in tops)
        raise UsageError(f"{len(tops)} servers run here: {listed}", remedy=f"name one: --pid {tops[0].pid}")
    return tops[0]


def all_servers(workers: Sequence[Worker]) -> list[Worker]:
    """Return the topmost process of each server that has workers. Raises UsageError if there is none."""
    tops = [family[0] for family in families(workers) if any(worker.role == "worker" for worker in family)]
    if not tops:
        raise UsageError("no worker was found; name a process with --pid", remedy=LIST_WORKERS)
    return tops


def families(workers: Sequence[Worker]) -> list[list[Worker]]:
    """Group workers by their topmost ancestor in the list, which comes first in its family."""
    by_pid = {worker.pid: worker for worker in workers}
    grouped: dict[int, list[Worker]] = {}
    for worker in workers:
        top = topmost_ancestor(worker, by_pid)
        grouped.setdefault(top.pid, [top] if top is not worker else []).append(worker)
    return [list({worker.pid: worker for worker in family}.values()) for family in grouped.values()]


def topmost_ancestor(worker: Worker, by_pid: Mapping[int, Worker]) -> Worker:
    """Follow parents up as far as they are listed; reused pids can form a circle."""
    seen = {worker.pid}
    while worker.ppid in by_pid and worker.ppid not in seen:
        worker = by_pid[worker.ppid]
        seen.add(worker.pid)
    return worker
