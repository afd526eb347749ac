"""Record processes with py-spy, all at once, and save what was sampled before returning."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from asyncspy import __version__
from asyncspy.errors import AsyncspyError, OutputError
from asyncspy.model.stacks import Origin
from asyncspy.recording import destination
from asyncspy.recording.writer import RecordingWriter
from asyncspy.sample.pyspy.py_spy import PySpy, sample_counts, seconds_behind
from asyncspy.sample.pyspy.run import PySpyRun, RecordPlan
from asyncspy.sample.pyspy.run_result import not_started, read_document
from asyncspy.sample.stop_request import StopRequest

HOST_VARIABLE = "ASYNCSPY_HOST"
"""Names the host where ours has another name: a container's name is not its node's."""

POLL_SECONDS = 0.1
EARLY_SECONDS = 1.5
"""How much earlier or later than its duration py-spy may end by itself."""


@dataclass(frozen=True, slots=True)
class PassResult:
    """What became of one plan.

    `ended_early` says that it ended by itself before its time, `held` that py-spy hung while it held the process.
    """

    plan: RecordPlan
    seconds: float
    ended_early: bool = False
    held: bool = False
    error: AsyncspyError | None = None


def record(
    plans: Sequence[RecordPlan],
    writer: RecordingWriter,
    py_spy: PySpy,
    stop: StopRequest,
    *,
    tick: Callable[[float], None],
) -> list[PassResult]:
    """Record live processes, all at once; `tick` is called with the seconds that have passed.

    What was recorded is saved before this returns. What went wrong with a single process is in its result.
    """
    runs: list[PySpyRun] = []
    results: list[PassResult] = []
    not_run: list[PassResult] = []
    with ExitStack() as resources:
        for plan in plans:
            try:
                runs.append(_start(plan, writer, py_spy, resources))
            except AsyncspyError as error:
                writer.add_failure(plan.target.pid, plan.mode)
                not_run.append(PassResult(plan, 0.0, error=error))
        _wait(runs, stop, tick)
    for run in runs:
        alongside = any(result.error is None for result in results)
        results.append(_add(run, writer, alongside=alongside, interrupted=run.stopping and stop.interrupted))
    written = [run.output for run, result in zip(runs, results, strict=True) if result.error is None]
    if written:
        _save(writer, written)
    return results + not_run


def _start(plan: RecordPlan, writer: RecordingWriter, py_spy: PySpy, resources: ExitStack) -> PySpyRun:
    """Start a py-spy that `resources` ends; raises an AsyncspyError where there is no room for it or its file."""
    try:
        scratch = destination.create_scratch_file(writer.path)
    except OSError as error:
        raise destination.cannot_write_into(writer.path.parent, error) from None
    resources.callback(_remove_if_empty, scratch)
    try:
        run = PySpyRun(plan, py_spy, scratch)
    except OSError as error:
        raise not_started(plan.target.pid, error) from None
    resources.callback(run.close)
    return run


def _wait(runs: Sequence[PySpyRun], stop: StopRequest, tick: Callable[[float], None]) -> None:
    """Wait until all have ended; when a stop is requested, stop those that run."""
    running = list(runs)
    while running := [run for run in running if not run.poll()]:
        tick(time.monotonic() - running[0].started)
        if stop.requested:
            for run in running:
                if not run.stopping:
                    run.stop()
        running[0].wait(POLL_SECONDS)


def _add(run: PySpyRun, writer: RecordingWriter, *, alongside: bool, interrupted: bool) -> PassResult:
    """Add what a run wrote to the recording."""
    plan = run.plan
    early = not (run.stopping or run.held_target) and run.seconds < plan.duration - EARLY_SECONDS
    try:
        document = read_document(run)
    except AsyncspyError as error:
        writer.add_failure(plan.target.pid, plan.mode)
        return PassResult(plan, run.seconds, early, run.held_target, error)
    writer.add(_origin(run, alongside=alongside, interrupted=interrupted), document)
    return PassResult(plan, run.seconds, early, run.held_target)


def _origin(run: PySpyRun, *, alongside: bool, interrupted: bool) -> Origin:
    """Where these samples come from."""
    plan = run.plan
    samples, errors = sample_counts(run.text)
    late = seconds_behind(run.text)
    return Origin(
        sampler=f"py-spy {run.py_spy.version}",
        mode=plan.mode,
        rate=plan.rate,
        duration=round(run.seconds if late else min(run.seconds, plan.duration), 1),
        started_at=run.started_at.isoformat(timespec="seconds"),
        ended_at=(run.started_at + timedelta(seconds=run.seconds)).isoformat(timespec="seconds"),
        host=os.environ.get(HOST_VARIABLE) or socket.gethostname(),
        samples=samples,
        errors=errors,
        late_seconds=late,
        interrupted=interrupted,
        asyncspy=__version__,
        target=plan.target,
        native=plan.native,
        nonblocking=plan.nonblocking,
        alongside=alongside,
    )


def _save(writer: RecordingWriter, written: Sequence[Path]) -> None:
    """Write the recording. Where that fails, the error names what py-spy wrote, which is then still there."""
    written = [path for path in written if path.exists()]
    try:
        writer.save()
    except (OSError, OutputError) as error:
        why = error.message if isinstance(error, OutputError) else f"cannot write {writer.path}: {error.strerror}"
        kept = " ".join(map(str, written))
        raise OutputError(f"{why}; what py-spy recorded is kept as {kept}", remedy=f"asyncspy report {kept}") from None
    for path in written:
        path.unlink()


def _remove_if_empty(scratch: Path) -> None:
    """Remove a file to which py-spy wrote nothing; what it wrote is kept whatever happens."""
    with suppress(OSError):  # its folder may be gone, or read-only by now
        if scratch.stat().st_size == 0:
            scratch.unlink()
