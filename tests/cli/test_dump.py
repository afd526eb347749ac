from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from asyncspy.cli import commands
from asyncspy.cli.options import interval

FRAMES = [
    ("Condition.wait", "/usr/lib/python3.12/threading.py", 355),
    (
        "CurrentThreadExecutor.run_until_future",
        "/v/lib/python3.12/site-packages/asgiref/current_thread_executor.py",
        85,
    ),
    ("AsyncToSync.__call__", "/v/lib/python3.12/site-packages/asgiref/sync.py", 291),
    ("Stamp.__call__", "/srv/shop/middleware.py", 11),
    ("SyncToAsync.thread_handler", "/v/lib/python3.12/site-packages/asgiref/sync.py", 561),
    ("_WorkItem.run", "/usr/lib/python3.12/concurrent/futures/thread.py", 58),
]


def saved(folder: Path, number: int, *, tid: int = 7) -> Path:
    """A dump as py-spy writes it, of one thread that waits for the loop."""
    frames = [{"name": name, "filename": file, "line": line, "locals": None} for name, file, line in FRAMES]
    thread = {
        "pid": 5,
        "thread_id": 1,
        "thread_name": "ThreadPoolExecutor-1_0",
        "os_thread_id": tid,
        "active": False,
        "owns_gil": False,
        "frames": frames,
    }
    path = folder / f"dump-{number}.json"
    path.write_text(json.dumps([thread]))
    return path


def reported(*paths: Path) -> dict[str, Any]:
    ran = CliRunner().invoke(commands, ["report", "--format", "json", *map(str, paths)])
    assert ran.exit_code == 0, ran.output
    hang: dict[str, Any] = json.loads(ran.stdout)["hang"]
    return hang


def test_py_spys_own_dumps_are_compared_in_the_order_given(tmp_path: Path) -> None:
    hang = reported(saved(tmp_path, 1), saved(tmp_path, 2), saved(tmp_path, 3))
    assert (hang["verdict"], hang["looks"], hang["seconds"]) == ("suspected", 3, None)


def test_threads_that_come_and_go_are_told_by_their_ids(tmp_path: Path) -> None:
    assert reported(*(saved(tmp_path, n, tid=n) for n in (1, 2, 3)))["verdict"] == "healthy"


def test_the_account_beside_the_dumps_adds_times_and_versions(tmp_path: Path) -> None:
    for number in (1, 2):
        saved(tmp_path, number)
    looks = [
        {"pid": 5, "path": f"dump-{n}.json", "at": 100.0 + n, "paused": 0.004, "ran": {"7": [0, 0]}} for n in (1, 2)
    ]
    target = {"pid": 5, "ppid": 1, "role": "worker", "certain": True, "server": "uvicorn", "asgiref": "3.7.2"}
    account = {"asyncspy-looks": {"format": 1, "targets": [target], "looks": looks}}
    (tmp_path / "looks.json").write_text(json.dumps(account))
    hang = reported(tmp_path)
    assert (hang["seconds"], hang["paused_seconds"]) == (1.0, 0.008)
    assert "asgiref#348" in str(hang["known"])


@pytest.mark.parametrize("ran", [{"7": [3, 900]}, {"7": [0, 1]}])
def test_a_thread_that_ran_in_between_is_not_suspected(tmp_path: Path, ran: dict[str, list[int]]) -> None:
    for number in (1, 2):
        saved(tmp_path, number)
    looks = [{"pid": 5, "path": f"dump-{n}.json", "at": 100.0 + n, "ran": ran} for n in (1, 2)]
    (tmp_path / "looks.json").write_text(json.dumps({"asyncspy-looks": {"format": 1, "targets": [], "looks": looks}}))
    assert reported(tmp_path)["verdict"] == "slow"


def told(folder: Path, **more: object) -> Path:
    """Two dumps, and an account beside them; `more` is told of the last."""
    for number in (1, 2):
        saved(folder, number)
    looks: list[dict[str, object]] = [{"pid": 5, "path": f"dump-{n}.json", "at": 100.0 + n} for n in (1, 2)]
    looks[-1].update(more)
    (folder / "looks.json").write_text(json.dumps({"asyncspy-looks": {"format": 1, "targets": [], "looks": looks}}))
    return folder


VIEW = [
    ["ASGIHandler.__call__", "/v/lib/python3.14/site-packages/django/core/handlers/asgi.py", 170],
    ["traced", "/srv/shop/tracing.py", 3],
    ["checkout", "/srv/shop/views.py", 7],
    ["sleep", "/usr/lib/python3.14/asyncio/tasks.py", 716],
]
LOOP_ONLY = [["Server.serve", "/v/lib/python3.14/site-packages/uvicorn/server.py", 90]]


def test_coroutines_that_wait_are_named_and_twins_counted_together(tmp_path: Path) -> None:
    tasks = [["Task-1", LOOP_ONLY, []], ["Task-7", VIEW, ["Task-1"]], ["Task-8", VIEW, []]]
    folder = told(tmp_path, tasks=tasks)
    hang = reported(folder)
    (coroutine,) = hang["coroutines"]
    assert (coroutine["tasks"], coroutine["awaited_by"]) == (["Task-7", "Task-8"], ["Task-1"])
    assert (coroutine["line"]["file"], coroutine["line"]["line"]) == ("/srv/shop/views.py", 7)
    assert hang["other_tasks"] == 1
    text = CliRunner().invoke(commands, ["report", str(folder)]).stdout
    assert "Task-7, Task-8  awaits sleep of Python" in text
    assert "/srv/shop/views.py:7  checkout" in text


def test_why_tasks_were_not_read_is_said(tmp_path: Path) -> None:
    folder = told(tmp_path, no_tasks="it runs in another root")
    assert (
        "The tasks were not read: it runs in another root"
        in CliRunner().invoke(commands, ["report", str(folder)]).stdout
    )


@pytest.mark.parametrize(
    "tasks", [3, ["x"], [[1, 2, 3]], [["a", [["f", "g", -1]], []]], [["a", "b", ["c"]]], [["a", [["f"]], []]]]
)
def test_damaged_tasks_are_left_out(tmp_path: Path, tasks: object) -> None:
    hang = reported(told(tmp_path, tasks=tasks))
    assert (hang["verdict"], hang["coroutines"], hang["other_tasks"]) == ("suspected", [], 0)


@pytest.mark.parametrize(
    "looks",
    [
        {"format": 2},
        {"format": 1, "looks": "x", "targets": 3},
        {
            "format": 1,
            "looks": [{"pid": -1, "at": "now", "ran": {"x": 1, "7": [1], "8": ["a", 2]}}, 5],
            "targets": [{}],
        },
    ],
)
def test_a_damaged_account_is_no_traceback(tmp_path: Path, looks: dict[str, object]) -> None:
    saved(tmp_path, 1)
    (tmp_path / "looks.json").write_text(json.dumps({"asyncspy-looks": looks}))
    assert reported(tmp_path)["verdict"] == "suspected"


def test_the_terminal_says_the_verdict_first_and_keeps_to_its_width(tmp_path: Path) -> None:
    paths = [saved(tmp_path, number) for number in (1, 2)]
    ran = CliRunner().invoke(commands, ["report", *map(str, paths)])
    assert ran.stdout.startswith("Perhaps a deadlock: part of process 5 has not moved.\n")
    assert "/srv/shop/middleware.py:11" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80


@pytest.mark.parametrize("words", [["--every", "0"], ["--wait", "x"], ["--while", "hung", "10s"], ["--every", "1e9"]])
def test_what_makes_no_sense_is_a_usage_error(words: list[str]) -> None:
    assert CliRunner().invoke(commands, ["dump", "--pid", "1", *words]).exit_code == 2


def test_a_pid_that_nobody_has_is_exit_3(tmp_path: Path) -> None:
    ran = CliRunner().invoke(commands, ["dump", "--pid", "4194304", "--output", str(tmp_path / "x")])
    assert ran.exit_code == 3
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("text", "seconds"), [("0.5", 0.5), ("30s", 30.0), ("5m", 300.0), ("1.5h", 5400.0)])
def test_intervals_are_written_as_people_do(text: str, seconds: float) -> None:
    assert interval(text) == seconds
