"""The dumps of one process to what became of each thread: was it there all the time, and did it move?

A thread of the same id and frames may still have answered a hundred requests in between. Where it is known how often
the kernel let it run, a thread that never ran has not moved; where that is not known, only its id and frames tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asyncspy.analyse.hang import roles
from asyncspy.analyse.unsafe.violations import judge
from asyncspy.model.hangs import ThreadRole
from asyncspy.model.stacks import Dump, Frame, ThreadActivity, ThreadSnapshot

Key = tuple[int | None, str]
"""A thread by the system's id; dumps that do not tell it have only the interpreter's, or the name."""


@dataclass(frozen=True)
class ThreadHistory:
    """One thread in those dumps that show it, oldest first, each with what it ran since the look before."""

    seen: tuple[ThreadSnapshot, ...]
    ran: tuple[ThreadActivity | None, ...]
    role: ThreadRole
    looks: int
    """How many times the process was looked at."""

    @property
    def last(self) -> ThreadSnapshot:
        """As it was seen last."""
        return self.seen[-1]

    @property
    def frames(self) -> tuple[Frame, ...]:
        """What it did when it was seen last."""
        return self.last.frames

    @property
    def always(self) -> bool:
        """Whether every look shows it, with the same frames."""
        return len(self.seen) == self.looks and len({thread.frames for thread in self.seen}) == 1

    @property
    def still(self) -> bool:
        """Whether it was looked at more than once and did not move; one look tells of no movement."""
        return self.looks > 1 and self.always and not self.moved

    @property
    def moved(self) -> bool | None:
        """Whether it ran between any two looks; None where nobody counted."""
        counted = [ran for ran in self.ran if ran is not None]
        return any(ran.switches or ran.nanoseconds for ran in counted) if counted else None

    @property
    def idle(self) -> bool:
        """Whether it waited for work whenever it was seen."""
        return all(waits_for_work(thread.frames) for thread in self.seen)

    @property
    def busy_in_all(self) -> bool:
        """Whether every look found it with work."""
        return len(self.seen) == self.looks and not any(waits_for_work(thread.frames) for thread in self.seen)


@dataclass(frozen=True)
class ProcessHistory:
    """One process: its threads, in how many looks, over how many seconds where the times are known."""

    pid: int | None
    threads: tuple[ThreadHistory, ...]
    dumps: tuple[Dump, ...]

    @property
    def looks(self) -> int:
        """How many times it was looked at."""
        return len(self.dumps)

    @property
    def seconds(self) -> float | None:
        """From the first look to the last."""
        times = [dump.at for dump in self.dumps if dump.at is not None]
        return max(times) - min(times) if len(times) == len(self.dumps) and len(times) > 1 else None

    @property
    def counted(self) -> float | None:
        """Over how long the kernel's counters were followed: between the looks, and not while py-spy held it."""
        spans = [dump.counted for dump in self.dumps if dump.counted is not None]
        return sum(spans) if spans else None

    @property
    def paused(self) -> float | None:
        """For how long the process stood still in all."""
        pauses = [dump.paused for dump in self.dumps if dump.paused is not None]
        return sum(pauses) if pauses else None

    @property
    def loops(self) -> list[ThreadHistory]:
        """The threads whose own business is a loop."""
        return [thread for thread in self.threads if thread.role == "loop"]

    @property
    def working(self) -> list[ThreadHistory]:
        """All but the loops that were seen with work."""
        return [thread for thread in self.threads if thread.role != "loop" and not thread.idle]


def histories(dumps: Sequence[Dump]) -> list[ProcessHistory]:
    """Each process by itself, its dumps by time where all tell it, else as they came."""
    by_pid: dict[int | None, list[Dump]] = {}
    for dump in dumps:
        by_pid.setdefault(dump.pid, []).append(dump)
    return [_history(pid, own) for pid, own in by_pid.items()]


def _history(pid: int | None, dumps: list[Dump]) -> ProcessHistory:
    times = [dump.at for dump in dumps if dump.at is not None]
    if len(times) == len(dumps):
        dumps = sorted(dumps, key=lambda dump: dump.at or 0.0)
    seen: dict[Key, list[tuple[ThreadSnapshot, ThreadActivity | None]]] = {}
    for dump in dumps:
        for thread in dump.threads:
            told = dump.ran.get(thread.os_id) if dump.ran and thread.os_id is not None else None
            seen.setdefault(_key(thread), []).append((thread, told))
    watched = [
        ThreadHistory(
            tuple(t for t, _ in each), tuple(r for _, r in each), roles.role([t for t, _ in each]), len(dumps)
        )
        for each in seen.values()
    ]
    return ProcessHistory(pid, tuple(watched), tuple(dumps))


def _key(thread: ThreadSnapshot) -> Key:
    number = thread.os_id or thread.id
    return (number, "") if number else (None, thread.name)


def waits_for_work(frames: Sequence[Frame]) -> bool:
    """Whether a thread has nothing to do: a loop in its select, a pool's idle thread, a consumer at an empty queue."""
    return judge(frames).world in {"idle", "other"} or roles.is_consumer(frames)
