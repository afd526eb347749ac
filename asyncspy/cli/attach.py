"""asyncspy attach: records a live worker and reports."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click
from click.core import ParameterSource

from asyncspy.cli.feedback import StderrFeedback
from asyncspy.cli.gate_options import Gate, with_gate
from asyncspy.cli.options import (
    Duration,
    Goal,
    with_app_root,
    with_duration,
    with_exact,
    with_format,
    with_output,
    with_pids,
    with_py_spy,
    with_unfold,
)
from asyncspy.cli.show import report_live
from asyncspy.errors import UsageError
from asyncspy.workflow.follow import RecordOptions, SamplingPass
from asyncspy.workflow.record_live import chosen, record_live
from asyncspy.workflow.record_until import record_until

GIL_RATE, WALL_RATE = 100, 20
"""Samples per second where none are asked for. Waits are long, and to look at every thread costs more."""


@click.command("attach")
@with_pids
@with_duration("3m")
@click.option(
    "--mode",
    type=click.Choice(["both", "gil", "wall", "none"]),
    default="both",
    show_default=True,
    help="gil: what runs on the loop. wall: what keeps it waiting (sleeps, sockets, locks), and full thread pools. "
    "both: first the one, then for a short time the other. none: nothing is sampled, for --exact alone.",
)
@click.option(
    "--wall-duration", type=Duration(), default="10s", show_default=True, help="How long that is, for --mode both."
)
@click.option(
    "--rate",
    type=click.IntRange(1, 1000),
    help="Samples per second. More than 100 slows the worker and bends what is measured.  [default: 100; of waits: 20]",
)
@click.option(
    "--until",
    "goals",
    type=Goal(),
    multiple=True,
    help="Record in slices, and end as soon as a line is found for sure, or so many samples of the loop are judged "
    "(5000-samples). May be given again: the first that is reached ends it.",
)
@click.option(
    "--max-duration", type=Duration(), default="15m", show_default=True, help="The longest that --until waits."
)
@with_exact
@with_py_spy
@with_output
@with_app_root
@with_format
@with_unfold
@with_gate
@click.pass_context
def command(
    ctx: click.Context,
    pids: tuple[int, ...],
    duration: int,
    mode: Literal["both", "gil", "wall", "none"],
    wall_duration: int,
    rate: int | None,
    goals: tuple[int | None, ...],
    max_duration: int,
    output: Path | None,
    app_roots: tuple[str, ...],
    form: str,
    gate: Gate,
    *,
    every: bool,
    exact: bool,
    native: bool,
    nonblocking: bool,
    unfold: bool,
) -> None:
    """Record a live worker with py-spy and report what it runs on its event loop.

    The worker is not restarted, and unless --exact asks for it no code runs inside it. Ctrl-C ends the recording
    early; what was recorded until then is saved and reported.

    \b
      asyncspy attach
      asyncspy attach --pid 48291
      asyncspy attach --pid 48291 --duration 30 --output /tmp
      asyncspy attach --pid 48291 --format json > report.json
      asyncspy attach --pid 48291 --mode wall --duration 60
      asyncspy attach --pid 48291 --fail-on violation
      asyncspy attach --pid 48291 --exact --mode none --duration 60
      asyncspy attach --pid 48291 --until found --until 20000-samples
    """
    how = RecordOptions(output, native, nonblocking, exact, duration if mode == "none" else 0, app_roots)
    passes = passes_for(mode, max_duration if goals else duration, wall_duration, rate)
    if goals and mode in {"wall", "none"}:
        message = f"--until counts what --mode {mode} does not record"
        raise UsageError(message, remedy=f"leave out --mode {mode}, or --until")
    if mode == "none" and not exact:
        raise UsageError("--mode none samples nothing, and nothing is counted either", remedy="add --exact")
    _refuse_what_means_nothing(ctx, until=bool(goals), mode=mode)
    meant = chosen(pids, every=every)
    recorded = (
        record_until(meant, passes, how, goals, StderrFeedback())
        if goals
        else record_live(meant, passes, how, StderrFeedback())
    )
    analysis = report_live(recorded, form=form, unfold=unfold, app_roots=app_roots)
    closed = gate.exit_code(analysis)
    ctx.exit(130 if recorded.interrupted else closed)


def _refuse_what_means_nothing(ctx: click.Context, *, until: bool, mode: str) -> None:
    """Raise UsageError for a duration that was given, and that nothing would be recorded for."""
    rules = (
        ("duration", until, "--until has a longest duration of its own", "give --max-duration instead of --duration"),
        ("max_duration", not until, "--max-duration is for --until alone", "give --duration, or add --until found"),
        ("wall_duration", mode != "both", "--wall-duration is for --mode both alone", "give --duration instead"),
    )
    for name, meaningless, message, remedy in rules:
        if meaningless and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(message, remedy=remedy)


def passes_for(
    mode: Literal["both", "gil", "wall", "none"], duration: int, wall_duration: int, rate: int | None
) -> list[SamplingPass]:
    """The passes of a mode. A rate that is asked for is that of the main one."""
    gil, wall = SamplingPass("gil", rate or GIL_RATE, duration), SamplingPass("wall", rate or WALL_RATE, duration)
    return {"gil": [gil], "wall": [wall], "none": [], "both": [gil, SamplingPass("wall", WALL_RATE, wall_duration)]}[
        mode
    ]
