"""asyncspy report: the same report from saved recordings."""

from __future__ import annotations

from pathlib import Path

import click

from asyncspy.cli.options import with_app_root, with_format, with_unfold
from asyncspy.cli.show import show


@click.command("report")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@with_app_root
@with_format
@with_unfold
def command(files: tuple[Path, ...], app_roots: tuple[str, ...], form: str, *, unfold: bool) -> None:
    """Report from saved recordings: asyncspy's own, and py-spy's speedscope, raw and SVG files.

    \b
      asyncspy report asyncspy-48291-20261121T021300.json
      asyncspy report flame.svg
      asyncspy report monday.json tuesday.json --format json
      asyncspy report container.raw.txt --app-root shop --app-root billing
    """
    show(list(files), form=form, unfold=unfold, app_roots=app_roots)
