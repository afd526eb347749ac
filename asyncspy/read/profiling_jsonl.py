"""Refuse the JSON lines of CPython's profiling.sampling, which hold no stacks, and say what to record instead.

They count how often each frame was on a stack, not on which: a query on the event loop and the same query in a thread
look alike there.
"""

from __future__ import annotations

from typing import BinaryIO

from asyncspy.errors import InputError
from asyncspy.model.stacks import Profile


def read(stream: BinaryIO, path: str) -> Profile:  # noqa: ARG001 - the signature of all readers
    """Always raises InputError."""
    raise InputError(
        "profiling.sampling's JSON lines count frames without their stacks: a loop and a thread look alike there",
        remedy="record with stacks: python -m profiling.sampling attach -a --mode gil --collapsed -o FILE PID",
    )
