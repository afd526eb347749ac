"""The whole story on a real service: it is paged, the line is found, mended as the report says, and proved to be gone.

The service is Django on PostgreSQL under gunicorn with uvicorn's workers, under load; its middleware breaks the rule
once in so many requests. What the operator types is run as it is typed; of what a person does, only the one edit is
made here, with the very words of the report.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.live.harness import PROGRAMS, Server, loading, serving
from tests.live.postgres import postgres
from tests.live.processes import eventually

WIDTH = "100"
FAULT = "            self.flags = read_flags()\n"
LONGEST_LOAD = 1200.0
SPARE_SECONDS = 30
"""Longer than diff says is enough: the load of a shared machine is never quite the same."""

MIDDLEWARE = "bookshop/middleware.py"


@dataclass
class Step:
    """One thing that was done, what it printed, and when: seconds since the page."""

    began: float
    ended: float
    typed: str
    printed: str
    code: int = 0


@dataclass
class Story:
    """What became of it."""

    steps: list[Step] = field(default_factory=list)
    edit: str = ""
    answered: dict[str, dict[int, int]] = field(default_factory=dict)
    """How many answers of which status, before the edit and after it."""

    def step(self, typed: str) -> Step:
        """The first one that begins so."""
        return next(step for step in self.steps if step.typed.startswith(typed))


class Operator:
    """Somebody at a prompt, in a folder of their own, with a clock that runs since the page."""

    def __init__(self, folder: Path, story: Story) -> None:
        self._folder, self._story = folder, story
        self._paged = time.monotonic()

    def clock(self) -> float:
        """Seconds since the page."""
        return time.monotonic() - self._paged

    def types(self, line: str, pid: int) -> Step:
        """Run a command as it is typed; its step."""
        began = self.clock()
        words = line.replace("MASTER", str(pid)).split()
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self._folder,
            env={**os.environ, "COLUMNS": WIDTH},
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )
        step = Step(began, self.clock(), " ".join(words), done.stdout, done.returncode)
        self._story.steps.append(step)
        assert done.returncode == 0, done.stdout + done.stderr
        return step

    def does(self, what: str, printed: str, began: float) -> None:
        """Something that is no command of asyncspy's."""
        self._story.steps.append(Step(began, self.clock(), what, printed))


def tell(folder: Path, *, refresh: int, proof: str) -> Story:
    """The story; the fault happens once in `refresh` requests, and the proof is recorded for as long as `proof`."""
    story = Story()
    project, desk = folder / "bookshop", folder / "desk"
    shutil.copytree(PROGRAMS / "bookshop", project, ignore=shutil.ignore_patterns("__pycache__"))
    desk.mkdir()
    with postgres() as database:
        settings = {
            "BOOKSHOP_POSTGRES": database.dsn.split()[0].removeprefix("host="),
            "BOOKSHOP_REFRESH": str(refresh),
        }
        with serving(project, server="gunicorn", loop="uvloop", env=settings) as server:
            _investigate(server, project, Operator(desk, story), story, proof)
    return story


def _investigate(server: Server, project: Path, operator: Operator, story: Story, proof: str) -> None:
    with loading(server.url, at_most=LONGEST_LOAD) as load:
        operator.types("asyncspy find-workers --app bookshop", server.pid)
        operator.types("asyncspy doctor --pid MASTER", server.pid)
        operator.types("asyncspy attach --pid MASTER --until found --output before.json", server.pid)
    story.answered["before"] = dict(load[0].statuses)
    began = operator.clock()
    story.edit = mend(project / MIDDLEWARE, story.step("asyncspy attach").printed)
    operator.does(f"vi {MIDDLEWARE}", story.edit, began)
    began = operator.clock()
    reload(server)
    operator.does(f"kill -HUP {server.pid}", "", began)
    with loading(server.url, at_most=LONGEST_LOAD) as load:
        operator.types(f"asyncspy attach --pid MASTER --duration {proof} --output after.json", server.pid)
    story.answered["after"] = dict(load[0].statuses)
    _prove(server, operator, "after.json")
    operator.types("asyncspy report after.json --fail-on violation --baseline before.json", server.pid)


def _prove(server: Server, operator: Operator, recording: str, tries: int = 3) -> None:
    """Hold it against the first recording; where that says that it is too short, take one as long as it says."""
    told = operator.types(f"asyncspy diff before.json {recording}", server.pid).printed
    enough = re.search(r"\((?:(\d+)m )?(?:(\d+)s )?in\s+all\)", told)
    if enough is None or not tries:
        return
    seconds = int(enough[1] or 0) * 60 + int(enough[2] or 0) + SPARE_SECONDS
    longer = f"longer-{4 - tries}.json"
    with loading(server.url, at_most=LONGEST_LOAD):
        operator.types(f"asyncspy attach --pid MASTER --duration {seconds}s --output {longer}", server.pid)
    _prove(server, operator, longer, tries - 1)


def mend(file: Path, report: str) -> str:
    """Make the edit that the report proposes, and give it as a diff; the report has to hold the code to type."""
    (code,) = set(re.findall(r"await sync_to_async\((?:\w+\.)?read_flags\)\(\)", report))
    before = file.read_text()
    assert before.count(FAULT) == 1
    after = before.replace(FAULT, FAULT.replace("read_flags()", code.replace("middleware.", "")))
    file.write_text(after)
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), MIDDLEWARE, MIDDLEWARE, n=1, lineterm="")
    return "\n".join(lines)


def reload(server: Server) -> None:
    """gunicorn's own reload: new workers with the new code, then the old ones end."""
    old = set(_workers(server.pid))
    os.kill(server.pid, signal.SIGHUP)
    assert eventually(lambda: _replaced(server.pid, old), timeout=60)


def _replaced(pid: int, old: set[int]) -> bool:
    now = set(_workers(pid))
    return len(now) == len(old) and not now & old


def _workers(pid: int) -> Iterator[int]:
    return (child.pid for child in psutil.Process(pid).children())
