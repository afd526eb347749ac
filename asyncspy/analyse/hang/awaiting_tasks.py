"""Group the waiting asyncio tasks of a process by the line of the user's own code that they await at."""

from __future__ import annotations

from asyncspy.analyse.hang.history import ProcessHistory
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.model.findings import Culprit
from asyncspy.model.hangs import AwaitingTasks
from asyncspy.model.stacks import ChainFrame, Frame, Task


def group_awaiting_tasks(history: ProcessHistory, owners: Ownership) -> tuple[tuple[AwaitingTasks, ...], int]:
    """Return the tasks that wait in own code, largest group first, and the number of all other tasks."""
    groups: dict[tuple[Frame, ...], list[Task]] = {}
    others = 0
    for task in history.tasks:
        if any(owners.of(frame) is None for frame in task.frames):
            groups.setdefault(task.frames, []).append(task)
        else:
            others += 1
    found = [_awaiting(frames, tasks, owners) for frames, tasks in groups.items()]
    return tuple(sorted(found, key=lambda each: (-len(each.tasks), each.line.frame))), others


def _awaiting(frames: tuple[Frame, ...], tasks: list[Task], owners: Ownership) -> AwaitingTasks:
    own = max(i for i, frame in enumerate(frames) if owners.of(frame) is None)
    return AwaitingTasks(
        tasks=tuple(task.name for task in tasks),
        line=Culprit(frames[own], None),
        frames=tuple(ChainFrame(*frame, owners.of(frame)) for frame in frames),
        awaited_by=tuple(dict.fromkeys(name for task in tasks for name in task.awaited_by)),
    )
