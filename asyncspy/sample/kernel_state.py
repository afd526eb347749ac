"""Read what the kernel says of a process at this moment: its state, who traces it, how often each thread ran."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from asyncspy.model.stacks import ThreadActivity

AFFINITY_SINCE = (3, 13)
"""The first Python that sizes the default thread pool by os.process_cpu_count."""

SETTLE_SECONDS, MAX_READINGS = 0.01, 15
"""The pause between two readings of the counters, which must agree, and how often they are read."""

STOPPED, HELD = "T", "t"
"""The kernel's letters for a process that a signal stopped, and for one that a tracer holds."""

ThreadCounters = dict[int, ThreadActivity]
ThreadReading = dict[int, tuple[ThreadActivity, bool]]
"""Every thread's counters, and whether it runs or waits for its turn."""


def status_of(process: int | str) -> dict[str, str]:
    """The fields of a process's or thread's status file; none of a process that is gone."""
    lines = text_of(f"/proc/{process}/status").split("\n")  # a name may hold other line ends
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def process_state(pid: int) -> str | None:
    """The kernel's letter for its state: S sleeps, R runs, T is stopped, t is held by a tracer. None if it is gone."""
    stat = text_of(f"/proc/{pid}/stat")  # half as long to read as the status file: a dump reads it all the time
    return stat.rpartition(")")[2].split()[0] if stat else None


def is_traced(pid: int) -> bool:
    """Whether a debugger or tracer has attached to it."""
    return status_of(pid).get("TracerPid", "0") != "0"


def processor_count(pid: int, python: tuple[int, int] | None) -> int | None:
    """How many processors size the default thread pool: from Python 3.13 on those that the process may run on."""
    if python is not None and python >= AFFINITY_SINCE:
        with suppress(OSError, AttributeError):  # gone, or a system without affinities
            return len(os.sched_getaffinity(pid))
    return os.cpu_count()


def thread_counters(pid: int) -> ThreadCounters:
    """How often every thread was put on a processor, and how many nanoseconds it ran or waited for its turn to run.

    On a machine that is short of processors a thread that computes hardly runs, and waits for its turn.
    """
    return {tid: activity for tid, (activity, _) in read_threads(pid).items()}


def settled_counters(
    pid: int, read: Callable[[int], ThreadReading] | None = None, pause: float = SETTLE_SECONDS
) -> ThreadCounters:
    """The counters once the threads that py-spy woke sleep again: two readings agree on all threads but a busy one.

    A thread that was woken and still waits for its turn shows its old counters: it has not settled.
    """
    read = read or read_threads
    first = before = read(pid)
    changed_before: set[int] = set()
    for _ in range(MAX_READINGS):
        time.sleep(pause)
        after = read(pid)
        waiting = any(runnable and first.get(tid, (None,))[0] == ran for tid, (ran, runnable) in after.items())
        changed = {tid for tid, (ran, _) in after.items() if before.get(tid, (None,))[0] != ran}
        if not waiting and (not changed or (len(changed) == 1 and changed == changed_before)):  # a loop may tick often
            break
        before, changed_before = after, changed
    return {tid: activity for tid, (activity, _) in after.items()}


def read_threads(pid: int) -> ThreadReading:
    """What the kernel counts of every thread at this moment."""
    threads = {}
    for tid in names_in(f"/proc/{pid}/task"):
        status, schedule = status_of(f"{pid}/task/{tid}"), text_of(f"/proc/{pid}/task/{tid}/schedstat")
        switches = [int(value) for name, value in status.items() if name.endswith("ctxt_switches")]
        if switches and schedule:
            ran, waited = map(int, schedule.split()[:2])
            threads[int(tid)] = (ThreadActivity(sum(switches), ran + waited), status.get("State", "").startswith("R"))
    return threads


def text_of(path: str) -> str:
    """A file of the kernel's; an empty one where it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def names_in(path: str) -> list[str]:
    """The names in a folder of the kernel's; none where it cannot be read."""
    with suppress(OSError):
        return os.listdir(path)  # noqa: PTH208 - only the names are wanted
    return []
