"""asyncspy attach: records a live worker and reports."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from asyncspy.cli.gate import Gate, with_gate
from asyncspy.cli.options import with_app_root, with_duration, with_format, with_unfold
from asyncspy.cli.recording import record_live
from asyncspy.cli.show import show
from asyncspy.discover import find_workers, the_only_app

RATES: dict[Literal["gil", "wall"], int] = {"gil": 100, "wall": 20}
"""Samples per second where none are asked for. Waits are long, and to look at every thread costs more."""


@click.command("attach")
@click.option(
    "--pid",
    type=click.IntRange(1),
    help="The worker, or a master: then all its workers.  [default: the only server here]",
)
@with_duration("3m")
@click.option(
    "--mode",
    type=click.Choice(list(RATES)),
    default="gil",
    show_default=True,
    help="gil: what runs on the loop. wall: what keeps it waiting (sleeps, sockets, locks), and full thread pools.",
)
@click.option(
    "--rate",
    type=click.IntRange(1, 1000),
    help="Samples per second. More than 100 slows the worker and bends what is measured.  [default: 100; wall: 20]",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, readable=False),
    help="Where to save the recording: a new file or a folder.  [default: ./asyncspy-PID-TIME.json]",
)
@with_app_root
@with_format
@with_unfold
@with_gate
@click.pass_context
def command(
    ctx: click.Context,
    pid: int | None,
    duration: int,
    mode: Literal["gil", "wall"],
    rate: int | None,
    output: Path | None,
    app_roots: tuple[str, ...],
    form: str,
    gate: Gate,
    *,
    unfold: bool,
) -> None:
    """Record a live worker with py-spy and report what it runs on its event loop.

    The worker is not restarted, and no code runs inside it. Ctrl-C ends the recording early; what was recorded until
    then is saved and reported.

    \b
      asyncspy attach
      asyncspy attach --pid 48291
      asyncspy attach --pid 48291 --duration 30 --output /tmp
      asyncspy attach --pid 48291 --format json > report.json
      asyncspy attach --pid 48291 --mode wall --duration 60
      asyncspy attach --pid 48291 --fail-on violation
    """
    pid = the_only_app(find_workers()).pid if pid is None else pid
    recorded = record_live(pid, duration=duration, rate=rate or RATES[mode], output=output, mode=mode)
    analysis = show([recorded.path], form=form, saved=recorded.path, unfold=unfold, app_roots=app_roots)
    closed = gate.exit_code(analysis)
    ctx.exit(130 if recorded.origin.interrupted else closed)
