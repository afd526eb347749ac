"""A pid to what the kernel tells of it at this moment: what it does, who holds it, how often each thread ran."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from asyncspy.model.stacks import ThreadActivity

SINCE_AFFINITY = (3, 13)
"""The first Python whose os.process_cpu_count sizes the default pool."""

SETTLE_SECONDS, MOST_SETTLES = 0.01, 15
"""Between two readings of counters that must agree before they count, and how often that is tried."""

STOPPED, HELD = "T", "t"
"""The kernel's letters for a process that a signal stopped, and for one that a tracer holds."""

ThreadCounters = dict[int, ThreadActivity]


def process_state(pid: int) -> str | None:
    """The kernel's letter for what a process does: S sleeps, R runs, T is stopped, t is held by a tracer."""
    stat = _text(f"/proc/{pid}/stat")
    return stat.rpartition(")")[2].split()[0] if stat else None


def is_traced(pid: int) -> bool:
    """Whether a debugger or tracer has attached to it."""
    lines = _text(f"/proc/{pid}/status").splitlines()
    return any(line.startswith("TracerPid:") and line.split()[1] != "0" for line in lines)


def processor_count(pid: int, python: tuple[int, int] | None) -> int | None:
    """How many of them the default pool of threads is sized by: from 3.13 on those that the process may run on."""
    if python is not None and python >= SINCE_AFFINITY:
        with suppress(OSError, AttributeError):  # gone, or a system that does not tell
            return len(os.sched_getaffinity(pid))
    return os.cpu_count()


def thread_counters(pid: int) -> ThreadCounters:
    """How often every thread was put on a processor, and how many nanoseconds it ran or waited for its turn to run.

    On a machine that is short of processors a thread that computes hardly runs; it waits for its turn.
    """
    return {tid: ran for tid, (ran, _) in _threads(pid).items()}


def settled_counters(pid: int) -> ThreadCounters:
    """The counters once what py-spy woke sleeps again: two readings agree on all threads but a busy one.

    A thread that was woken and still waits for its turn shows the old counters: it has not settled, it is late.
    """
    first = before = _threads(pid)
    moved_before: set[int] = set()
    for _ in range(MOST_SETTLES):
        time.sleep(SETTLE_SECONDS)
        after = _threads(pid)
        late = any(runnable and first.get(tid, (None,))[0] == ran for tid, (ran, runnable) in after.items())
        moved = {tid for tid, (ran, _) in after.items() if before.get(tid, (None,))[0] != ran}
        if not late and (not moved or (len(moved) == 1 and moved == moved_before)):  # a loop may tick all the time
            break
        before, moved_before = after, moved
    return {tid: ran for tid, (ran, _) in after.items()}


def _threads(pid: int) -> dict[int, tuple[ThreadActivity, bool]]:
    """Every thread's counters, and whether it runs or waits for its turn."""
    found = {}
    for name in _listed(f"/proc/{pid}/task"):
        status, ran = _text(f"/proc/{pid}/task/{name}/status"), _text(f"/proc/{pid}/task/{name}/schedstat")
        switches = [int(line.split()[1]) for line in status.splitlines() if "ctxt_switches:" in line]
        if switches and ran:
            count = ThreadActivity(sum(switches), sum(map(int, ran.split()[:2])))  # it ran, it waited for its turn
            found[int(name)] = (count, "\nState:\tR" in status)
    return found


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _listed(path: str) -> list[str]:
    with suppress(OSError):
        return os.listdir(path)  # noqa: PTH208 - names are all that is wanted
    return []
