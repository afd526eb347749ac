"""A pid to its vital figures, by psutil: whose it is, since when it runs, its CPU time, memory and threads."""

from __future__ import annotations

import time
from typing import NamedTuple

import psutil

from asyncspy.discover.access.fix_commands import user_name

DEAD = frozenset({psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD})


class ProcessUsage(NamedTuple):
    """The figures under the names that a worker has for them."""

    user: str
    started_at: float
    cpu_percent: float | None
    memory_bytes: int
    threads: int


def process_usage(pid: int) -> ProcessUsage | None:
    """All of them; None for a process that has ended, be it still in the table as a zombie, and for a hidden one."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            if process.status() in DEAD:
                return None
            return ProcessUsage(
                user=user_name(process.uids().effective),
                started_at=process.create_time(),
                cpu_percent=_lifetime_percent(process),
                memory_bytes=process.memory_info().rss,
                threads=process.num_threads(),
            )
    except psutil.Error:
        return None


def is_running(pid: int) -> bool:
    """Whether a process is there, and is more than the memory of one."""
    try:
        return psutil.Process(pid).status() not in DEAD
    except psutil.Error:
        return False


def cpu_seconds(pid: int) -> float | None:
    """The CPU time that a process has used until now; None where it has ended."""
    try:
        return _used(psutil.Process(pid))
    except psutil.Error:
        return None


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _lifetime_percent(process: psutil.Process) -> float | None:
    """The average since the process started: a current figure would take a second look, later."""
    age = time.time() - process.create_time()
    return round(100 * _used(process) / age, 1) if age > 0 else None
