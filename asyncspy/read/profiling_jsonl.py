"""Takes the JSON lines of CPython's profiling.sampling; refuses them, since they hold no stacks, and says what to give.

They count for each frame how often it was on a stack, not on which: a query on the event loop and the same query in a
thread look alike there.
"""

from __future__ import annotations

from typing import BinaryIO, NoReturn

from asyncspy.errors import InputError

MARKS = (b'"type"', b'"meta"', b'"sample_interval_usec"')


def sniff(head: bytes) -> bool:
    """The meta record comes first."""
    first = head.lstrip().partition(b"\n")[0]
    return first.startswith(b"{") and all(mark in first for mark in MARKS)


def read(_stream: BinaryIO, _path: str) -> NoReturn:
    """Always raises InputError."""
    raise InputError(
        "profiling.sampling's JSON lines count frames without their stacks: a loop and a thread look alike there",
        remedy="record with stacks: python -m profiling.sampling attach -a --mode gil --collapsed -o FILE PID",
    )
