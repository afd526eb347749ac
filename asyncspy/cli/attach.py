"""asyncspy attach: record a live worker and report."""

from __future__ import annotations

import re

import click
from click.core import ParameterSource

from asyncspy.cli.gate_options import gate_exit_code, with_gate
from asyncspy.cli.options import duration, with_format, with_unfold
from asyncspy.cli.recording_options import with_record_options
from asyncspy.cli.show import show
from asyncspy.cli.terminal import StderrFeedback
from asyncspy.errors import UsageError
from asyncspy.workflow.check_gate import GateOptions, load_gate
from asyncspy.workflow.machine import Machine
from asyncspy.workflow.record_live import record
from asyncspy.workflow.record_options import RecordMode, RecordOptions, in_slices, refuse_nothing, whole_passes


def _goal(text: str) -> int | None:
    """Parse what ends a recording: a number of samples of the loop, as in `5000-samples`; None for `found`."""
    found = re.fullmatch(r"(\d{1,9})-samples", text, re.ASCII)
    if text != "found" and not (found and int(found[1])):
        raise click.BadParameter(f"{text!r} is not a goal; write found, or 5000-samples")
    return int(found[1]) if found else None


@click.command("attach")
@with_record_options
@click.option(
    "--duration", "seconds", type=duration, default="3m", show_default=True, help="How long to record: 90, 90s, 3m."
)
@click.option(
    "--mode",
    type=click.Choice(["both", "gil", "wall", "none"]),
    default="both",
    show_default=True,
    help="gil: what runs on the loop. wall: what keeps it waiting (sleeps, sockets, locks), and full thread pools. "
    "both: gil, then wall for a short time. none: sample nothing, for --exact.",
)
@click.option(
    "--wall-duration", type=duration, default="10s", show_default=True, help="How long --mode both records waits."
)
@click.option(
    "--rate",
    type=click.IntRange(1, 1000),
    help="Samples per second. More than 100 slows the worker and distorts the result.  [default: 100; of waits: 20]",
)
@click.option(
    "--until",
    "goals",
    type=_goal,
    metavar="found|N-samples",
    multiple=True,
    help="Record in slices, and stop as soon as a line is found with certainty, or that many samples of the loop are "
    "judged (5000-samples). May be given again: the first goal that is reached counts.",
)
@click.option("--max-duration", type=duration, default="15m", show_default=True, help="The longest --until records.")
@with_format
@with_unfold
@with_gate
@click.pass_context
def command(
    ctx: click.Context,
    options: RecordOptions,
    mode: RecordMode,
    seconds: int,
    wall_duration: int,
    rate: int | None,
    goals: tuple[int | None, ...],
    max_duration: int,
    form: str,
    gate: GateOptions,
    *,
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
    _refuse_unused_options(ctx, until=bool(goals), mode=mode)
    refuse_nothing(mode, exact=options.exact)
    checked = load_gate(gate, options.app_roots)
    stages = whole_passes(mode, max_duration if goals else seconds, wall_duration, rate)
    stages = in_slices(stages) if goals else stages
    result = record(options, stages, goals, StderrFeedback(), ctx.ensure_object(Machine))
    show(result.recording, form=form, unfold=unfold, saved=result.path)
    closed = gate_exit_code(checked, result.recording.analysis)
    ctx.exit(130 if result.interrupted else closed)


def _refuse_unused_options(ctx: click.Context, *, until: bool, mode: str) -> None:
    """Raise UsageError for an option that was given and would have no effect."""
    if until and mode in {"wall", "none"}:
        message = f"--until counts what --mode {mode} does not record"
        raise UsageError(message, remedy=f"leave out --mode {mode}, or --until")
    rules = (
        ("seconds", until, "--until has a maximum duration of its own", "give --max-duration instead of --duration"),
        ("max_duration", not until, "--max-duration has no effect without --until", "give --duration, or add --until"),
        ("wall_duration", mode != "both", "--wall-duration is for --mode both only", "give --duration instead"),
    )
    for name, unused, message, remedy in rules:
        if unused and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(message, remedy=remedy)
