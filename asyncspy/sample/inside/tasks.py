"""A process of Python 3.14 or newer to the tasks of its loops, by the interpreter's own remote debugging.

That reads the other's memory as py-spy does: nothing runs in the target, and nothing stops it. It needs an interpreter
of the same minor version on this side: ours, or else the target's own, which is started as a program only where it is
of this very root and nobody but root or us can have written it.
"""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Task

SINCE = (3, 14)
"""The first Python that lets its tasks be read."""

SECONDS, TRIES = 10, 3
"""For one reading, and how often: the target runs on meanwhile, and what moves can be read wrong."""

MOST_TASKS, MOST_FRAMES = 5_000, 200

READ = f"""
import json, sys
from _remote_debugging import RemoteUnwinder
def frame(each):
    at = getattr(each, "location", each)
    return each.funcname, each.filename, getattr(at, "lineno", 0) or 0
def told(task):
    frames = [frame(each) for coroutine in task.coroutine_stack for each in coroutine.call_stack]
    return task.task_id, task.task_name, frames[:{MOST_FRAMES}], [each.task_name for each in task.awaited_by]
found = RemoteUnwinder(int(sys.argv[1])).get_all_awaited_by()
print(json.dumps([told(task) for thread in found for task in thread.awaited_by][:{MOST_TASKS}]))
"""
"""Run by the interpreter that reads; 3.15 keeps the line of a frame elsewhere than 3.14."""


class Unread(Exception):  # noqa: N818 - no error: the dumps are as good without
    """Why the tasks of a process that has some could not be read."""


def tasks(target: Worker) -> tuple[Task, ...]:
    """The tasks of a process; none where its Python is too old to tell."""
    version = minor(target.python)
    if version is None or version < SINCE:
        return ()
    reader = interpreter(target.pid, version)
    for attempt in range(TRIES):
        done = _run([reader, "-I", "-c", READ, str(target.pid)])
        if done.returncode == 0:
            return _decoded(done.stdout)
        if attempt + 1 == TRIES:
            raise Unread(_last_line(done.stderr))
    return ()


def minor(version: str | None) -> tuple[int, int] | None:
    """`3.14.2` as two numbers."""
    found = re.match(r"(\d{1,3})\.(\d{1,3})", version or "", re.ASCII)
    return (int(found[1]), int(found[2])) if found else None


def interpreter(pid: int, version: tuple[int, int]) -> str:
    """An interpreter of that version which may be started here."""
    if sys.version_info[:2] == version:
        return sys.executable
    wanted = "{}.{}".format(*version)
    try:
        path = Path(f"/proc/{pid}/exe").readlink()
        same_root = _same(f"/proc/{pid}/root", "/")
    except OSError as error:
        raise Unread(f"its interpreter cannot be seen: {error.strerror}") from None
    if not same_root:
        raise Unread(f"it runs in another root (a container): asyncspy has to run on Python {wanted} in there")
    if not ours_or_roots(path):
        raise Unread(f"its interpreter {path} can be changed by others: asyncspy has to run on Python {wanted}")
    return str(path)


def _same(one: str, other: str) -> bool:
    return os.path.samestat(os.stat(one), os.stat(other))  # noqa: PTH116 - the link itself is what is followed


def ours_or_roots(path: Path) -> bool:
    """Whether nobody but root and us can have written this file, or put it where it is."""
    try:
        told = [each.stat() for each in (path, *path.parents)]
    except OSError:
        return False
    writable = stat.S_IWGRP | stat.S_IWOTH
    return all(each.st_uid in {0, os.geteuid()} and not each.st_mode & writable for each in told)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=SECONDS,
            check=False, cwd="/",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unread(f"they could not be read within {SECONDS} s") from None
    except OSError as error:
        raise Unread(f"{command[0]} cannot be started: {error.strerror}") from None


def _decoded(text: str) -> tuple[Task, ...]:
    try:
        read = json.loads(text)
        names = {number: str(name) for number, name, *_ in read}
        return tuple(_task(each, names) for each in read)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Unread(f"they were told in a form that this asyncspy does not know: {error}") from None


def _task(told: list[Any], names: dict[int, str]) -> Task:
    """From the coroutine that the task was made of to the innermost; the other side tells the innermost first."""
    _, name, frames, awaited_by = told
    stack = tuple(Frame(str(function), str(file), int(line)) for function, file, line in reversed(frames))
    return Task(str(name), stack, tuple(names.get(number, str(number)) for number in awaited_by))


def _last_line(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1][:300] if lines else "the reading interpreter said nothing"
