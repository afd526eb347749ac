"""Run one `py-spy record`: start it, start it again if it fails at the start, and end it when it must end.

py-spy writes its file when it gets SIGINT and loses it when it gets SIGTERM; so whatever ends a recording early
reaches py-spy as SIGINT, also when asyncspy itself dies.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Literal

from asyncspy.model.processes import Worker
from asyncspy.sample.pyspy import child_process
from asyncspy.sample.pyspy.py_spy import MAX_STARTS, PySpy, is_failed_start
from asyncspy.sample.pyspy.watchdog import PySpyWatchdog

MAX_OUTPUT = 1_000_000
"""Bytes of py-spy's output that are kept: the last ones, since its counts come last."""

PassMode = Literal["gil", "wall"]
THREADS: dict[PassMode, str] = {"gil": "--gil", "wall": "--idle"}
"""py-spy's option for each mode: which threads a sample takes."""


@dataclass(frozen=True, slots=True)
class RecordPlan:
    """One pass over one process: which threads, how often, for how long."""

    target: Worker
    duration: int
    rate: int
    mode: PassMode = "gil"
    native: bool = False
    nonblocking: bool = False

    def command(self, py_spy: PySpy, output: Path) -> list[str]:
        """The command line, with every option spelled out: it is part of what a recording means."""
        options = [THREADS[self.mode], "--subprocesses", "--full-filenames", "--format", "speedscope"]
        options += ["--native"] * self.native + ["--nonblocking"] * self.nonblocking
        bounds = ["--rate", str(self.rate), "--duration", str(self.duration)]
        return [py_spy.path, "record", "--pid", str(self.target.pid), *options, *bounds, "--output", str(output)]


class PySpyRun:
    """A py-spy that records one process into a file. `close` it, whatever happens.

    `stopping` says that it was asked to end early, `held_target` that it hung while it held its target. After `close`
    there are its `seconds`, its `text` and its `exit_code`.
    """

    def __init__(self, plan: RecordPlan, py_spy: PySpy, output: Path) -> None:
        self.plan, self.py_spy, self.output = plan, py_spy, output
        self.stopping = self.held_target = False
        self.restart_error: OSError | None = None
        self._starts = 0
        self._ended: float | None = None
        self._start()

    def _start(self) -> None:
        self._starts += 1
        timeouts = self.py_spy.timeouts
        self.started_at, self.started = datetime.now(timezone.utc), time.monotonic()
        self._deadline = self.started + self.plan.duration * 1.5 + timeouts.grace
        self.interrupted = False
        self._resources = ExitStack()
        command = self.plan.command(self.py_spy, self.output)
        started = child_process.started(command, exit_seconds=timeouts.exit)
        self._child, self._output = self._resources.enter_context(started)
        self._watchdog = PySpyWatchdog(self.plan.target.pid, self._child.pid, timeouts.check)

    def poll(self) -> bool:
        """Whether it has ended. One that is overdue is interrupted, and killed if it does not end."""
        if self._ended is not None:
            return True
        if self._child.poll() is not None and (self.stopping or self._child.returncode == 0 or not self._restart()):
            self._ended = time.monotonic()
            return True
        if not self.held_target and self._watchdog.held_seconds() > self.py_spy.timeouts.held:
            self._release_target()
        if time.monotonic() > self._deadline:
            if self.interrupted:
                self._child.kill()
            self._interrupt(self.py_spy.timeouts.grace)
        return False

    def wait(self, seconds: float) -> None:
        """Wait until it ends, but not longer than this."""
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def stop(self) -> None:
        """Ask it to end early and to write what it has."""
        self.stopping = True
        self._interrupt(min(self.py_spy.timeouts.grace, self._deadline - time.monotonic()))

    def close(self) -> None:
        """End it for good and keep what it printed."""
        self.seconds = (self._ended or time.monotonic()) - self.started
        self.text = "" if self._output.closed else _text(self._output)
        self._resources.close()
        self.exit_code = self._child.returncode
        if self.exit_code == -signal.SIGKILL:
            self._watchdog.resume_target()

    def _interrupt(self, seconds: float) -> None:
        self.interrupted = True
        self._deadline = time.monotonic() + seconds
        child_process.send(self._child, signal.SIGINT)

    def _release_target(self) -> None:
        """Put the target first: a py-spy that holds it gets a moment to write its file, then it is killed."""
        self.held_target = True
        self._interrupt(self.py_spy.timeouts.last_chance)
        child_process.send(self._child, signal.SIGCONT)

    def _restart(self) -> bool:
        if self._starts >= MAX_STARTS or not is_failed_start(_text(self._output)):
            return False
        self._resources.close()
        try:
            self._start()
        except OSError as error:
            self.restart_error = error
            return False
        return True


def _text(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - MAX_OUTPUT))
    return output.read().decode("utf-8", "replace")
