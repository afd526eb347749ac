"""Read the asyncio tasks of a process of Python 3.14 or newer, by the interpreter's own remote debugging.

That reads the other process's memory as py-spy does: nothing runs in the target, and nothing stops it. It needs an
interpreter of the same minor version on this side: ours, or the target's own, which is started only where it has our
root directory and only root or we can have written it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Task
from asyncspy.sample.inside import interpreters
from asyncspy.sample.inside.interpreters import REMOTE_DEBUGGING_SINCE, Version, minor_version

READ_SECONDS, MAX_TRIES = 10, 3
"""For one reading, and how often: the target goes on running, and what changes can be read wrong."""

MAX_TASKS, MAX_FRAMES = 5_000, 200

SCRIPT = f"""
import json, sys
from _remote_debugging import RemoteUnwinder
def frame(each):
    at = getattr(each, "location", each)
    return each.funcname, each.filename, getattr(at, "lineno", 0) or 0
def as_list(task):
    frames = [frame(each) for coroutine in task.coroutine_stack for each in coroutine.call_stack]
    return task.task_id, task.task_name, frames[:{MAX_FRAMES}], [each.task_name for each in task.awaited_by]
found = RemoteUnwinder(int(sys.argv[1])).get_all_awaited_by()
print(json.dumps([as_list(task) for thread in found for task in thread.awaited_by][:{MAX_TASKS}]))
"""
"""Run by the interpreter that reads; 3.15 has the line of a frame in another place than 3.14."""


class UnreadableTasks(Exception):  # noqa: N818 - no error: the dumps are as good without
    """Why the tasks of a process that has some could not be read."""


def read_tasks(target: Worker, script: str = SCRIPT, since: Version = REMOTE_DEBUGGING_SINCE) -> tuple[Task, ...]:
    """The tasks of a process; none where its Python is older than `since`."""
    version = minor_version(target.python)
    if version is None or version < since:
        return ()
    command = [find_interpreter(target.pid, version), "-I", "-c", script, str(target.pid)]
    for _ in range(MAX_TRIES):
        try:
            done = interpreters.run(command, READ_SECONDS)
        except interpreters.InterpreterError as error:
            raise UnreadableTasks(f"{command[0]} {error}") from None
        if done.returncode == 0:
            return _decode(done.stdout)
    lines = done.stderr.strip().splitlines()
    raise UnreadableTasks(lines[-1][:300] if lines else "the reading interpreter printed nothing")


def find_interpreter(pid: int, version: Version) -> str:
    """An interpreter of that version that may be started here."""
    if sys.version_info[:2] == version:
        return sys.executable
    wanted = "{}.{}".format(*version)
    try:
        path = interpreters.executable_of(pid)
        same_root = interpreters.shares_our_root(pid)
    except OSError as error:
        raise UnreadableTasks(f"its interpreter cannot be seen: {error.strerror}") from None
    if not same_root:
        raise UnreadableTasks(f"it runs in another root (a container): asyncspy has to run on Python {wanted} in there")
    if not interpreters.is_safe_to_start(path):
        raise UnreadableTasks(
            f"its interpreter {path} can be changed by others: asyncspy has to run on Python {wanted}"
        )
    return str(path)


def _decode(text: str) -> tuple[Task, ...]:
    try:
        read = json.loads(text)
        names = {number: str(name) for number, name, *_ in read}
        return tuple(_task(each, names) for each in read)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnreadableTasks(f"they came in a form that this asyncspy does not know: {error}") from None


def _task(saved: list[Any], names: dict[int, str]) -> Task:
    """The frames come innermost first; a Task has them from its own coroutine to the innermost."""
    _, name, frames, awaited_by = saved
    stack = tuple(Frame(str(function), str(file), int(line)) for function, file, line in reversed(frames))
    return Task(str(name), stack, tuple(names.get(number, str(number)) for number in awaited_by))
