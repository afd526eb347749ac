"""The workers of a machine to what `find-workers` prints for programs: a list, made without what lays out text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from asyncspy.model.processes import Worker
from asyncspy.untrusted import to_json


def workers_as_json(workers: Sequence[Worker]) -> str:
    """A list of objects, one for each process, with the model's fields."""
    return to_json([asdict(worker) for worker in workers])
