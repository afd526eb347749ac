"""Where tasks wait, against an application's own clocks; fair shares of many tasks, and what a look costs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.waits.waiting_tasks import sum_up_waiting
from asyncspy.guest import task_looks
from asyncspy.guest.task_looks import TaskWatch
from asyncspy.model.stacks import Frame
from asyncspy.model.waiting import Waiting, WaitingLine
from asyncspy.recording.saved_observed import decode_observed
from tests.live.matrix.homes import Missing, interpreter

PROGRAM = Path(__file__).parents[1] / "live" / "programs" / "waits" / "planted_waits.py"
PLANTED = {
    number: found[1]
    for number, line in enumerate(PROGRAM.read_text().splitlines(), 1)
    if (found := re.search(r"# planted: (\w+)", line))
}
KINDS = {
    "sleep": "sleep", "hop": "hop", "hop-queue": "hop-queue", "shield": "hop", "shield-queue": "hop-queue",
    "lock": "lock", "holder": "sleep", "part": "sleep", "gather": "task", "database": "database", "http": "http",
    "rows": "sleep", "nobody": "lock", "main": "sleep",
}  # fmt: skip
"""What each clock is of."""

DRIVER = "import asyncio\nasync def {}(seconds):\n    await asyncio.sleep(seconds)\n"
SECONDS = 8.0
WIDER, MORE = 2.0, 0.01
"""Intervals hold with 95%; there are fourteen of them. Clocks and looks do not end at the same moment."""


def planted(python: str, folder: Path, loop: str) -> tuple[dict[str, float], Waiting]:
    """Run the program; returns its clocks and what the looks say."""
    for package, function in (("psycopg", "execute"), ("httpx", "get")):
        installed = folder / "site-packages" / package
        installed.mkdir(parents=True)
        (installed / "__init__.py").write_text(DRIVER.format(function))
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder / "site-packages")}
    command = [python, str(PROGRAM), str(Path(task_looks.__file__)), str(SECONDS), loop]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, cwd=folder)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    table = [Frame(*frame) for frame in told["frames"]]
    waiting = sum_up_waiting(decode_observed({"tasks": [told]}, table).tasks, Ownership([str(PROGRAM.parent)]))
    assert waiting is not None
    assert (told["off"], told["beyond"]) == (None, 0)
    return told["clocks"], waiting


def clock_of(line: WaitingLine) -> str:
    name = PLANTED.get(line.culprit.frame.line, f"line {line.culprit.frame.line}")
    return f"{name}-queue" if line.kind == "hop-queue" else name


def check(clocks: dict[str, float], waiting: Waiting) -> list[str]:
    """Every clock's share of all clocks lies in the interval of its line; what is wrong, in words."""
    lines = [line for line in waiting.lines if line.kind != "turn"]
    whole = sum(line.share.share for line in lines)
    wrong = [f"{clock_of(line)} is {line.kind}" for line in lines if KINDS.get(clock_of(line)) != line.kind]
    seen = {clock_of(line): line.share for line in lines}
    for name, seconds in clocks.items():
        share = seconds / sum(clocks.values())
        if name not in seen:
            wrong.append(f"{name} was not seen, and is {share:.1%}")
            continue
        at, low, high = (each / whole for each in seen[name])
        if not at - WIDER * (at - low) - MORE <= share <= at + WIDER * (high - at) + MORE:
            wrong.append(f"{name}: {share:.1%} by its clock, {at:.1%} ({low:.1%}-{high:.1%}) by the looks")
    return wrong


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_shares_are_those_of_the_applications_own_clocks(loop: str, tmp_path: Path) -> None:
    assert check(*planted(sys.executable, tmp_path, loop)) == []


@pytest.mark.matrix
@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13", "3.14"])
def test_shares_are_those_of_the_applications_own_clocks_on_other_pythons(version: str, tmp_path: Path) -> None:
    try:
        python = interpreter(version)
    except Missing as missing:
        pytest.skip(str(missing))
    assert check(*planted(python, tmp_path, "asyncio")) == []


async def looked_at(tasks: int, looks: int) -> tuple[TaskWatch, list[float]]:
    """Looks at so many tasks that wait in two ways, three of four in the first."""

    async def first() -> None:
        await asyncio.sleep(1_000)

    async def second() -> None:
        await asyncio.Event().wait()

    waiting = [asyncio.ensure_future(first() if number % 4 else second()) for number in range(tasks)]
    await asyncio.sleep(0)
    found, took = TaskWatch(asyncio.get_running_loop()), []
    for _ in range(looks):
        found._due = 0.0
        used = time.thread_time()
        found.look_if_due()
        took.append(time.thread_time() - used)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return found, took


def test_of_many_tasks_a_fair_share_is_drawn_in_about_a_millisecond() -> None:
    found, took = asyncio.run(looked_at(2_000, 60))
    seen = {way.frames[0][0].rpartition(".")[2]: way.seen / found.looks for way in found._ways.values()}
    assert sum(seen.values()) == pytest.approx(2_001, rel=0.05)
    assert seen["first"] / 2_000 == pytest.approx(0.75, abs=0.06)
    assert sorted(took)[len(took) // 2] < 3 * task_looks.LOOK_BUDGET
    assert found.tasks < 60 * task_looks.MAX_TASKS * 1.1


def test_one_wait_that_is_seen_often_is_little_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_looks, "LOOK_BUDGET", 10.0)  # however busy the machine is
    found, _ = asyncio.run(looked_at(4, 30))
    (way,) = (way for way in found._ways.values() if way.frames[0][0].endswith("second"))
    assert (way.seen, way.squares) == (30, 900)


def test_looks_that_take_long_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_looks, "SLOW_LOOK", 0.0)
    found, _ = asyncio.run(looked_at(4, 30))
    assert (found.looks, found.off is not None and found.off.startswith("took ")) == (task_looks.MAX_SLOW, True)


def test_an_error_ends_them_and_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_self: object, _task: object) -> None:
        raise RecursionError

    monkeypatch.setattr(TaskWatch, "_way", fails)
    found, _ = asyncio.run(looked_at(4, 3))
    assert (found.looks, found.off) == (0, "met a RecursionError")


def test_too_many_ways_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_looks, "LOOK_BUDGET", 10.0)
    monkeypatch.setattr(task_looks, "MAX_WAYS", 1)
    found, _ = asyncio.run(looked_at(4, 2))
    (way,) = found._ways.values()
    assert way.seen + found.beyond == 10
    assert found.beyond >= 4


def test_tasks_of_the_server_alone_are_nothing_that_waits() -> None:
    async def idle() -> Waiting | None:
        loop = asyncio.get_running_loop()
        found = TaskWatch(loop)
        found.look_if_due()
        frames: dict[Any, int] = {}
        report = found.report(lambda of: [frames.setdefault(frame, len(frames)) for frame in of])
        table = [Frame(name, f"/venv/lib/python3.11/site-packages/uvicorn{file}", line) for name, file, line in frames]
        return sum_up_waiting(decode_observed({"tasks": [{"thread": "", **report}]}, table).tasks, Ownership())

    waiting = asyncio.run(idle())
    assert waiting is not None
    assert (waiting.looks, waiting.lines, waiting.tasks) == (1, (), 0)
