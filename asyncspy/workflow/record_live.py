"""Record live workers, stage after stage, and analyse the recording: the one route of `attach` and `watch`."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from asyncspy import read
from asyncspy.analyse.stop_condition import reached_goal
from asyncspy.errors import OutputError
from asyncspy.model.processes import Worker
from asyncspy.workflow.analyse_live import analyse_live, analyse_recording, lines_to_save
from asyncspy.workflow.counting.count_calls import count_calls
from asyncspy.workflow.feedback import SILENT, Feedback, Tick, offset
from asyncspy.workflow.load_recordings import AnalysedRecording
from asyncspy.workflow.machine import THIS_MACHINE, Machine
from asyncspy.workflow.preflight import prepared_run
from asyncspy.workflow.record_options import SLICE_SECONDS, RecordOptions, Stage
from asyncspy.workflow.recording_run import RecordingRun

TICK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class RecordingResult:
    """A recording that is safely on disk, and its analysis."""

    recording: AnalysedRecording
    path: Path
    interrupted: bool


def record(
    options: RecordOptions,
    stages: Sequence[Stage],
    goals: Sequence[int | None] = (),
    feedback: Feedback = SILENT,
    machine: Machine = THIS_MACHINE,
) -> RecordingResult:
    """Record until all stages are over, and analyse; of a stage in slices, reaching one of the goals is enough."""
    reached = None

    def is_enough() -> bool:
        nonlocal reached
        save_counts()
        if not goals:
            return False
        reached = reached_goal(analyse_recording(run.writer, options.app_roots).analysis, goals)
        if reached:
            feedback.say(f"Enough after {time.monotonic() - started:.0f} s: {reached}.")
        return reached is not None

    with prepared_run(options, stages, feedback, machine) as run, count_calls(run) as save_counts:
        feedback.say(f"Recording {description(run)}: {stage_times(stages)}.")
        feedback.say("Ctrl-C ends early and reports.")
        started = time.monotonic()
        take_stages(run, stages, is_enough)
        if goals and not reached:
            feedback.say("Ended before it was enough.")
    return finish_recording(run)


def stage_times(stages: Sequence[Stage]) -> str:
    """`20 s at 100 Hz, then 10 s at 20 Hz, waits included: 30 s in all`; what is longer than was asked for is said."""
    each = ", then ".join(map(str, stages))
    if len(stages) == 1:
        return each
    most = "at most " if any(stage.repeats for stage in stages) else ""
    return f"{each}: {most}{sum(stage.seconds for stage in stages)} s in all, and a few more to start and to report"


def take_stages(run: RecordingRun, stages: Sequence[Stage], is_enough: Callable[[], bool]) -> None:
    """Take one stage after the other, until a stop is requested; `is_enough` is asked after each slice."""
    for number, stage in enumerate(stages, 1):
        if run.stop.requested:
            return
        with run.feedback.progress(stage.seconds) as tick:
            if not stage.passes:
                _wait(run, stage.seconds, tick, is_enough)
            elif stage.repeats:
                _take_slices(run, stage, tick, is_enough, last=number == len(stages))
            else:
                run.take(stage.passes[0], tick, more=partial(bool, stages[number:]))


def _take_slices(run: RecordingRun, stage: Stage, tick: Tick, is_enough: Callable[[], bool], *, last: bool) -> None:
    started = time.monotonic()

    def left() -> int:
        return round(started + stage.seconds - time.monotonic())

    def more() -> bool:
        return not last or left() > 0

    for part in itertools.cycle(stage.passes):
        seconds = min(part.duration, left())
        if not run.targets or run.stop.requested or seconds <= 0:
            return
        slice_tick = offset(tick, time.monotonic() - started)
        if run.take_slice(replace(part, duration=seconds), slice_tick, more) and is_enough():
            return


def _wait(run: RecordingRun, seconds: int, tick: Tick, is_enough: Callable[[], bool]) -> None:
    """Wait while calls are counted and nothing is sampled."""
    started = due = time.monotonic()
    while (
        not run.stop.requested
        and any(run.machine.is_running(target.pid) for target in run.targets)
        and (passed := time.monotonic() - started) < seconds
    ):
        tick(passed)
        if time.monotonic() - due >= SLICE_SECONDS:
            due = time.monotonic()
            if is_enough():
                return
        run.stop.wait(TICK_SECONDS)


def finish_recording(run: RecordingRun) -> RecordingResult:
    """Analyse what was recorded, and save the lines of code that the analysis names; raises if there is nothing."""
    path = run.writer.path
    if not run.writer.origins:
        run.feedback.note("nothing was recorded")
        raise KeyboardInterrupt
    if not path.exists():
        raise OutputError(
            f"{path} is not there any more: what was recorded is lost",
            remedy="record again into a folder that is not cleaned up: --output FOLDER",
        )
    try:
        if run.save_failed:  # what is in memory is more than what the file holds
            recording = analyse_live([read.load(path)], run.options.app_roots)
        else:
            recording = analyse_recording(run.writer, run.options.app_roots)
        try:
            run.writer.save_sources(lines_to_save(recording), recording.sources.distributions)
        except OSError as error:
            run.feedback.note(f"the lines of code could not be saved with the recording: {error.strerror}")
    except KeyboardInterrupt:
        run.feedback.warn(f"what was recorded is saved: asyncspy report {path}")
        raise
    if recording.analysis.app_import:
        _warn_of_ended_workers(run)
    return RecordingResult(recording, path, run.stop.interrupted)


def _warn_of_ended_workers(run: RecordingRun) -> None:
    """Say how many workers ended while nothing but their start was seen."""
    for ended in run.ended_workers:
        if seen := ended.seen:
            workers = f"{seen.number} worker{'s' if seen.number != 1 else ''}"
            run.feedback.warn(
                f"{workers} of {ended.master.server} master {ended.master.pid} ended within {seen.seconds:.0f} s, "
                f"none of them older than {seen.oldest_seconds:.0f} s"
            )


def description(run: RecordingRun) -> str:
    """`gunicorn master 48290 with its 2 workers`."""

    def describe(target: Worker) -> str:
        name = f"{target.server} {target.role} {target.pid}" if target.server != "python" else f"process {target.pid}"
        count = len(run.machine.workers_of(target)) if target.role != "worker" else 0
        return f"{name} with its {count} worker{'s' if count != 1 else ''}" if count else name

    return " and ".join(map(describe, run.targets))
