"""Watch live workers: record slice after slice, and show the findings so far after each."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from asyncspy.model.analysis import Analysis
from asyncspy.workflow.analyse_live import analyse_recording
from asyncspy.workflow.counting.count_calls import count_calls
from asyncspy.workflow.feedback import Feedback
from asyncspy.workflow.machine import THIS_MACHINE, Machine
from asyncspy.workflow.preflight import prepared_run
from asyncspy.workflow.record_live import RecordingResult, description, finish_recording, take_stages
from asyncspy.workflow.record_options import RecordOptions, Stage
from asyncspy.workflow.recording_run import RecordingRun

NOTICEABLE_SECONDS, MAX_CPU_SHARE = 0.25, 0.1
"""Analysing all that was recorded takes ever longer; once noticeable, it may use this share of one processor."""


@dataclass(frozen=True, slots=True)
class WatchUpdate:
    """The analysis of everything recorded in `seconds`, and the number of slices since the last update."""

    watched: str
    root: str | None
    analysis: Analysis
    seconds: float
    slices: int


class WatchView(Feedback):
    """Shows a watch to a person; this one shows nothing."""

    def opened(self, watched: str, stop: Callable[[], None]) -> AbstractContextManager[object]:  # noqa: ARG002
        """Show it while the context lasts; `stop` ends the watch."""
        return nullcontext()

    def update(self, update: WatchUpdate) -> None:
        """Show new findings."""


def watch(options: RecordOptions, slices: Stage, view: WatchView, machine: Machine = THIS_MACHINE) -> RecordingResult:
    """Record and show until the slices are over, a stop is requested, or no worker is left; then analyse it all."""
    with prepared_run(options, [slices], view, machine) as run, count_calls(run) as save_counts:
        updates = _Updates(run, view)

        def after_slice() -> bool:
            save_counts()
            updates.add_slice()
            return False  # a watch goes on until it is stopped

        with view.opened(updates.watched, run.stop.request):
            take_stages(run, [slices], after_slice)
            if not run.targets:
                view.note("nothing is left to watch")
    return finish_recording(run)


class _Updates:
    """Analyses the recording after each slice, or less often where that takes long, and updates the view."""

    def __init__(self, run: RecordingRun, view: WatchView) -> None:
        self._run, self._view = run, view
        self.watched = description(run)
        self._started = self._due = time.monotonic()
        self._slices = 0

    def add_slice(self) -> None:
        """Update the view, unless it is too early for that."""
        self._slices += 1
        now, used = time.monotonic(), time.process_time()
        if now < self._due:
            return
        recording = analyse_recording(self._run.writer, self._run.options.app_roots)
        self.watched = description(self._run) or self.watched
        analysis, target = recording.analysis, recording.analysis.target
        root = target.cwd if target else None
        self._view.update(WatchUpdate(self.watched, root, analysis, now - self._started, self._slices))
        self._slices = 0
        took = time.process_time() - used
        self._due = now + (took / MAX_CPU_SHARE if took > NOTICEABLE_SECONDS else 0.0)
