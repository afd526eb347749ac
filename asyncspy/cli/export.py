"""asyncspy export: a recording, or only what its findings are made of, for the tools that people already use."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from asyncspy.analyse.stack_findings import keep_finding_stacks
from asyncspy.cli.feedback import StderrFeedback
from asyncspy.cli.options import with_app_root
from asyncspy.errors import InputError, OutputError, UsageError
from asyncspy.export import BINARY, SUFFIXES, TARGETS, export_profile
from asyncspy.sample import embed_origin
from asyncspy.workflow.load import Part, analysed


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
    mode: str | None,
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
    opened = analysed(files, app_roots=app_roots)
    part = _part(opened.parts, mode)
    profile = part.profile
    if only:
        profile = keep_finding_stacks(profile, part.analysis, source=opened.sources.text, app_roots=app_roots)
    if not profile.stacks:
        missing = "it has no findings that were sampled" if only else "it holds no samples"
        raise InputError(f"there is nothing to export: {missing}", remedy="asyncspy report FILE says what it holds")
    _write(export_profile(profile, form, embed_origin=embed_origin), form, output)


def _part(parts: Sequence[Part], mode: str | None) -> Part:
    """The samples of one mode: those of two never stand in one file."""
    found = [part for part in parts if mode is None or (part.analysis.wall is not None) == (mode == "wall")]
    if not found:
        raise InputError(f"it holds no samples of --mode {mode}", remedy="leave out --mode")
    return found[0]


def _write(content: bytes, form: str, output: Path | None) -> None:
    """To a new file, or to whatever standard output is, unless that is a terminal and the format is not text."""
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
