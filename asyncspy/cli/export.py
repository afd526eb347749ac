"""asyncspy export: write a recording, or only what its findings are made of, for other tools."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

import click

from asyncspy.cli.options import with_app_root
from asyncspy.cli.terminal import StderrFeedback
from asyncspy.errors import OutputError, UsageError
from asyncspy.workflow.export_recordings import BINARY, SUFFIXES, TARGETS, ExportOptions, export_recordings


@click.command("export")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option("--to", "form", type=click.Choice(list(TARGETS)), required=True, help="The format to write.")
@click.option("--only", type=click.Choice(["findings"]), help="Leave out all stacks that belong to no finding.")
@click.option(
    "--mode", type=click.Choice(["gil", "wall"]), help="Which samples, of recordings of both.  [default: gil]"
)
@click.option(
    "--output", type=click.Path(path_type=Path, readable=False), help="A new file.  [default: standard output]"
)
@with_app_root
def command(
    files: tuple[Path, ...],
    form: str,
    only: str | None,
    mode: Literal["gil", "wall"] | None,
    output: Path | None,
    app_roots: tuple[str, ...],
) -> None:
    """Write recordings in the format of another tool; several become one.

    folded: flamegraph.pl and inferno. speedscope: speedscope.app. pprof: go tool pprof and continuous profilers.
    otlp: OpenTelemetry collectors. gecko: profiler.firefox.com.

    \b
      asyncspy export asyncspy-48291.json --to pprof --output shop.pb.gz
      asyncspy export asyncspy-48291.json --to otlp --output shop.otlp.pb
      asyncspy export a.json --to folded --only findings | flamegraph.pl > a.svg
      asyncspy export a.json b.json --to speedscope --output both.json
    """
    _write(export_recordings(files, ExportOptions(form, bool(only), mode, app_roots)), form, output)


def _write(content: bytes, form: str, output: Path | None) -> None:
    """Write to a new file or to standard output, but no binary format to a terminal."""
    if output is None:
        if form in BINARY and sys.stdout.isatty():
            raise UsageError(
                f"the format of {form} is not text", remedy=f"give a file: --output asyncspy{SUFFIXES[form]}"
            )
        click.echo(content, nl=False)
        return
    try:
        with output.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise OutputError(f"{output} is there already", remedy="name a new file, or remove it first") from None
    except OSError as error:
        raise OutputError(
            f"cannot write {output}: {os.strerror(error.errno or 0)}", remedy="name another file"
        ) from None
    StderrFeedback().say(f"Written: {output}")
