"""Threads of one process taken together: which pool is full, and how much of the time they compute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asyncspy.analyse.hang.graph import WaitGraph, WaitNode
from asyncspy.analyse.hang.history import ProcessHistory, ThreadHistory
from asyncspy.analyse.waits.pools import DEFAULT_EXECUTOR
from asyncspy.model.hangs import ThreadRole

SHORT_WATCH = 5
"""Seconds that tell a wait from a moment."""

MOST_THREADS, BESIDE_PROCESSORS = 32, 4
"""The default executor has as many threads as there are processors and four, at most 32."""

FEWEST_LOOKS = 3
NANOSECONDS = 1e9


class Full(NamedTuple):
    """A pool without a free thread; `size_known`: its size is not a guess by the number of its threads."""

    role: ThreadRole
    stands: list[WaitNode]
    size_known: bool


def full(scene: WaitGraph) -> Full | None:
    """A pool of which every thread was busy in every look, if there is one."""
    if scene.history.looks < 2:  # noqa: PLR2004 - one look sees no time pass
        return None
    roles: tuple[ThreadRole, ...] = ("default-pool", "shared")
    for role in roles:
        threads = [thread for thread in scene.history.threads if thread.role == role]
        taken = [stand for stand in scene.stands if stand.thread.role == role and stand.thread.busy_in_all]
        if not taken or len(taken) < len(threads):
            continue
        size = _size(scene.history) if role == "default-pool" else 1
        if len(taken) >= (size or DEFAULT_EXECUTOR.fewest) and (role != "shared" or _holds_up(taken[0])):
            return Full(role, taken, size is not None)
    return None


def _holds_up(stand: WaitNode) -> bool:
    """Whether the one shared thread is held by one piece of work all the time, and not only for the loop."""
    return stand.thread.always and stand.sight.kind != "loop"


def _size(history: ProcessHistory) -> int | None:
    cpus = history.dumps[-1].cpus
    return min(MOST_THREADS, cpus + BESIDE_PROCESSORS) if cpus else None


def cpu_share(history: ProcessHistory, threads: Sequence[ThreadHistory]) -> float | None:
    """The part of the time between the looks that these threads wanted a processor; None where nobody counted."""
    counted = [ran for thread in threads for ran in thread.ran if ran is not None]
    seconds = history.counted or history.seconds
    if not counted or not seconds:
        return None
    return sum(ran.nanoseconds for ran in counted) / NANOSECONDS / seconds
