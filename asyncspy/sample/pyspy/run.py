"""One py-spy at work: a plan goes in, what it wrote and said comes out; started again where it stumbles at the start.

py-spy writes its file when it gets SIGINT and loses it when it gets SIGTERM; so whatever ends a recording early
reaches py-spy as SIGINT, also when asyncspy itself dies.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from asyncspy.errors import AsyncspyError, OutputError, SamplerError
from asyncspy.recording.saved_form import EMPTY_DOCUMENT
from asyncspy.sample.pyspy import child_process, program
from asyncspy.sample.pyspy.program import PySpy
from asyncspy.sample.pyspy.record_command import RecordPlan
from asyncspy.sample.pyspy.watchdog import HELD_SECONDS, PySpyWatchdog

GRACE_SECONDS = 30
"""py-spy counts ticks, not seconds: when it lags it overruns. After half as much again and this, it is told to end."""

LAST_CHANCE_SECONDS = 1.0
LONGEST_WORDS = 1_000_000
FULL = "No space left on device"
RECORD_AGAIN = "record again; if it happens again, send that file with a bug report"
ELSEWHERE = "record again, to where there is room and nobody clears away: --output FOLDER"
ASKED_TO_END = {-signal.SIGINT, 128 + signal.SIGINT, 1}
"""How py-spy, or what becomes py-spy, ends when it is interrupted before it has a sample."""

NO_SAMPLES = "No stack counts found"


class PySpyRun:
    """A py-spy that records one process into a file; `close` it, whatever happens."""

    def __init__(self, plan: RecordPlan, py_spy: PySpy, output: Path) -> None:
        self.plan, self.py_spy, self.output = plan, py_spy, output
        self.asked = self.held = False
        self.starts = 0
        self._refused: OSError | None = None
        self.ended: float | None = None
        self._start()

    def _start(self) -> None:
        self.starts += 1
        self.started_at, self.started = datetime.now(timezone.utc), time.monotonic()
        self.deadline = self.started + self.plan.duration * 1.5 + GRACE_SECONDS
        self._told_to_end = False
        self._held = ExitStack()
        command = self.plan.command(self.py_spy, self.output)
        self._child, self._said = self._held.enter_context(child_process.started(command))
        self._hold = PySpyWatchdog(self.plan.target.pid, self._child.pid)

    def over(self) -> bool:
        """Whether it has come to its end. One that does not is told to, and then made to."""
        if self.ended is not None:
            return True
        if self._child.poll() is not None and (self.asked or self._child.returncode == 0 or not self._starts_again()):
            self.ended = time.monotonic()
            return True
        if not self.held and self._hold.seconds() > HELD_SECONDS:
            self._release()
        if time.monotonic() > self.deadline:
            if self._told_to_end:
                self._child.kill()
            child_process.interrupt(self._child)
            self._told_to_end, self.deadline = True, time.monotonic() + GRACE_SECONDS
        return False

    def _release(self) -> None:
        """The target comes first: a py-spy that holds it gets a moment to write its file, and is killed."""
        self.held = self._told_to_end = True
        self.deadline = time.monotonic() + LAST_CHANCE_SECONDS
        child_process.interrupt(self._child)
        child_process.wake(self._child)

    def _starts_again(self) -> bool:
        if self.starts >= program.STARTS or not program.stumbled(_words(self._said)):
            return False
        self._held.close()
        try:
            self._start()
        except OSError as error:
            self._refused = error
            return False
        return True

    def wait(self, seconds: float) -> None:
        """Until it ends, but no longer than this."""
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def end(self) -> None:
        """Ask it to write what it has; it is not given long."""
        self.asked = self._told_to_end = True
        self.deadline = min(self.deadline, time.monotonic() + GRACE_SECONDS)
        child_process.interrupt(self._child)

    def close(self) -> None:
        """Take its last words; it does not outlive this."""
        self.seconds = (self.ended or time.monotonic()) - self.started
        self.words = "" if self._said.closed else _words(self._said)
        self._held.close()
        self.code = self._child.returncode
        if self.code == -signal.SIGKILL:
            self._hold.let_go()

    def document(self) -> dict[str, Any]:
        """What it wrote; where it wrote nothing, its reason as an error."""
        written = self.output.read_bytes() if self.output.exists() else b""
        if not written:
            self._must_have_had_room()
            if self.code == 0 or NO_SAMPLES in self.words or (self.asked and self.code in ASKED_TO_END):
                return dict(EMPTY_DOCUMENT)
            raise self._failure()
        try:
            document = json.loads(written)
        except (ValueError, RecursionError):
            document = None
        if not _is_speedscope(document):
            kept = f"what was written is kept as {self.output}"
            if FULL in self.words:
                raise OutputError(f"the disk is full; {kept}", remedy=ELSEWHERE)
            raise SamplerError(
                f"py-spy {self.py_spy.version} wrote no speedscope document; {kept}", remedy=RECORD_AGAIN
            )
        return dict(document)

    def _must_have_had_room(self) -> None:
        """Raise where py-spy wrote nothing because there was nowhere to write it."""
        folder = self.output.parent.absolute()
        if FULL in self.words:
            raise OutputError(f"the disk is full: nothing could be written into {folder}", remedy=ELSEWHERE)
        if not folder.is_dir():
            raise OutputError(f"the folder {folder} is not there any more: what was recorded is lost", remedy=ELSEWHERE)

    def _failure(self) -> AsyncspyError:
        """Why it wrote nothing: what it says, or what ended it."""
        if self._refused is not None:
            return not_started(self.plan.target.pid, self._refused)
        if self.code is None or self.code >= 0:
            return program.explain(self.words, self.plan.target.pid, self.py_spy)
        ended_by = signal.Signals(-self.code).name
        if self.held:
            return SamplerError(
                f"py-spy hung while it held process {self.plan.target.pid}, and was killed; the process runs on",
                remedy="record again, at a lower --rate; is the machine out of memory, or its disk hanging? (dmesg)",
            )
        if self._told_to_end:
            return SamplerError(
                f"py-spy did not come to an end while it recorded process {self.plan.target.pid}, and was killed",
                remedy="record again, at a lower --rate; is the process stopped? asyncspy doctor looks",
            )
        return SamplerError(
            f"py-spy was ended by {ended_by} while it recorded process {self.plan.target.pid}",
            remedy="if memory ran out (dmesg tells), record for a shorter time or at a lower --rate",
        )


def not_started(pid: int, error: OSError) -> SamplerError:
    """What to tell where the machine has nothing left to start a py-spy with."""
    return SamplerError(
        f"py-spy could not be started for process {pid}: {error.strerror}",
        remedy="record again once there is memory, disk space and room for processes: free -m; df -h; ulimit -u",
    )


def _words(said: IO[bytes]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - LONGEST_WORDS))  # the counts come last
    return said.read().decode("utf-8", "replace")


def _is_speedscope(document: Any) -> bool:
    """Whether it has the shape that passes are joined by; what the samples hold is for the reader to judge."""
    if not isinstance(document, dict) or not isinstance(document.get("shared"), dict):
        return False
    profiles, frames = document.get("profiles"), document["shared"].get("frames")
    return (
        isinstance(profiles, list)
        and isinstance(frames, list)
        and all(isinstance(frame, dict) for frame in frames)
        and all(_is_sampled(one, len(frames)) for one in profiles)
    )


def _is_sampled(profile: Any, frames: int) -> bool:
    if not isinstance(profile, dict):
        return False
    samples, weights = profile.get("samples"), profile.get("weights")
    if not isinstance(samples, list) or not isinstance(weights, list) or len(samples) != len(weights):
        return False
    return all(
        isinstance(path, list) and all(type(place) is int and 0 <= place < frames for place in path) for path in samples
    )
