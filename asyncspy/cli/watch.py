"""asyncspy watch: a live table of findings, until stopped; then the whole report."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from asyncspy.cli.feedback import StderrFeedback
from asyncspy.cli.keys import pressed
from asyncspy.cli.options import (
    Duration,
    with_app_root,
    with_exact,
    with_format,
    with_output,
    with_pids,
    with_py_spy,
    with_unfold,
)
from asyncspy.cli.show import report_live
from asyncspy.cli.terminal import terminal_view
from asyncspy.report.present.figures import span
from asyncspy.report.terminal.watch_table import WatchTable, watch_line, watch_table
from asyncspy.workflow.count import exactly
from asyncspy.workflow.follow import RecordingRun, RecordOptions, SamplingPass
from asyncspy.workflow.load import so_far
from asyncspy.workflow.record_live import chosen, described, recorded, recording

GIL_RATE, WALL_RATE, WALL_SECONDS = 100, 20, 5
WALL_EVERY = 6
"""Of so many slices, one counts waits."""

FELT_SECONDS, MOST_SHARE = 0.25, 0.1
"""To judge all that was recorded takes ever longer. Where it is felt, it is let take so much of a processor's time."""

Show = Callable[[float], None]


@click.command("watch")
@with_pids
@click.option(
    "--mode",
    type=click.Choice(["both", "gil", "wall"]),
    default="both",
    show_default=True,
    help=f"As for attach; both: every {WALL_EVERY}th slice counts waits.",
)
@click.option("--rate", type=click.IntRange(1, 1000), help="Samples per second.  [default: 100; of waits: 20]")
@click.option(
    "--slice", "seconds", type=Duration(), default="10s", show_default=True, help="How long one slice is recorded."
)
@click.option("--duration", type=Duration(), default="24h", show_default=True, help="When to stop by itself.")
@with_exact
@with_py_spy
@with_output
@with_app_root
@with_format
@with_unfold
@click.pass_context
def command(
    ctx: click.Context,
    pids: tuple[int, ...],
    mode: Literal["both", "gil", "wall"],
    rate: int | None,
    seconds: int,
    duration: int,
    output: Path | None,
    app_roots: tuple[str, ...],
    form: str,
    *,
    every: bool,
    exact: bool,
    native: bool,
    nonblocking: bool,
    unfold: bool,
) -> None:
    """Watch live workers: findings as they come, with their evidence, rate and trend, until q or Ctrl-C.

    It records slice after slice, saves each, and ends with the report of all of them. Workers that are recycled are
    followed. Where standard error is no terminal, it prints a line for each slice, and for fewer once there is so much
    that judging it takes long.

    \b
      asyncspy watch --pid 48291
      asyncspy watch --all --output /var/tmp
      asyncspy watch --pid 48291 --duration 1h --format json > report.json
    """
    slices = {
        "gil": [SamplingPass("gil", rate or GIL_RATE, seconds)],
        "wall": [SamplingPass("wall", rate or WALL_RATE, seconds)],
        "both": [SamplingPass("gil", rate or GIL_RATE, seconds)] * (WALL_EVERY - 1)
        + [SamplingPass("wall", WALL_RATE, WALL_SECONDS)],
    }[mode]
    with (
        recording(
            chosen(pids, every=every),
            slices,
            RecordOptions(output, native, nonblocking, app_roots=app_roots),
            StderrFeedback(),
        ) as run,
        exactly(run, asked=exact) as counted,
    ):
        board = WatchTable(described(run.targets))
        with pressed("q", run.ending.request) as keyboard, _shown(board, keyboard=keyboard) as show:
            update = counted.update if counted is not None else lambda: None
            _watch(run, itertools.cycle(slices), duration, board, show, app_roots, update)
    report_live(recorded(run), form=form, unfold=unfold, app_roots=app_roots)
    ctx.exit(130 if run.ending.interrupted else 0)


def _watch(
    run: RecordingRun,
    slices: Iterator[SamplingPass],
    duration: int,
    board: WatchTable,
    show: Show,
    app_roots: tuple[str, ...],
    update: Callable[[], None],
) -> None:
    """Slice after slice, judged and shown, until somebody asks for the end or nothing is left to watch."""
    started = due = time.monotonic()
    unseen = 0

    def left() -> int:
        return round(started + duration - time.monotonic())

    while run.targets and not run.ending.requested and (seconds := left()) > 0:
        part = next(slices)
        if not run.take_slice(replace(part, duration=min(part.duration, seconds)), show, more=lambda: left() > 0):
            continue
        update()
        unseen += 1
        now, used = time.monotonic(), time.process_time()
        if now < due:
            continue
        _judge(run, board, now - started, unseen, app_roots)
        unseen, took = 0, time.process_time() - used
        due = now + (took / MOST_SHARE if took > FELT_SECONDS else 0.0)
        show(0.0)
    if not run.targets:
        run.feedback.note("nothing is left to watch")


def _judge(run: RecordingRun, board: WatchTable, seconds: float, slices: int, app_roots: tuple[str, ...]) -> None:
    """Look at all that was recorded; of its stacks nothing is kept."""
    found = so_far(run.bundle, app_roots)
    board.watched = described(run.targets) or board.watched
    board.root = found.target.cwd if found.target else None
    board.add(found.analysis, seconds, slices)


@contextmanager
def _shown(board: WatchTable, *, keyboard: bool) -> Iterator[Show]:
    """The table on a terminal; elsewhere a line for each look."""
    console = Console(stderr=True, highlight=False)
    ends = f"{'q or ' * keyboard}Ctrl-C ends it with the report."
    if not console.is_terminal:
        StderrFeedback().say(f"Watching {board.watched}. {ends}")
        told = 0

        def tell(_seconds: float) -> None:
            nonlocal told
            if board.slices > told:
                told = board.slices
                StderrFeedback().say(
                    f"{time.strftime('%H:%M:%S')} {watch_line(board, replace(terminal_view(), root=board.root))}"
                )

        yield tell
        return
    live = Live(console=console, auto_refresh=False, transient=True)

    def draw(seconds: float) -> None:
        view = replace(terminal_view(), width=console.width, root=board.root)
        footer = Text(f"{span(seconds)} into this slice. {ends}", "dim")
        with suppress(OSError):  # the terminal was closed: the recording matters, and is saved
            live.update(Group(*watch_table(board, view), Text(), footer), refresh=True)

    try:
        live.start()
        draw(0.0)
        yield draw
    finally:
        with suppress(OSError):
            live.stop()
