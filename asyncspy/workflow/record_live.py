"""From pids to a saved recording, as every recording command does it: preflight, then pass after pass."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import NamedTuple

from asyncspy.analyse.stacks.ownership import lineless_files
from asyncspy.discover import (
    all_servers,
    find_workers,
    inspect_process,
    is_running,
    only_server,
    require_not_stopped,
    total_cpu_seconds,
    without_descendants,
    workers_of,
)
from asyncspy.errors import OutputError, UsageError
from asyncspy.model.processes import Worker
from asyncspy.sample import (
    RecordingWriter,
    check_destination,
    expected_bytes,
    find_py_spy,
    probe,
    recording_path,
    stop_on_signals,
)
from asyncspy.workflow.count import exactly
from asyncspy.workflow.feedback import SILENT, Feedback
from asyncspy.workflow.follow import RecordingRun, RecordOptions, SamplingPass

LOOK_SECONDS, LEAST_CPU_SECONDS = 0.5, 0.01
"""How long workers are looked at before they are recorded, and what they use at least if they serve anybody."""

TICK_SECONDS = 0.2
EARLY = "Ctrl-C ends early and reports."
ELSEWHERE = "record again, to where nobody clears away: --output FOLDER"
NONBLOCKING = "--nonblocking: the worker runs on while its stack is read; some stacks that seem whole never were"


class Recorded(NamedTuple):
    """A recording that is safely on disk."""

    bundle: RecordingWriter
    interrupted: bool

    @property
    def path(self) -> Path:
        """Its file."""
        return self.bundle.path


def chosen(pids: Sequence[int], *, every: bool) -> list[int]:
    """The processes that are meant: those named, all servers, or the only one there is."""
    if every and pids:
        raise UsageError("--all and --pid do not go together", remedy="leave out one of them")
    if pids:
        return list(pids)
    found = find_workers()
    return [worker.pid for worker in all_servers(found)] if every else [only_server(found).pid]


def record_live(
    pids: Sequence[int], passes: Sequence[SamplingPass], how: RecordOptions, feedback: Feedback = SILENT
) -> Recorded:
    """Check all that can be checked before sampling starts; then record one pass after the other, and save."""
    with recording(pids, passes, how, feedback) as run:
        told = [f"{part.duration} s at {part.rate} Hz{', waits included' * (part.mode == 'wall')}" for part in passes]
        with exactly(run, asked=how.exact):
            feedback.say(
                f"Recording {described(run.targets)}: {', then '.join(told) or f'{how.seconds} s, counts alone'}."
            )
            feedback.say(EARLY)
            take_all(run, passes)
            wait_out(run, how)
    return recorded(run)


def take_all(run: RecordingRun, passes: Sequence[SamplingPass]) -> None:
    """One pass after the other, until the end is asked for."""
    for number, part in enumerate(passes, 1):
        if not run.ending.requested:
            with run.feedback.progress(part.duration) as tick:
                run.take(part, tick, more=partial(bool, passes[number:]))


def wait_out(run: RecordingRun, how: RecordOptions) -> None:
    """Where nothing is sampled, the time that is counted for."""
    started = time.monotonic()
    if not how.seconds:
        return
    with run.feedback.progress(how.seconds) as tick:
        while (
            not run.ending.requested
            and any(is_running(each.pid) for each in run.targets)
            and (passed := time.monotonic() - started) < how.seconds
        ):
            tick(passed)
            run.ending.wait(TICK_SECONDS)


def recorded(run: RecordingRun) -> Recorded:
    """What there is to report when a run is over; raises where there is nothing, or not any more."""
    if not run.bundle.origins:
        run.feedback.note("nothing was recorded")
        raise KeyboardInterrupt
    if not run.bundle.path.exists():
        raise OutputError(f"{run.bundle.path} is not there any more: what was recorded is lost", remedy=ELSEWHERE)
    return Recorded(run.bundle, run.ending.interrupted)


@contextmanager
def recording(
    pids: Sequence[int], passes: Sequence[SamplingPass], how: RecordOptions, feedback: Feedback = SILENT
) -> Iterator[RecordingRun]:
    """A run that is ready to record: everything that can be checked before has been."""
    if how.native and how.nonblocking:
        raise UsageError("py-spy reads no native frames without pausing", remedy="leave out --native or --nonblocking")
    py_spy = find_py_spy()
    targets = [inspect_process(pid) for pid in without_descendants(pids)]
    destination = recording_path(how.output, targets[0].pid, datetime.now(timezone.utc))
    check_destination(destination, expected_bytes(len(targets) * sum(part.rate * part.duration for part in passes)))
    used, since = total_cpu_seconds(pids), time.monotonic()
    for target in targets:
        require_not_stopped(target.pid)
        probe(py_spy, target.pid)
    _note_if_idle(targets, used, since, feedback)
    if how.nonblocking:
        feedback.note(NONBLOCKING)
    with stop_on_signals() as ending:
        yield RecordingRun(
            targets,
            RecordingWriter(destination, drop_lines_in=lineless_files(how.app_roots)),
            py_spy,
            ending,
            how,
            feedback,
        )


def _note_if_idle(targets: Sequence[Worker], used: float, since: float, feedback: Feedback) -> None:
    time.sleep(max(0.0, since + LOOK_SECONDS - time.monotonic()))
    if total_cpu_seconds([target.pid for target in targets]) - used < LEAST_CPU_SECONDS:
        name = f"process {targets[0].pid}" if len(targets) == 1 else "these processes"
        feedback.note(f"{name} used no CPU in the last {time.monotonic() - since:.1f} s: does it serve requests now?")


def described(targets: Sequence[Worker]) -> str:
    """`gunicorn master 48290 with its 2 workers`."""
    return " and ".join(map(_described, targets))


def _described(target: Worker) -> str:
    name = f"{target.server} {target.role} {target.pid}" if target.server != "python" else f"process {target.pid}"
    count = len(workers_of(target)) if target.role != "worker" else 0
    return f"{name} with its {count} worker{'s' if count != 1 else ''}" if count else name
