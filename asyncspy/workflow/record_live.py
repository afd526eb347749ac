"""Record live workers, stage after stage, and analyse the recording: the one route of `attach` and `watch`."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from asyncspy import read
from asyncspy.analyse.stop_condition import reached_goal
from asyncspy.errors import OutputError
from asyncspy.model.processes import Worker
from asyncspy.workflow.analyse_live import analyse_live, analyse_recording, lines_to_save
from asyncspy.workflow.count_calls import count_calls
from asyncspy.workflow.feedback import SILENT, Feedback, Tick, offset
from asyncspy.workflow.load_recordings import AnalysedRecording
from asyncspy.workflow.machine import THIS_MACHINE, Machine
from asyncspy.workflow.preflight import prepared_run
from asyncspy.workflow.record_options import RecordOptions, Stage
from asyncspy.workflow.recording_run import RecordingRun

TICK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class RecordingResult:
    """A recording that is safely on disk, and its analysis."""

    recording: AnalysedRecording
    path: Path
    interrupted: bool


class RecordingObserver(Protocol):
    """Follows a recording while it is made."""

    def started(self, run: RecordingRun) -> AbstractContextManager[object]:
        """Enter before the first stage, and leave after the last."""

    def stage(self, stage: Stage) -> AbstractContextManager[Tick]:
        """Enter before a stage; the tick is called with the seconds that have passed in it."""

    def is_enough(self, run: RecordingRun) -> bool:
        """Whether to end the stage, asked after each slice that gave something."""


def record(
    options: RecordOptions,
    stages: Sequence[Stage],
    goals: Sequence[int | None] = (),
    feedback: Feedback = SILENT,
    machine: Machine = THIS_MACHINE,
) -> RecordingResult:
    """Record until all stages are over, and analyse; of a stage in slices, reaching one of the goals is enough."""
    return record_observed(options, stages, _GoalObserver(stages, goals, feedback), feedback, machine)


def record_observed(
    options: RecordOptions,
    stages: Sequence[Stage],
    observer: RecordingObserver,
    feedback: Feedback,
    machine: Machine,
) -> RecordingResult:
    """Record until all stages are over or a stop is requested, and analyse."""
    with prepared_run(options, stages, feedback, machine) as run, count_calls(run) as counter, observer.started(run):

        def is_enough() -> bool:
            if counter is not None:
                counter.update()
            return observer.is_enough(run)

        take_stages(run, stages, observer.stage, is_enough)
    return _analysed_result(run)


def take_stages(
    run: RecordingRun,
    stages: Sequence[Stage],
    progress: Callable[[Stage], AbstractContextManager[Tick]],
    is_enough: Callable[[], bool] = lambda: False,
) -> None:
    """Take the stages one after the other, each to its end, until a stop is requested."""
    for number, stage in enumerate(stages, 1):
        if run.stop.requested:
            return
        with progress(stage) as tick:
            if stage.passes:
                _take_stage(run, stage, tick, is_enough, last=number == len(stages))
            else:
                _wait(run, stage.seconds, tick)


def _take_stage(run: RecordingRun, stage: Stage, tick: Tick, is_enough: Callable[[], bool], *, last: bool) -> None:
    started = time.monotonic()

    def left() -> int:
        return round(started + stage.seconds - time.monotonic())

    def more() -> bool:
        return not last or (stage.repeats and left() > 0)

    if not stage.repeats:
        run.take(stage.passes[0], tick, more)
        return
    for part in itertools.cycle(stage.passes):
        seconds = min(part.duration, left())
        if not run.targets or run.stop.requested or seconds <= 0:
            return
        slice_tick = offset(tick, time.monotonic() - started)
        if run.take_slice(replace(part, duration=seconds), slice_tick, more) and is_enough():
            return


def _wait(run: RecordingRun, seconds: int, tick: Tick) -> None:
    """Wait while calls are counted and nothing is sampled."""
    started = time.monotonic()
    while (
        not run.stop.requested
        and any(run.machine.is_running(target.pid) for target in run.targets)
        and (passed := time.monotonic() - started) < seconds
    ):
        tick(passed)
        run.stop.wait(TICK_SECONDS)


def _analysed_result(run: RecordingRun) -> RecordingResult:
    """Analyse what was recorded, and save the lines of code that the analysis names; raises if there is nothing."""
    path = run.writer.path
    if not run.writer.origins:
        run.feedback.note("nothing was recorded")
        raise KeyboardInterrupt
    if not path.exists():
        raise OutputError(
            f"{path} is not there any more: what was recorded is lost",
            remedy="record again, to where nobody clears away: --output FOLDER",
        )
    try:
        if run.save_failed:  # what is in memory is more than what the file holds
            recording = analyse_live([read.load(path)], run.options.app_roots)
        else:
            recording = analyse_recording(run.writer, run.options.app_roots)
        try:
            run.writer.save_sources(lines_to_save(recording))
        except OSError as error:
            run.feedback.note(f"the lines of code could not be saved with the recording: {error.strerror}")
    except KeyboardInterrupt:
        run.feedback.warn(f"what was recorded is saved: asyncspy report {path}")
        raise
    return RecordingResult(recording, path, run.stop.interrupted)


class _GoalObserver:
    """Announces each step, and ends the stage in slices once a goal is reached."""

    def __init__(self, stages: Sequence[Stage], goals: Sequence[int | None], feedback: Feedback) -> None:
        self._stages, self._goals, self._feedback = stages, goals, feedback
        self._reached: str | None = None

    def started(self, run: RecordingRun) -> AbstractContextManager[object]:
        """Say what is recorded, and for how long."""
        what = ", then ".join(map(str, self._stages))
        self._feedback.say(f"Recording {description(run)}: {what}.")
        self._feedback.say("Ctrl-C ends early and reports.")
        return nullcontext()

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[Tick]:
        """Show its progress; afterwards say whether a goal was reached."""
        started = time.monotonic()
        with self._feedback.progress(stage.seconds) as tick:
            yield tick
        if stage.repeats:
            after = f"Enough after {time.monotonic() - started:.0f} s: {self._reached}."
            self._feedback.say(after if self._reached else "Ended before it was enough.")

    def is_enough(self, run: RecordingRun) -> bool:
        """Whether one of the goals is reached by what was recorded so far."""
        analysis = analyse_recording(run.writer, run.options.app_roots).analysis
        self._reached = reached_goal(analysis, self._goals)
        return self._reached is not None


def description(run: RecordingRun) -> str:
    """`gunicorn master 48290 with its 2 workers`."""

    def describe(target: Worker) -> str:
        name = f"{target.server} {target.role} {target.pid}" if target.server != "python" else f"process {target.pid}"
        count = len(run.machine.workers_of(target)) if target.role != "worker" else 0
        return f"{name} with its {count} worker{'s' if count != 1 else ''}" if count else name

    return " and ".join(map(describe, run.targets))
