"""Ask the operating system about processes by pid: usage, whether they run, and which are children of others."""

from __future__ import annotations

import pwd
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from asyncspy.errors import TargetError

DEAD = frozenset({psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD})


class ProcessUsage(NamedTuple):
    """User, start time, CPU, memory and threads of a process, under the names of `Worker`'s fields."""

    user: str
    started_at: float
    cpu_percent: float | None
    memory_bytes: int
    threads: int


def process_usage(pid: int) -> ProcessUsage | None:
    """Return a process's usage; None if it has ended (a zombie has) or is hidden from us."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            if process.status() in DEAD:
                return None
            started_at = process.create_time()
            age = time.time() - started_at
            return ProcessUsage(
                user=user_name(process.uids().effective),
                started_at=started_at,
                # The average since the start: a current figure would need a second look, later.
                cpu_percent=round(100 * _cpu_seconds(process) / age, 1) if age > 0 else None,
                memory_bytes=process.memory_info().rss,
                threads=process.num_threads(),
            )
    except psutil.Error:
        return None


def started_at(pid: int) -> float | None:
    """Return when a process was started, in seconds since the epoch; None if it has ended."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def user_name(uid: int) -> str:
    """Return the name of a user, or the number if this system has no name for it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def is_running(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        return psutil.Process(pid).status() not in DEAD
    except psutil.Error:
        return False


def child_pids(pid: int) -> set[int]:
    """Return the pids of a process's children; cheap enough to be called twice a second."""
    try:
        lists = [(path / "children").read_text() for path in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:  # it has ended, or the kernel has no such files
        try:
            return {child.pid for child in psutil.Process(pid).children()}
        except psutil.Error:
            return set()
    return {int(child) for each in lists for child in each.split()}


def require_not_stopped(pid: int) -> None:
    """Raise TargetError if a process is stopped: py-spy cannot read it then."""
    try:
        stopped = psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return
    if stopped:
        raise TargetError(
            f"process {pid} is stopped, by SIGSTOP or by Ctrl-Z in its terminal",
            remedy=f"if that was not intended, resume it: kill -CONT {pid}",
        )


def cpu_seconds(pid: int) -> float | None:
    """Return the CPU time that a process has used until now; None if it has ended."""
    try:
        return _cpu_seconds(psutil.Process(pid))
    except psutil.Error:
        return None


def total_cpu_seconds(pids: Sequence[int]) -> float:
    """Return the CPU time that these processes and all their descendants have used until now."""
    families = {member for pid in pids for member in (pid, *_descendants(pid))}
    return sum(cpu_seconds(pid) or 0.0 for pid in families)


def without_descendants(pids: Sequence[int]) -> list[int]:
    """Leave out pids that have an ancestor among the others: recording that one records them too."""
    return [pid for pid in dict.fromkeys(pids) if not _ancestors(pid) & set(pids)]


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _ancestors(pid: int) -> set[int]:
    try:
        return {parent.pid for parent in psutil.Process(pid).parents()}
    except psutil.Error:
        return set()


def _descendants(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []
