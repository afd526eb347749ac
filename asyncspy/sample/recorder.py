"""A plan to a recording on disk: runs `py-spy record`, ends it early when asked to, and saves what it wrote.

py-spy writes its file when it gets SIGINT and loses it when it gets SIGTERM; so whatever ends a recording early
reaches py-spy as SIGINT, also when asyncspy itself dies.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import IO, Any, Literal

from asyncspy import __version__, recording
from asyncspy.errors import OutputError, SamplerError
from asyncspy.model import Origin, Worker
from asyncspy.sample import output, process, pyspy
from asyncspy.sample.pyspy import PySpy

POLL_SECONDS = 0.1
GRACE_SECONDS = 30
"""py-spy counts ticks, not seconds: when it lags it overruns. After half as much again and this, it is told to end."""

NO_SAMPLES = "No stack counts found"
EMPTY: dict[str, Any] = {
    "$schema": "https://www.speedscope.app/file-format-schema.json",
    "profiles": [],
    "shared": {"frames": []},
}
"""What is saved when there was nothing to sample: that, too, is a result."""

LONGEST_WORDS = 1_000_000
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


THREADS = {"gil": "--gil", "wall": "--idle"}
"""What py-spy is told for each mode: which threads a sample takes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to record, for how long, and where to."""

    target: Worker
    duration: int
    rate: int
    output: Path
    partial: Path
    mode: Literal["gil", "wall"] = "gil"

    def command(self, py_spy: PySpy) -> list[str]:
        """The command line, spelt out: it is part of what a recording means."""
        options = [THREADS[self.mode], "--subprocesses", "--full-filenames", "--format", "speedscope"]
        bounds = ["--rate", str(self.rate), "--duration", str(self.duration)]
        return [py_spy.path, "record", "--pid", str(self.target.pid), *options, *bounds, "--output", str(self.partial)]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording that is safely on disk."""

    path: Path
    origin: Origin


def record(plan: Plan, py_spy: PySpy, *, tick: Callable[[float], None]) -> Recorded:
    """Record a live process; `tick` is told the seconds that have passed. Ctrl-C ends it early and loses nothing."""
    started_at = datetime.now(timezone.utc)
    try:
        for _ in range(pyspy.STARTS):
            started = time.monotonic()
            since_start = _seconds_told(tick, started)
            with process.started(plan.command(py_spy)) as (child, said):
                with _ending_early(child) as asked:
                    _wait(child, plan.duration, since_start)
                words = _words(said)
            if asked or child.returncode == 0 or not pyspy.stumbled(words):
                break
        seconds = time.monotonic() - started
        document = _document(plan, py_spy, words, ended_well=child.returncode == 0 or bool(asked))
    finally:
        _drop_if_empty(plan.partial)
    samples, errors = pyspy.counts(words)
    late = pyspy.lateness(words)
    origin = Origin(
        sampler=f"py-spy {py_spy.version}",
        mode=plan.mode,
        rate=plan.rate,
        duration=round(seconds if late else min(seconds, plan.duration), 1),
        started_at=started_at.isoformat(timespec="seconds"),
        samples=samples,
        errors=errors,
        late_seconds=late,
        interrupted=bool(asked),
        asyncspy=__version__,
        target=plan.target,
    )
    _save(plan, recording.embed(document, origin))
    return Recorded(plan.output, origin)


def _seconds_told(tick: Callable[[float], None], started: float) -> Callable[[], None]:
    return lambda: tick(time.monotonic() - started)


def _save(plan: Plan, document: dict[str, Any]) -> None:
    """Write the recording; where that fails, what py-spy wrote is still there, and is named."""
    try:
        output.write_whole(plan.output, document)
    except (OSError, OutputError) as error:
        why = error.message if isinstance(error, OutputError) else f"cannot write {plan.output}: {error.strerror}"
        raise OutputError(
            f"{why}; what py-spy recorded is kept as {plan.partial}", remedy=f"asyncspy report {plan.partial}"
        ) from None
    plan.partial.unlink(missing_ok=True)


@contextmanager
def _ending_early(child: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """While this lasts, the first signal ends py-spy with its file written, and the second gives up."""
    asked: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt
        process.interrupt(child)

    under_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    heard = [number for number in ENDING_SIGNALS if not (number == signal.SIGHUP and under_nohup)]
    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(child: subprocess.Popen[bytes], duration: int, tick: Callable[[], None]) -> None:
    """Wait for py-spy; one that does not come to an end is told to, and then made to."""
    deadline = time.monotonic() + duration * 1.5 + GRACE_SECONDS
    while child.poll() is None:
        tick()
        if time.monotonic() > deadline:
            process.interrupt(child)
            process.end(child, patience=GRACE_SECONDS)
            return
        try:
            child.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _words(said: IO[bytes]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - LONGEST_WORDS))  # the counts come last
    return said.read().decode("utf-8", "replace")


def _drop_if_empty(partial: Path) -> None:
    """What py-spy wrote is kept whatever happens; a file that it never wrote to is not."""
    if partial.exists() and partial.stat().st_size == 0:
        partial.unlink()


def _document(plan: Plan, py_spy: PySpy, words: str, *, ended_well: bool) -> dict[str, Any]:
    """What py-spy wrote; where it wrote nothing, its reason as an error."""
    written = plan.partial.read_bytes()
    if not written:
        if ended_well or NO_SAMPLES in words:
            return dict(EMPTY)
        raise pyspy.explain(words, plan.target.pid, py_spy)
    try:
        document = json.loads(written)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise SamplerError(
            f"py-spy {py_spy.version} wrote no speedscope document; what it wrote is kept as {plan.partial}",
            remedy="record again; if it happens again, send that file with a bug report",
        )
    return document
