"""Plans to a recording on disk: one `py-spy record` for each process at once, ended early when asked to, then saved."""

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
from asyncspy.sample.pyspy import program
from asyncspy.sample.pyspy.program import PySpy
from asyncspy.sample.pyspy.record_command import RecordPlan
from asyncspy.sample.pyspy.run import PySpyRun, not_started
from asyncspy.sample.stop_request import StopRequest

HOST = "ASYNCSPY_HOST"
"""Names the host where ours is another: a container's name is not its node's."""

POLL_SECONDS = 0.1
EARLY_SECONDS = 1.5
"""py-spy ends about so much before or after the time that it was given."""


@dataclass(frozen=True, slots=True)
class PassResult:
    """What became of one plan: its seconds, whether its process ended, or was held for too long, or its failure."""

    plan: RecordPlan
    seconds: float
    ended_early: bool = False
    held: bool = False
    error: AsyncspyError | None = None


def record(
    plans: Sequence[RecordPlan],
    bundle: RecordingWriter,
    py_spy: PySpy,
    ending: StopRequest,
    *,
    tick: Callable[[float], None],
) -> list[PassResult]:
    """Record live processes, all at once; `tick` is told the seconds that have passed.

    What was recorded is saved before this returns; what went wrong with a single process is told, not raised.
    """
    samplings: list[PySpyRun] = []
    refused: list[PassResult] = []
    with ExitStack() as held:
        for plan in plans:
            try:
                sampling = _started(plan, bundle, py_spy, held)
            except AsyncspyError as error:
                bundle.add_failure(plan.target.pid, plan.mode)
                refused.append(PassResult(plan, 0.0, error=error))
                continue
            samplings.append(sampling)
            ending.listeners.append(sampling.end)
            held.callback(ending.listeners.remove, sampling.end)
        _wait(samplings, ending, tick)
    taken: list[PassResult] = []
    for sampling in samplings:
        alongside = any(one.error is None for one in taken)
        taken.append(_taken(sampling, bundle, alongside=alongside, interrupted=sampling.asked and ending.interrupted))
    if any(one.error is None for one in taken):
        _save(bundle, [sampling.output for sampling, one in zip(samplings, taken, strict=True) if one.error is None])
    return taken + refused


def _started(plan: RecordPlan, bundle: RecordingWriter, py_spy: PySpy, held: ExitStack) -> PySpyRun:
    """A py-spy at work, which `held` ends; raises an AsyncspyError where there is no room for it or its file."""
    try:
        scratch = destination.create_scratch_file(bundle.path)
    except OSError as error:
        raise destination.cannot_write_into(bundle.path.parent, error) from None
    held.callback(_drop_if_empty, scratch)
    try:
        sampling = PySpyRun(plan, py_spy, scratch)
    except OSError as error:
        raise not_started(plan.target.pid, error) from None
    held.callback(sampling.close)
    return sampling


def _wait(samplings: Sequence[PySpyRun], ending: StopRequest, tick: Callable[[float], None]) -> None:
    """Until all have ended; what was asked before a py-spy could hear it is asked again."""
    running = list(samplings)
    while running := [sampling for sampling in running if not sampling.over()]:
        tick(time.monotonic() - running[0].started)
        if ending.requested:
            for sampling in running:
                if not sampling.asked:
                    sampling.end()
        running[0].wait(POLL_SECONDS)


def _taken(sampling: PySpyRun, bundle: RecordingWriter, *, alongside: bool, interrupted: bool) -> PassResult:
    plan = sampling.plan
    early = not (sampling.asked or sampling.held) and sampling.seconds < plan.duration - EARLY_SECONDS
    try:
        document = sampling.document()
    except (AsyncspyError, OSError) as caught:
        error = destination.cannot_read(sampling.output, caught) if isinstance(caught, OSError) else caught
        bundle.add_failure(plan.target.pid, plan.mode)
        return PassResult(plan, sampling.seconds, early, sampling.held, error)
    bundle.add(_origin(sampling, alongside=alongside, interrupted=interrupted), document)
    return PassResult(plan, sampling.seconds, early, sampling.held)


def _origin(sampling: PySpyRun, *, alongside: bool, interrupted: bool) -> Origin:
    """Where these samples come from."""
    plan = sampling.plan
    samples, errors = program.counts(sampling.words)
    late = program.lateness(sampling.words)
    return Origin(
        sampler=f"py-spy {sampling.py_spy.version}",
        mode=plan.mode,
        rate=plan.rate,
        duration=round(sampling.seconds if late else min(sampling.seconds, plan.duration), 1),
        started_at=sampling.started_at.isoformat(timespec="seconds"),
        ended_at=(sampling.started_at + timedelta(seconds=sampling.seconds)).isoformat(timespec="seconds"),
        host=os.environ.get(HOST) or socket.gethostname(),
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


def _save(bundle: RecordingWriter, written: Sequence[Path]) -> None:
    """Write the recording; where that fails, what py-spy wrote is still there, and is named."""
    written = [path for path in written if path.exists()]
    try:
        bundle.save()
    except (OSError, OutputError) as error:
        why = error.message if isinstance(error, OutputError) else f"cannot write {bundle.path}: {error.strerror}"
        kept = " ".join(map(str, written))
        raise OutputError(f"{why}; what py-spy recorded is kept as {kept}", remedy=f"asyncspy report {kept}") from None
    for path in written:
        path.unlink()


def _drop_if_empty(partial: Path) -> None:
    """What py-spy wrote is kept whatever happens; a file that it never wrote to is not."""
    with suppress(OSError):  # its folder may be gone, or read-only by now
        if partial.stat().st_size == 0:
            partial.unlink()
