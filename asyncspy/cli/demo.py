"""asyncspy demo: a Django shop with planted faults, served, loaded, found, recorded and reported."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from asyncspy.cli.options import with_duration, with_format, with_rate
from asyncspy.cli.recording import record_live
from asyncspy.cli.show import show, terminal_view
from asyncspy.demo.load import Load
from asyncspy.demo.server import Shop, running_shop
from asyncspy.demo.truth import planted, twins
from asyncspy.discover import inspect, workers_of
from asyncspy.model import Analysis
from asyncspy.report.workers import render_workers

WORKERS = 2


@click.command("demo")
@with_duration("25s")
@with_rate
@click.option("--output", type=click.Path(path_type=Path), help="Where to save the recording: a new file or a folder.")
@with_format
@click.pass_context
def command(ctx: click.Context, duration: int, rate: int, output: Path | None, form: str) -> None:
    """Serve a Django shop with planted faults, load it, and find them with the same steps that you would take.

    It needs Django and uvicorn: pip install "asyncspy[demo]". Everything happens on the loopback address, and nothing
    but the recording is left behind.
    """
    with running_shop(workers=WORKERS) as shop:
        _introduce(shop)
        with Load(shop.url, shop.session, seconds=duration * 2 + 60) as load:
            recorded = record_live(shop.pid, duration=duration, rate=rate, output=output)
        click.echo(f"The shop answered {load.total} requests, {load.failed} of them with an error.\n", err=True)
        analysis = show([recorded.path], form=form, saved=recorded.path)
        named_wrongly = _compare(analysis, shop.root)
    ctx.exit(130 if recorded.origin.interrupted else 1 if named_wrongly else 0)


def _introduce(shop: Shop) -> None:
    """What the shop is, and how find-workers sees it."""
    click.echo(f"A Django shop with {len(planted())} planted faults is serving {shop.url}", err=True)
    master = inspect(shop.pid)
    if sys.stderr.isatty():
        listed = render_workers([master, *workers_of(master)], terminal_view(), now=time.time())
        click.echo(f"\n$ asyncspy find-workers\n{listed}\n\n$ asyncspy attach --pid {shop.pid}", err=True)


def _compare(analysis: Analysis, root: Path) -> bool:
    """Hold the report against what was planted; True where a line was named that is none of the planted ones."""
    named = {(finding.culprit.frame.file, finding.culprit.frame.line) for finding in analysis.findings}
    faults = {(str(root / mark.file), mark.line): mark for mark in planted(root)}
    innocent = {(str(root / mark.file), mark.line) for mark in twins(root)}
    found, framed = len(named & faults.keys()), len(named & innocent)
    click.echo(f"\nPlanted: {len(faults)} faults, {found} of them named.", err=True)
    click.echo(f"Legitimate twins: {len(innocent)}, {framed or 'none'} of them named.", err=True)
    for key in faults.keys() - named:
        click.echo(f"not sampled in this run: {faults[key].file}:{faults[key].line} ({faults[key].about})", err=True)
    if faults.keys() - named:
        click.echo("A longer run sees more: asyncspy demo --duration 60", err=True)
    return bool(named - faults.keys())
