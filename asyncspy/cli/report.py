"""asyncspy report: report from saved recordings, other profilers' files, and logs."""

from __future__ import annotations

from pathlib import Path

import click

from asyncspy.cli.gate_options import gate_exit_code, with_gate
from asyncspy.cli.options import with_app_root, with_format, with_unfold
from asyncspy.cli.show import show
from asyncspy.workflow.check_gate import GateOptions, load_gate
from asyncspy.workflow.load_recordings import load_and_analyse


@click.command("report")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@with_app_root
@with_format
@with_unfold
@with_gate
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    app_roots: tuple[str, ...],
    form: str,
    gate: GateOptions,
    *,
    unfold: bool,
) -> None:
    """Report from what was saved: recordings, flame graphs, dumps, logs; in files, folders, or - for standard input.

    Read are asyncspy's recordings; py-spy's speedscope, raw, SVG, chrometrace and dump; other speedscope files; SVGs
    by FlameGraph.pl; folded stacks of Austin and of profiling.sampling; pprof, as Pyroscope, Parca and Datadog keep
    it, and OpenTelemetry's profiles; logs with SynchronousOnlyOperation tracebacks, as text or JSON lines, of files,
    containers (CRI, docker) or journalctl; such tracebacks in exports of OpenTelemetry, events of Sentry, records of
    structlog, and Django's page for an error. All may be packed with gzip or zstd.

    \b
      asyncspy report asyncspy-48291-20261121T021300.json
      asyncspy report flame.svg web.log
      asyncspy report pyroscope.pb.gz
      asyncspy report /var/log/shop --format json
      journalctl -u shop -o json --all | asyncspy report -
      asyncspy report container.raw.txt --app-root shop --app-root billing
      asyncspy report load-test.json --fail-on violation --baseline main.json
    """
    checked = load_gate(gate, app_roots)
    recording = load_and_analyse(files, app_roots)
    show(recording, form=form, unfold=unfold)
    ctx.exit(gate_exit_code(checked, recording.analysis))
