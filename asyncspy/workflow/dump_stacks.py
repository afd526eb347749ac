"""Take stack dumps of a worker, or of each worker of a master, save them, and say whether it hangs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from asyncspy import read
from asyncspy.discover import only_server
from asyncspy.errors import OutputError, TargetError
from asyncspy.model.hangs import Hang
from asyncspy.model.processes import Worker
from asyncspy.sample.pyspy.dump_series import DumpSeries, create_series
from asyncspy.workflow.analyse_live import analyse_live, lines_to_save
from asyncspy.workflow.feedback import SILENT, Feedback
from asyncspy.workflow.load_recordings import AnalysedRecording
from asyncspy.workflow.machine import THIS_MACHINE, Machine

HANGING = frozenset({"deadlock", "suspected", "blocked-loop", "pool-exhausted"})

SHORT_SECONDS, SHORT_PAUSE = 2, 0.5
"""How long it takes to distinguish threads that move from those that do not, and the pause between dumps then."""

MAX_DUMPS = 25
"""Dumps are taken less often in a long watch: each stops the process for a moment."""


class NoWorkersError(TargetError):
    """A master that has no workers at this moment."""


@dataclass(frozen=True, slots=True)
class DumpOptions:
    """What to dump, how often and for how long; with `hung_for`, wait until it has hung for that many seconds."""

    pid: int | None = None
    every: float = 0.5
    seconds: float = 2
    hung_for: int | None = None
    with_selves: bool = False
    output: Path | None = None
    app_roots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DumpResult:
    """Dumps that are safely on disk, and their analysis."""

    recording: AnalysedRecording
    folder: Path
    interrupted: bool


def dump_stacks(options: DumpOptions, feedback: Feedback = SILENT, machine: Machine = THIS_MACHINE) -> DumpResult:
    """Dump until the time is over, or more dumps would not change the verdict; an interruption ends it early."""
    pid = only_server(machine.find_workers()).pid if options.pid is None else options.pid
    folder = options.output or Path(f"asyncspy-dump-{pid}-{datetime.now(timezone.utc):%Y%m%dT%H%M%S}")
    targets = _find_targets(pid, machine)
    py_spy = machine.find_py_spy()
    if py_spy.shortcoming:
        feedback.note(py_spy.shortcoming)
    series = create_series(folder, py_spy, targets, with_selves=options.with_selves)
    interrupted = False
    try:
        if options.hung_for is None:
            _dump_repeatedly(series, every=options.every, seconds=options.seconds, is_settled=_is_settled)
        else:
            _wait_for_hang(series, pid, every=options.every, seconds=options.hung_for, machine=machine)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        with suppress(OSError):  # not empty: the dumps are in it
            series.folder.rmdir()
    for failed, error in series.failed.items():
        feedback.note(f"process {failed} could not be dumped to the end: {error.message}")
    if not series.dumps:
        raise KeyboardInterrupt
    return DumpResult(_analyse(series, options.app_roots, feedback), series.folder, interrupted)


def _analyse(series: DumpSeries, app_roots: Sequence[str], feedback: Feedback) -> AnalysedRecording:
    """Analyse the dumps, with the tasks as they are now, and save the lines of code that the analysis names."""
    with _noting_failure("the tasks", feedback):
        series.read_tasks()
    recording = analyse_live(read.load_all([series.folder]), app_roots)
    with _noting_failure("the lines of code", feedback):
        series.save_sources(lines_to_save(recording))
    return recording


@contextmanager
def _noting_failure(what: str, feedback: Feedback) -> Iterator[None]:
    """Give a verdict on the dumps even if something cannot be saved beside them."""
    try:
        yield
    except OutputError as error:
        feedback.note(f"{what} could not be saved with the dumps: {error.message}")


def _find_targets(pid: int, machine: Machine) -> Sequence[Worker]:
    """A worker, or each worker of a master: py-spy dumps no subprocesses with --json."""
    target = machine.inspect_process(pid)
    workers = machine.workers_of(target)
    if target.role != "worker" and not workers:
        raise NoWorkersError(f"{target.role} {pid} has no workers at this moment", remedy="asyncspy find-workers")
    return workers or [target]


def _dump_repeatedly(
    series: DumpSeries, *, every: float, seconds: float, is_settled: Callable[[Sequence[Hang]], bool]
) -> None:
    """Dump repeatedly for this many seconds, or until the verdict cannot change any more."""
    started = time.monotonic()
    pause = max(every, seconds / MAX_DUMPS)
    while True:
        dumped = time.monotonic()
        series.dump_all()
        passed = time.monotonic() - started
        if passed >= seconds or (passed >= SHORT_SECONDS and is_settled(_hangs(series))):
            return
        time.sleep(max(0.0, min(dumped + pause, started + seconds) - time.monotonic()))


def _hangs(series: DumpSeries) -> Sequence[Hang]:
    return analyse_live(read.load_all([series.folder])).analysis.hangs


def _is_settled(hangs: Sequence[Hang]) -> bool:
    return all(hang.verdict != "suspected" for hang in hangs)


def _moves_again(hangs: Sequence[Hang]) -> bool:
    return all(hang.verdict not in HANGING for hang in hangs)


def _wait_for_hang(series: DumpSeries, pid: int, *, every: float, seconds: int, machine: Machine) -> None:
    """Dump every so often; once something hangs, watch it, and keep the dumps if it still hangs after `seconds`.

    The workers of a master come and go: each time, those that are there are dumped.
    """
    while True:
        try:
            _dump_repeatedly(series, every=SHORT_PAUSE, seconds=SHORT_SECONDS, is_settled=lambda _: True)
            if any(hang.verdict in HANGING for hang in _hangs(series)):
                _dump_repeatedly(series, every=SHORT_PAUSE, seconds=seconds, is_settled=_moves_again)
                if not _moves_again(_hangs(series)):
                    return
        except TargetError:
            if not machine.is_running(pid) or any(machine.is_running(target.pid) for target in series.targets):
                raise
        series.discard()
        time.sleep(every)
        series.targets = _wait_for_targets(pid, every=every, machine=machine)


def _wait_for_targets(pid: int, *, every: float, machine: Machine) -> Sequence[Worker]:
    """Find the targets; wait while a master that runs has no workers, as in a reload."""
    while True:
        try:
            return _find_targets(pid, machine)
        except NoWorkersError:
            time.sleep(every)
