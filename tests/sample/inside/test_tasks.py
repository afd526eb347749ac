from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Task
from asyncspy.sample.inside.interpreters import is_safe_to_start, minor_version
from asyncspy.sample.inside.tasks import UnreadableTasks, find_interpreter, read_tasks

NOW = sys.version_info[:2]


def target(pid: int, python: str | None) -> Worker:
    return Worker(pid, 1, "worker", certain=True, server="uvicorn", python=python)


@pytest.mark.parametrize("python", ["3.9.18", "3.13.0", None, "PyPy"])
def test_older_pythons_are_not_even_asked(python: str | None) -> None:
    assert read_tasks(target(1, python)) == ()


@pytest.mark.parametrize(("text", "numbers"), [("3.14", (3, 14)), ("3.15.2", (3, 15)), ("x", None), (None, None)])
def test_a_version_is_two_numbers(text: str | None, numbers: tuple[int, int] | None) -> None:
    assert minor_version(text) == numbers


def test_ours_reads_its_own_version() -> None:
    assert find_interpreter(os.getpid(), NOW) == sys.executable


def test_an_interpreter_that_others_can_change_is_not_started(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.touch(mode=0o755)
    assert not is_safe_to_start(program)  # /tmp itself is everybody's
    program.chmod(0o777)
    assert not is_safe_to_start(program)
    assert is_safe_to_start(Path("/usr/bin/env"))


def test_a_process_that_is_gone_is_said_to_be() -> None:
    with pytest.raises(UnreadableTasks, match="cannot be seen"):
        find_interpreter(4194304, (3, 99))


def answers(script: str) -> tuple[Task, ...]:
    """What is read where this script stands for the one that reads."""
    return read_tasks(target(1, "{}.{}".format(*NOW)), script, since=NOW)


def test_what_is_told_innermost_first_is_kept_outermost_first() -> None:
    told = [
        [7, "Task-1", [["sleep", "tasks.py", 5], ["view", "views.py", 3]], [8]],
        [8, "Task-2", [["main", "main.py", 1]], [99]],
    ]
    assert answers(f"import json; print(json.dumps({told!r}))") == (
        Task("Task-1", (Frame("view", "views.py", 3), Frame("sleep", "tasks.py", 5)), ("Task-2",)),
        Task("Task-2", (Frame("main", "main.py", 1),), ("99",)),
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise RuntimeError('no such section')", "no such section"),
        ("print('[[1, 2]]')", "form that this asyncspy does not know"),
        ("print('x')", "form that this asyncspy does not know"),
        ("raise SystemExit(3)", "printed nothing"),
    ],
)
def test_why_they_could_not_be_read_is_said(code: str, said: str) -> None:
    with pytest.raises(UnreadableTasks, match=said):
        answers(code)
