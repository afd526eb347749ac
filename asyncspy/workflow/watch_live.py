"""Watch live workers: record slice after slice, and show the findings so far after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from asyncspy.model.analysis import Analysis
from asyncspy.workflow.analyse_live import analyse_recording
from asyncspy.workflow.feedback import SILENT, Feedback, Tick
from asyncspy.workflow.machine import THIS_MACHINE, Machine
from asyncspy.workflow.record_live import RecordingResult, description, record_observed
from asyncspy.workflow.record_options import RecordOptions, Stage
from asyncspy.workflow.recording_run import RecordingRun

NOTICEABLE_SECONDS, MAX_CPU_SHARE = 0.25, 0.1
"""Analysing all that was recorded takes ever longer. Once that is noticeable, it may use so much of one processor."""


@dataclass(frozen=True, slots=True)
class WatchUpdate:
    """The analysis of everything recorded in so many seconds, and the number of slices since the last update."""

    watched: str
    root: str | None
    analysis: Analysis
    seconds: float
    slices: int


class WatchView(Protocol):
    """Shows a watch to a person."""

    def opened(self, watched: str, stop: Callable[[], None]) -> AbstractContextManager[object]:
        """Show it while the context lasts; `stop` ends the watch."""

    def update(self, update: WatchUpdate) -> None:
        """Show new findings."""

    def tick(self, seconds: float) -> None:
        """Show how many seconds of the current slice have passed."""


def watch(
    options: RecordOptions,
    slices: Stage,
    view: WatchView,
    feedback: Feedback = SILENT,
    machine: Machine = THIS_MACHINE,
) -> RecordingResult:
    """Record and show until the slices are over, a stop is requested, or no worker is left; then analyse it all."""
    return record_observed(options, [slices], _WatchObserver(view, feedback), feedback, machine)


class _WatchObserver:
    """Analyses the recording after each slice, or less often where that takes long, and updates the view."""

    def __init__(self, view: WatchView, feedback: Feedback) -> None:
        self._view, self._feedback = view, feedback
        self._watched = ""
        self._started = self._due = 0.0
        self._passed = self._slice_start = 0.0
        self._slices = 0

    @contextmanager
    def started(self, run: RecordingRun) -> Iterator[None]:
        """Open the view."""
        self._watched = description(run)
        with self._view.opened(self._watched, run.stop.request):
            self._started = self._due = time.monotonic()
            yield
            if not run.targets:
                self._feedback.note("nothing is left to watch")

    @contextmanager
    def stage(self, _stage: Stage) -> Iterator[Tick]:
        """Pass on the seconds since the last slice ended."""
        yield self._tick

    def _tick(self, seconds: float) -> None:
        self._passed = seconds
        self._view.tick(seconds - self._slice_start)

    def is_enough(self, run: RecordingRun) -> bool:
        """Never; but update the view, unless that was done only just now."""
        self._slices += 1
        self._slice_start = self._passed
        now, used = time.monotonic(), time.process_time()
        if now < self._due:
            return False
        recording = analyse_recording(run.writer, run.options.app_roots)
        self._watched = description(run) or self._watched
        root = recording.target.cwd if recording.target else None
        self._view.update(WatchUpdate(self._watched, root, recording.analysis, now - self._started, self._slices))
        self._slices = 0
        took = time.process_time() - used
        self._due = now + (took / MAX_CPU_SHARE if took > NOTICEABLE_SECONDS else 0.0)
        self._view.tick(0.0)
        return False
