"""A pid to its vital figures: whose it is, since when it runs, its CPU time, memory and threads."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from asyncspy.discover.proc import Proc, Stat
from asyncspy.discover.remedies import user_name

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
KIB = 1024
DEAD = ("Z", "X")


class Vital(NamedTuple):
    """The figures under the names that a worker has for them; None is what cannot be read."""

    user: str | None
    started_at: float | None
    cpu_percent: float | None
    memory_bytes: int | None
    threads: int | None


def vital(pid: int, proc: Proc, booted_at: float | None) -> Vital | None:
    """All that can be read; None for a process that has ended, be it still in the table as a zombie."""
    status, stat = proc.status(pid), proc.stat(pid)
    if "State" not in status or status["State"].startswith(DEAD):
        return None
    started_at = booted_at + stat.started_ticks / TICKS_PER_SECOND if stat and booted_at is not None else None
    uids = status.get("Uid", "").split()
    memory = _number(status.get("VmRSS"))
    return Vital(
        user=user_name(int(uids[1])) if len(uids) > 1 else None,
        started_at=started_at,
        cpu_percent=_lifetime_percent(stat, started_at),
        memory_bytes=memory * KIB if memory is not None else None,
        threads=_number(status.get("Threads")),
    )


def cpu_seconds(pid: int, proc: Proc) -> float | None:
    """The CPU time that a process has used until now."""
    stat = proc.stat(pid)
    return _used(stat) if stat else None


def _used(stat: Stat) -> float:
    return (stat.user_ticks + stat.system_ticks) / TICKS_PER_SECOND


def _lifetime_percent(stat: Stat | None, started_at: float | None) -> float | None:
    """The average since the process started: a current figure would take a second look, later."""
    if stat is None or started_at is None:
        return None
    age = time.time() - started_at
    return round(100 * _used(stat) / age, 1) if age > 0 else None


def _number(text: str | None) -> int | None:
    """`96312 kB` is 96312."""
    word = (text or "").partition(" ")[0]
    return int(word) if word.isascii() and word.isdigit() else None
