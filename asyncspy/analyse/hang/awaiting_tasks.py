"""The tasks of a process to the coroutines of its own that wait, twins together: who has no thread is named, too."""

from __future__ import annotations

from asyncspy.analyse.hang.history import ProcessHistory
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.model.findings import Culprit
from asyncspy.model.hangs import AwaitingTasks
from asyncspy.model.stacks import ChainFrame, Frame, Task


def awaiting(history: ProcessHistory, owners: Ownership) -> tuple[AwaitingTasks, ...]:
    """Each line of own code at which tasks wait, those with the most tasks first."""
    groups: dict[tuple[Frame, ...], list[Task]] = {}
    for task in _tasks(history):
        if any(owners.of(frame) is None for frame in task.frames):
            groups.setdefault(task.frames, []).append(task)
    found = [_awaiting(frames, tasks, owners) for frames, tasks in groups.items()]
    return tuple(sorted(found, key=lambda each: (-len(each.tasks), each.line.frame)))


def others(history: ProcessHistory, owners: Ownership) -> int:
    """How many tasks hold nothing but the server's and the framework's frames."""
    return sum(1 for task in _tasks(history) if all(owners.of(frame) is not None for frame in task.frames))


def _tasks(history: ProcessHistory) -> tuple[Task, ...]:
    """As they were read last."""
    return next((dump.tasks for dump in reversed(history.dumps) if dump.tasks), ())


def _awaiting(frames: tuple[Frame, ...], tasks: list[Task], owners: Ownership) -> AwaitingTasks:
    own = max(i for i, frame in enumerate(frames) if owners.of(frame) is None)
    return AwaitingTasks(
        tasks=tuple(task.name for task in tasks),
        line=Culprit(frames[own], None),
        frames=tuple(ChainFrame(*frame, owners.of(frame)) for frame in frames),
        awaited_by=tuple(dict.fromkeys(name for task in tasks for name in task.awaited_by)),
    )
