"""asyncspy watch: a live table of findings, until stopped; then the whole report."""

from __future__ import annotations

import click

from asyncspy.cli.live.live_table import LiveTable
from asyncspy.cli.options import duration, with_format, with_unfold
from asyncspy.cli.recording_options import with_record_options
from asyncspy.cli.show import show
from asyncspy.workflow.machine import Machine
from asyncspy.workflow.record_options import WATCH_SLICES, RecordMode, RecordOptions, refuse_nothing, watch_slices
from asyncspy.workflow.watch_live import watch


@click.command("watch")
@with_record_options
@click.option(
    "--mode",
    type=click.Choice(["both", "gil", "wall", "none"]),
    default="both",
    show_default=True,
    help=f"As for attach; both: every {WATCH_SLICES}th slice counts waits. none: sample nothing, for --exact.",
)
@click.option("--rate", type=click.IntRange(1, 1000), help="Samples per second.  [default: 100; of waits: 20]")
@click.option(
    "--slice", "slice_seconds", type=duration, default="10s", show_default=True, help="How long one slice is recorded."
)
@click.option(
    "--duration", "seconds", type=duration, default="24h", show_default=True, help="How long to watch at most."
)
@with_format
@with_unfold
@click.pass_context
def command(
    ctx: click.Context,
    options: RecordOptions,
    mode: RecordMode,
    rate: int | None,
    slice_seconds: int,
    seconds: int,
    form: str,
    *,
    unfold: bool,
) -> None:
    """Watch live workers: findings as they come, with their evidence, rate and trend, until q or Ctrl-C.

    It records slice after slice, saves each, and ends with the report of all of them. Workers that are recycled are
    followed. If standard error is not a terminal, it prints a line for each slice, or for fewer of them once the
    analysis of everything recorded takes long.

    \b
      asyncspy watch --pid 48291
      asyncspy watch --all --output /var/tmp
      asyncspy watch --pid 48291 --exact --inject --mode none
      asyncspy watch --pid 48291 --duration 1h --format json > report.json
    """
    refuse_nothing(mode, exact=options.exact)
    slices = watch_slices(mode, slice_seconds, seconds, rate)
    result = watch(options, slices, LiveTable(), ctx.ensure_object(Machine))
    show(result.recording, form=form, unfold=unfold, saved=result.path)
    ctx.exit(130 if result.interrupted else 0)
