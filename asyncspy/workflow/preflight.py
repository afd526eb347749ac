"""Check everything that can be checked before sampling starts; gives a run that is ready to record."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone

from asyncspy.analyse.stacks.ownership import lineless_files
from asyncspy.discover import (
    all_servers,
    only_server,
    require_not_stopped,
    total_cpu_seconds,
    without_descendants,
)
from asyncspy.errors import UsageError
from asyncspy.model.processes import Worker
from asyncspy.sample import (
    RecordingWriter,
    check_destination,
    expected_bytes,
    probe,
    recording_path,
    stop_on_signals,
)
from asyncspy.workflow.feedback import Feedback
from asyncspy.workflow.machine import Machine
from asyncspy.workflow.record_options import RecordOptions, Stage
from asyncspy.workflow.recording_run import RecordingRun

IDLE_SECONDS, MIN_CPU_SECONDS = 0.5, 0.01
"""How long processes are observed before they are recorded, and the CPU time they use then if they serve requests."""

NONBLOCKING = "--nonblocking: the worker runs on while its stack is read; some stacks that seem whole never were"


@contextmanager
def prepared_run(
    options: RecordOptions, stages: Sequence[Stage], feedback: Feedback, machine: Machine
) -> Iterator[RecordingRun]:
    """A run over the processes that were asked for; while it lasts, Ctrl-C and SIGTERM ask it to stop."""
    pids = _requested_pids(options, machine)
    if options.native and options.nonblocking:
        raise UsageError("py-spy reads no native frames without pausing", remedy="leave out --native or --nonblocking")
    py_spy = machine.find_py_spy()
    targets = [machine.inspect_process(pid) for pid in without_descendants(pids)]
    path = recording_path(options.output, targets[0].pid, datetime.now(timezone.utc))
    check_destination(path, expected_bytes(len(targets) * sum(stage.expected_samples for stage in stages)))
    used, since = total_cpu_seconds(pids), time.monotonic()
    for target in targets:
        require_not_stopped(target.pid)
        probe(py_spy, target.pid)
    if py_spy.shortcoming:
        feedback.note(py_spy.shortcoming)
    _note_if_idle(targets, used, since, feedback)
    if options.nonblocking:
        feedback.note(NONBLOCKING)
    with stop_on_signals() as stop:
        writer = RecordingWriter(path, drop_lines_in=lineless_files(options.app_roots))
        yield RecordingRun(targets, writer, py_spy, stop, options, feedback, machine)


def _requested_pids(options: RecordOptions, machine: Machine) -> list[int]:
    """The processes that were named, all servers, or the only one that there is."""
    if options.pids:
        return list(options.pids)
    found = machine.find_workers()
    return [worker.pid for worker in all_servers(found)] if options.all_servers else [only_server(found).pid]


def _note_if_idle(targets: Sequence[Worker], used: float, since: float, feedback: Feedback) -> None:
    time.sleep(max(0.0, since + IDLE_SECONDS - time.monotonic()))
    if total_cpu_seconds([target.pid for target in targets]) - used < MIN_CPU_SECONDS:
        name = f"process {targets[0].pid}" if len(targets) == 1 else "these processes"
        feedback.note(f"{name} used no CPU in the last {time.monotonic() - since:.1f} s: does it serve requests now?")
