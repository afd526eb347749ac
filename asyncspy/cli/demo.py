"""asyncspy demo: a Django shop with planted faults, served, loaded, found, recorded and reported."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from asyncspy.cli.options import duration, with_format
from asyncspy.cli.show import show
from asyncspy.cli.terminal import StderrFeedback, terminal_view
from asyncspy.demo.planted import compare, planted, twins
from asyncspy.demo.server import Shop, running_shop
from asyncspy.demo.traffic import Load
from asyncspy.report.terminal.worker_tree import render_workers
from asyncspy.workflow.list_workers import server_of
from asyncspy.workflow.record_live import record
from asyncspy.workflow.record_options import RecordOptions, whole_passes

WORKERS = 2


@click.command("demo")
@click.option(
    "--duration", "seconds", type=duration, default="25s", show_default=True, help="How long to record: 90, 90s, 3m."
)
@click.option(
    "--rate",
    type=click.IntRange(1, 1000),
    default=100,
    show_default=True,
    help="Samples per second. More than 100 slows the worker and distorts the result.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, readable=False),
    help="Where to save the recording: a new file or a folder.",
)
@with_format
@click.pass_context
def command(ctx: click.Context, seconds: int, rate: int, output: Path | None, form: str) -> None:
    """Serve a Django shop with planted faults, load it, and find them with the same steps that you would take.

    It needs Django and uvicorn: pip install "asyncspy[demo]". The shop is served on the loopback address only, and
    everything but the recording is removed afterwards.
    """
    with running_shop(workers=WORKERS) as shop:
        _introduce(shop)
        with Load(shop.url, shop.session, seconds=seconds * 2 + 60) as load:
            options = RecordOptions((shop.pid,), output=output)
            result = record(options, whole_passes("gil", seconds, 0, rate), feedback=StderrFeedback())
        click.echo(f"The shop answered {load.total} requests, {load.failed} of them with an error.\n", err=True)
        show(result.recording, form=form, saved=result.path)
        findings = result.recording.analysis.findings
        comparison = compare(planted(shop.root), twins(shop.root), shop.root, findings)
    click.echo("\n" + "\n".join(comparison.lines()), err=True)
    ctx.exit(130 if result.interrupted else 0 if comparison.as_planted else 1)


def _introduce(shop: Shop) -> None:
    """Print what the shop is, and how find-workers lists it."""
    click.echo(f"A Django shop with {len(planted())} planted faults is serving {shop.url}", err=True)
    if sys.stderr.isatty():
        listed = render_workers(server_of(shop.pid), terminal_view(), now=time.time())
        click.echo(f"\n$ asyncspy find-workers\n{listed}\n\n$ asyncspy attach --pid {shop.pid}", err=True)
