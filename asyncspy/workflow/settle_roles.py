"""Workers to the same with their doubts settled: one stack dump of each whose role is a guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from asyncspy.discover import settle_role
from asyncspy.errors import AsyncspyError
from asyncspy.model.processes import Worker
from asyncspy.sample import find_py_spy
from asyncspy.sample.pyspy.stack_dump import read_stacks


def settled(workers: Sequence[Worker]) -> list[Worker]:
    """The workers, those in doubt after a stack dump."""
    py_spy = find_py_spy()
    told: list[Worker | None] = []
    for worker in workers:
        if worker.certain or not worker.attachable:
            told.append(worker)
            continue
        try:
            told.append(settle_role(worker, read_stacks(py_spy, worker.pid)))
        except AsyncspyError as error:
            told.append(replace(worker, doubt=error.message))
    return [worker for worker in told if worker is not None]
