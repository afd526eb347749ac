"""asyncspy dump: is it hung, and on what?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

import click

from asyncspy.cli.feedback import StderrFeedback
from asyncspy.cli.gate_options import Gate, with_gate
from asyncspy.cli.options import Duration, Interval, with_app_root, with_format
from asyncspy.cli.show import analysed, show
from asyncspy.discover import find_workers, inspect_process, is_running, only_server, workers_of
from asyncspy.errors import OutputError, TargetError
from asyncspy.model.hangs import Hang
from asyncspy.model.processes import Worker
from asyncspy.sample import find_py_spy
from asyncspy.sample.pyspy.dump_series import DumpSeries, create_series
from asyncspy.workflow.lines_to_save import lines_to_keep

HANGING = frozenset({"deadlock", "suspected", "blocked-loop", "pool-exhausted"})
SHORT_SECONDS, SHORT_PAUSE = 2, 0.5
"""How long it takes to tell what moves from what does not, and how often to look meanwhile."""

MOST_LOOKS = 25
"""A long watch looks less often: every look is a short pause for the process."""


class NoWorkersError(TargetError):
    """A master is there, and none of its workers."""


@click.command("dump")
@click.option(
    "--pid",
    type=click.IntRange(1),
    help="The worker, or a master: then each of its workers.  [default: the only server here]",
)
@click.option(
    "--every", type=Interval(), default="0.5", show_default=True, help="Seconds between looks; 30s, 5m with --while."
)
@click.option(
    "--wait", type=Duration(), default="2s", show_default=True, help="How long to watch; longer tells slow from stuck."
)
@click.option(
    "--while",
    "condition",
    type=(click.Choice(["hung-for"]), Duration()),
    help="Wait quietly until it has hung for so long: --while hung-for 10s.",
)
@click.option(
    "--locals",
    "with_selves",
    is_flag=True,
    help="Also say of which class self is, in frames that have one. No value is shown or kept.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, readable=False),
    help="The folder to make for the dumps.  [default: ./asyncspy-dump-PID-TIME]",
)
@with_app_root
@with_format
@with_gate
@click.pass_context
def command(
    ctx: click.Context,
    pid: int | None,
    every: float,
    wait: int,
    condition: tuple[str, int] | None,
    output: Path | None,
    app_roots: tuple[str, ...],
    form: str,
    gate: Gate,
    *,
    with_selves: bool,
) -> None:
    """Say whether a worker hangs, who waits for whom in it, and what to do now and later.

    Takes a few stack dumps with py-spy, saves them, and compares them. Each one makes the worker stand still for some
    milliseconds; the report says for how long in all.

    \b
      asyncspy dump --pid 48291
      asyncspy dump --pid 48291 --wait 60s
      asyncspy dump --pid 48291 --fail-on deadlock
      asyncspy dump --pid 48291 --every 30s --while hung-for 10s --output hang
      asyncspy report asyncspy-dump-48291-20261121T021300
    """
    pid = only_server(find_workers()).pid if pid is None else pid
    folder = output or Path(f"asyncspy-dump-{pid}-{datetime.now(timezone.utc):%Y%m%dT%H%M%S}")
    interrupted = False
    taken = _begin(pid, folder, with_selves=with_selves)
    try:
        if condition is None:
            _watch(taken, every=every, seconds=wait, until=_is_settled)
        else:
            taken = _lie_in_wait(taken, pid, every=every, seconds=condition[1])
    except KeyboardInterrupt:
        interrupted = True
    finally:
        with suppress(OSError):  # it stays where anything is in it
            taken.folder.rmdir()
    _say_what_was_lost(taken)
    if not taken.dumps:
        raise KeyboardInterrupt
    with _noted("the tasks"):
        taken.read_tasks()
    found = analysed([taken.folder], live=True, app_roots=app_roots)
    with _noted("the lines of code"):
        taken.save_sources(lines_to_keep(found.analysis, found.sources.lines))
    analysis = show([taken.folder], form=form, saved=taken.folder, app_roots=app_roots)
    closed = gate.exit_code(analysis)
    ctx.exit(130 if interrupted else closed)


@contextmanager
def _noted(what: str) -> Iterator[None]:
    """What is saved beside the dumps is no reason to give no verdict on them."""
    try:
        yield
    except OutputError as error:
        StderrFeedback().note(f"{what} could not be saved with the dumps: {error.message}")


def _begin(pid: int, folder: Path, *, with_selves: bool) -> DumpSeries:
    """A series of what there is to dump."""
    return create_series(folder, find_py_spy(), _targets(pid), with_selves=with_selves)


def _targets(pid: int) -> Sequence[Worker]:
    """A worker, or each worker of a master: py-spy's own way to children does not work with --json."""
    target = inspect_process(pid)
    workers = workers_of(target)
    if target.role != "worker" and not workers:
        raise NoWorkersError(f"{target.role} {pid} has no workers at this moment", remedy="asyncspy find-workers")
    return workers or [target]


def _watch(taken: DumpSeries, *, every: float, seconds: float, until: Callable[[Sequence[Hang]], bool]) -> None:
    """Look again and again for so long, or until the verdict cannot change any more."""
    started = time.monotonic()
    pause = max(every, seconds / MOST_LOOKS)
    while True:
        looked = time.monotonic()
        taken.dump_all()
        passed = time.monotonic() - started
        if passed >= seconds or (passed >= SHORT_SECONDS and until(_hangs(taken))):
            return
        time.sleep(max(0.0, min(looked + pause, started + seconds) - time.monotonic()))


def _hangs(taken: DumpSeries) -> Sequence[Hang]:
    return analysed([taken.folder], live=True).analysis.hangs


def _is_settled(hangs: Sequence[Hang]) -> bool:
    """Whether to watch longer would tell nothing more."""
    return all(hang.verdict != "suspected" for hang in hangs)


def _lie_in_wait(taken: DumpSeries, pid: int, *, every: float, seconds: int) -> DumpSeries:
    """Look every so often; once something hangs, watch for so long, and keep the dumps if it still does.

    A master's workers come and go meanwhile: each time those are looked at that there are.
    """
    while True:
        try:
            _watch(taken, every=SHORT_PAUSE, seconds=SHORT_SECONDS, until=lambda _: True)
            if any(hang.verdict in HANGING for hang in _hangs(taken)):
                _watch(taken, every=SHORT_PAUSE, seconds=seconds, until=_moves_again)
                if not _moves_again(_hangs(taken)):
                    return taken
        except TargetError:
            if not is_running(pid) or any(is_running(target.pid) for target in taken.targets):
                raise
        taken.discard()
        time.sleep(every)
        taken.targets = _targets_once_there_are_any(pid, every=every)


def _targets_once_there_are_any(pid: int, *, every: float) -> Sequence[Worker]:
    """As `_targets`; a master that has no workers at this moment, as in a reload, is waited for while it runs."""
    while True:
        try:
            return _targets(pid)
        except NoWorkersError:
            time.sleep(every)


def _moves_again(hangs: Sequence[Hang]) -> bool:
    return all(hang.verdict not in HANGING for hang in hangs)


def _say_what_was_lost(taken: DumpSeries) -> None:
    for pid, error in taken.failed.items():
        StderrFeedback().note(f"process {pid} could not be dumped to the end: {error.message}")
