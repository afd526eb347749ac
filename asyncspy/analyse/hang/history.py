"""Follow each thread of a process through several dumps: was it in all of them, and did it run in between?

A thread of the same id and frames may still have served a hundred requests in between. Where the kernel's counters are
known, a thread that never ran has not moved; otherwise only its id and frames tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asyncspy.analyse.hang.threads import thread_role, waits_for_work
from asyncspy.model.hangs import ThreadRole
from asyncspy.model.stacks import Dump, Frame, Task, ThreadActivity, ThreadSnapshot

NANOSECONDS_PER_SECOND = 1e9


@dataclass(frozen=True)
class ThreadHistory:
    """One thread in the dumps that show it, oldest first, each with what it ran since the dump before.

    `unchanged`: every dump shows it with the same frames. `moved`: it ran between two dumps; None where that was not
    counted. `still`: several dumps show it unchanged, and it is not known to have moved; one dump says nothing about
    movement. `idle`: it waited for work in each snapshot. `always_busy`: every dump shows it with work.
    """

    name: str
    role: ThreadRole
    snapshots: tuple[ThreadSnapshot, ...]
    activity: tuple[ThreadActivity | None, ...]
    unchanged: bool
    moved: bool | None
    still: bool
    idle: bool
    always_busy: bool

    @property
    def last(self) -> ThreadSnapshot:
        """Its last snapshot."""
        return self.snapshots[-1]

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The frames of its last snapshot."""
        return self.last.frames


@dataclass(frozen=True)
class ProcessHistory:
    """The dumps of one process, oldest first, and its threads."""

    pid: int | None
    threads: tuple[ThreadHistory, ...]
    dumps: tuple[Dump, ...]

    @property
    def looks(self) -> int:
        """How many dumps there are."""
        return len(self.dumps)

    @property
    def seconds(self) -> float | None:
        """From the first dump to the last, where all times are known."""
        times = [dump.at for dump in self.dumps if dump.at is not None]
        return max(times) - min(times) if len(times) == len(self.dumps) and len(times) > 1 else None

    @property
    def period(self) -> str:
        """All its dumps in words: `in all 5 looks over 2.0 s`."""
        span = f" over {self.seconds:.1f} s" if self.seconds is not None else ""
        return f"in all {self.looks} looks{span}" if self.looks > 1 else "in the one look there is"

    @property
    def paused(self) -> float | None:
        """For how long py-spy paused the process in all."""
        return _sum_of_known(dump.paused for dump in self.dumps)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The asyncio tasks of the last dump that has any."""
        return next((dump.tasks for dump in reversed(self.dumps) if dump.tasks), ())

    def threads_with(self, *roles: ThreadRole) -> list[ThreadHistory]:
        """The threads that have one of these roles."""
        return [thread for thread in self.threads if thread.role in roles]

    def cpu_share(self, threads: Iterable[ThreadHistory]) -> float | None:
        """The part of the time between the dumps that these threads ran or wanted to; None where it was not counted."""
        counted = [ran for thread in threads for ran in thread.activity if ran is not None]
        # the kernel's counters were not followed while py-spy paused the process
        seconds = _sum_of_known(dump.counted for dump in self.dumps) or self.seconds
        if not counted or not seconds:
            return None
        return sum(ran.nanoseconds for ran in counted) / NANOSECONDS_PER_SECOND / seconds


def _sum_of_known(numbers: Iterable[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def histories_by_process(dumps: Sequence[Dump]) -> list[ProcessHistory]:
    """Group dumps by process, in the order of their times where all have one."""
    by_pid: dict[int | None, list[Dump]] = {}
    for dump in dumps:
        by_pid.setdefault(dump.pid, []).append(dump)
    return [_history(pid, own) for pid, own in by_pid.items()]


def _history(pid: int | None, dumps: list[Dump]) -> ProcessHistory:
    if all(dump.at is not None for dump in dumps):
        dumps = sorted(dumps, key=lambda dump: dump.at or 0.0)
    seen: dict[tuple[int | None, str], list[tuple[ThreadSnapshot, ThreadActivity | None]]] = {}
    for dump in dumps:
        for thread in dump.threads:
            activity = dump.ran.get(thread.os_id) if dump.ran and thread.os_id is not None else None
            seen.setdefault(_identity(thread), []).append((thread, activity))
    return ProcessHistory(pid, tuple(_thread_history(each, len(dumps)) for each in seen.values()), tuple(dumps))


def _thread_history(seen: list[tuple[ThreadSnapshot, ThreadActivity | None]], looks: int) -> ThreadHistory:
    snapshots, activity = zip(*seen, strict=True)
    in_all = len(snapshots) == looks
    unchanged = in_all and len({thread.frames for thread in snapshots}) == 1
    counted = [ran for ran in activity if ran is not None]
    moved = any(ran.switches or ran.nanoseconds for ran in counted) if counted else None
    idle = [waits_for_work(thread.frames) for thread in snapshots]
    return ThreadHistory(
        name=snapshots[-1].name or str(snapshots[-1].os_id or snapshots[-1].id or "unnamed"),
        role=thread_role(snapshots),
        snapshots=snapshots,
        activity=activity,
        unchanged=unchanged,
        moved=moved,
        still=looks > 1 and unchanged and not moved,
        idle=all(idle),
        always_busy=in_all and not any(idle),
    )


def _identity(thread: ThreadSnapshot) -> tuple[int | None, str]:
    """The system's id of a thread; where that is unknown, the interpreter's, or the name."""
    number = thread.os_id or thread.id
    return (number, "") if number else (None, thread.name)
