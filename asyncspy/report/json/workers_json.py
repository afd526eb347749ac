"""The workers of a machine to what `find-workers` prints for programs: a list, made without what lays out text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from asyncspy.model.processes import Worker
from asyncspy.report.json.encode import as_text


def workers_as_json(workers: Sequence[Worker]) -> str:
    """A list of objects, one for each process, with the model's fields."""
    return as_text([asdict(worker) for worker in workers])
