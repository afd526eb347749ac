"""Count the workers of a master that end while it is watched, and how old they became."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from asyncspy.errors import AsyncspyError
from asyncspy.model.processes import Worker, WorkerEnds
from asyncspy.workflow.machine import Machine

if TYPE_CHECKING:
    from asyncspy.sample import PySpy

YOUNG_SECONDS, STARTED_LATER_SECONDS = 30.0, 3.0
"""Workers that are younger than the first replaced others, if their master is older than they are by the second."""

LOOK_SECONDS, LOOK_EVERY_SECONDS = 5.0, 0.1


class EndedWorkers:
    """The children of one master: which of them ended since the first look."""

    def __init__(self, master: Worker, machine: Machine) -> None:
        self.master, self._machine = master, machine
        self._started: dict[int, float] = {}
        self._since = time.monotonic()
        self._ages: list[float] = []

    @property
    def living(self) -> Sequence[int]:
        """The pids of those that ran at the last look."""
        return list(self._started)

    @property
    def seen(self) -> WorkerEnds | None:
        """What was seen until now; None where nobody ended."""
        if not self._ages:
            return None
        return WorkerEnds(len(self._ages), round(time.monotonic() - self._since, 1), round(max(self._ages), 1))

    def look(self) -> None:
        """Look who has ended and who was started; a master that has ended itself is no news of its workers."""
        now, is_running = time.time(), self._machine.is_running
        children = {pid for pid in self._machine.child_pids(self.master.pid) if is_running(pid)}
        if not children and not is_running(self.master.pid):
            return
        for pid in self._started.keys() - children:
            self._ages.append(max(0.0, now - self._started.pop(pid)))
        for pid in children - self._started.keys():
            self._started[pid] = self._machine.started_at(pid) or now


def with_ended_workers(workers: Sequence[Worker], machine: Machine, py_spy: PySpy | None) -> list[Worker]:
    """Watch each master whose workers are all young or gone for a moment, and note how many end, and where they are.

    Where they are takes stack dumps: a py-spy is given only where it may be used.
    """
    watched = {master.pid: EndedWorkers(master, machine) for master in workers if _replaced_all(master, workers)}
    places: dict[int, str] = {}
    deadline = time.monotonic() + LOOK_SECONDS
    while watched and time.monotonic() < deadline:
        for pid, ended in watched.items():
            ended.look()
            if py_spy is not None and (place := _import_place(ended, machine, py_spy)):
                places[pid] = place
        time.sleep(LOOK_EVERY_SECONDS)
    found = {pid: seen for pid, ended in watched.items() if (seen := ended.seen)}
    return [
        replace(worker, ended_workers=found[worker.pid]._replace(importing=places.get(worker.pid)))
        if worker.pid in found and found[worker.pid].oldest_seconds < YOUNG_SECONDS
        else worker
        for worker in workers
    ]


def _replaced_all(master: Worker, workers: Sequence[Worker]) -> bool:
    """Whether a master has no worker that it may have had from the beginning, nor any that has been there for long."""
    if master.role != "master" or master.started_at is None:
        return False
    started = [worker.started_at or 0.0 for worker in workers if worker.ppid == master.pid and worker.role == "worker"]
    first = min(started, default=time.time())
    return first - master.started_at > STARTED_LATER_SECONDS and time.time() - first < YOUNG_SECONDS


def _import_place(ended: EndedWorkers, machine: Machine, py_spy: PySpy) -> str | None:
    """The line of the user's own code at which a worker is in the import of the app."""
    from asyncspy.analyse.waits.app_imports import importing_line  # noqa: PLC0415 - most lists need none of it

    for pid in ended.living:
        with suppress(AsyncspyError):  # it may end at any moment
            line = importing_line(machine.read_stacks(py_spy, pid), ended.master)
            if line is not None:
                return f"{line.file}:{line.line} {line.function}"
    return None
