"""asyncspy dump: is it hung, and on what?"""

from __future__ import annotations

from pathlib import Path

import click

from asyncspy.cli.gate_options import gate_exit_code, with_gate
from asyncspy.cli.options import duration, interval, with_app_root, with_format
from asyncspy.cli.show import show
from asyncspy.cli.terminal import StderrFeedback
from asyncspy.workflow.check_gate import GateOptions, load_gate
from asyncspy.workflow.dump_stacks import DumpOptions, dump_stacks
from asyncspy.workflow.machine import Machine


@click.command("dump")
@click.option(
    "--pid",
    type=click.IntRange(1),
    help="The worker, or a master: then each of its workers.  [default: the only server here]",
)
@click.option(
    "--every", type=interval, default="0.5", show_default=True, help="Seconds between dumps; 30s, 5m with --while."
)
@click.option(
    "--wait",
    type=duration,
    default="2s",
    show_default=True,
    help="How long to watch; a longer time can tell slow from stuck.",
)
@click.option(
    "--while",
    "condition",
    type=(click.Choice(["hung-for"]), duration),
    help="Wait until it has hung for this long: --while hung-for 10s.",
)
@click.option(
    "--locals",
    "with_selves",
    is_flag=True,
    help="Also show the class of self, in frames that have one. No value is shown or saved.",
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
    gate: GateOptions,
    *,
    with_selves: bool,
) -> None:
    """Say whether a worker hangs, who waits for whom in it, and what to do now and later.

    Takes a few stack dumps with py-spy, saves them, and compares them. Each one pauses the worker for some
    milliseconds; the report says for how long in all.

    \b
      asyncspy dump --pid 48291
      asyncspy dump --pid 48291 --wait 60s
      asyncspy dump --pid 48291 --fail-on deadlock
      asyncspy dump --pid 48291 --every 30s --while hung-for 10s --output hang
      asyncspy report asyncspy-dump-48291-20261121T021300
    """
    checked = load_gate(gate, app_roots)
    hung_for = condition[1] if condition else None
    options = DumpOptions(pid, every, wait, hung_for, with_selves, output, app_roots)
    result = dump_stacks(options, StderrFeedback(), ctx.ensure_object(Machine))
    show(result.recording, form=form, saved=result.folder)
    closed = gate_exit_code(checked, result.recording.analysis)
    ctx.exit(130 if result.interrupted else closed)
