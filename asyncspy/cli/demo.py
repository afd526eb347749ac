"""asyncspy demo: a Django shop with planted faults, served, loaded, found, recorded and reported."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import click

from asyncspy.cli.options import duration, with_format
from asyncspy.cli.show import show
from asyncspy.cli.terminal import StderrFeedback, echo_text, terminal_view
from asyncspy.demo.planted import compare, planted, twins
from asyncspy.demo.server import Shop, served_shop, shop_to_serve
from asyncspy.demo.traffic import Load
from asyncspy.errors import UsageError
from asyncspy.report import COMPARISON_FORMATS
from asyncspy.report.patch_report import patch_lines
from asyncspy.report.terminal.worker_tree import render_workers
from asyncspy.workflow.compare_recordings import compare_recordings
from asyncspy.workflow.fix_findings import FixOptions, fix_recording
from asyncspy.workflow.list_workers import server_of
from asyncspy.workflow.record_live import RecordingResult, record
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
@click.option("--fix", is_flag=True, help="Then patch the shop, serve and record it again, and compare.")
@with_format
@click.pass_context
def command(ctx: click.Context, seconds: int, rate: int, output: Path | None, form: str, *, fix: bool) -> None:
    """Serve a Django shop with planted faults, load it, and find them with the same steps that you would take.

    It needs Django and uvicorn: pip install "asyncspy[demo]". The shop is served on the loopback address only, and
    everything but the recordings is removed afterwards.
    """
    if fix and form not in COMPARISON_FORMATS.keys() - {"json", "html"}:
        raise UsageError(f"--fix prints a report and a comparison, no single {form}", remedy="leave out --format")
    with shop_to_serve() as copy:
        with served_shop(copy, WORKERS) as shop:
            _introduce(shop)
            result = _record_under_load(shop, seconds, rate, output)
            show(result.recording, form=form, saved=result.path)
        findings = result.recording.analysis.findings
        comparison = compare(planted(copy.root), twins(copy.root), copy.root, findings)
        click.echo("\n" + "\n".join(comparison.lines()), err=True)
        done = comparison.as_planted
        if fix and not result.interrupted:
            _patch(result, copy.root)
            with served_shop(copy, WORKERS) as shop:
                result, before = _record_under_load(shop, seconds, rate, _beside(output)), result
            done = _prove(before, result, form) and done
    ctx.exit(130 if result.interrupted else 0 if done else 1)


def _record_under_load(shop: Shop, seconds: int, rate: int, output: Path | None) -> RecordingResult:
    with Load(shop.url, shop.session, seconds=seconds * 2 + 60) as load:
        options = RecordOptions((shop.pid,), output=output)
        result = record(options, whole_passes("gil", seconds, 0, rate), feedback=StderrFeedback())
    click.echo(f"The shop answered {load.total} requests, {load.failed} of them with an error.\n", err=True)
    return result


def _beside(output: Path | None) -> Path | None:
    """Where the second recording goes: into the same folder, or beside the file."""
    return output if output is None or output.is_dir() else output.with_name(f"{output.stem}-fixed{output.suffix}")


def _patch(result: RecordingResult, root: Path) -> None:
    """Write the patch into the copy of the shop, and print it."""
    click.echo(f"\n$ asyncspy fix {result.path} --apply", err=True)
    patch = fix_recording(result.recording, FixOptions(root=root, apply=True, force=True))
    echo_text(patch.diff.decode())
    click.echo("\n".join(patch_lines(patch)) + "\n\nThe shop is served again.", err=True)


def _prove(before: RecordingResult, after: RecordingResult, form: str) -> bool:
    """Print the comparison; whether no violation was found any more."""
    click.echo(f"$ asyncspy diff {before.path} {after.path}\n", err=True)
    comparison, root = compare_recordings([before.path], [after.path])
    echo_text(COMPARISON_FORMATS[form](comparison, replace(terminal_view(), root=root)))
    return not any(finding.kind == "async-unsafe" for finding in after.recording.analysis.findings)


def _introduce(shop: Shop) -> None:
    """Print what the shop is, and how find-workers lists it."""
    click.echo(f"A Django shop with {len(planted())} planted faults is serving {shop.url}", err=True)
    if sys.stderr.isatty():
        listed = render_workers(server_of(shop.pid), terminal_view(), now=time.time())
        click.echo(f"\n$ asyncspy find-workers\n{listed}\n\n$ asyncspy attach --pid {shop.pid}", err=True)
