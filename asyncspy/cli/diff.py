"""asyncspy diff: is the line gone? Two recordings of one app, compared with the confidence that the samples allow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from asyncspy.cli.options import with_app_root, with_format_of
from asyncspy.cli.terminal import echo_text, terminal_view
from asyncspy.report import COMPARISON_FORMATS
from asyncspy.workflow.compare_recordings import compare_recordings

FILE = click.Path(path_type=Path, readable=False)


@click.command("diff")
@click.argument("before", type=FILE)
@click.argument("after", type=FILE)
@with_app_root
@with_format_of(COMPARISON_FORMATS, "comparison")
def command(before: Path, after: Path, app_roots: tuple[str, ...], form: str) -> None:
    """Compare two recordings of one app: what is gone, less, the same, more, new; and how likely chance explains it.

    Each is a file, or a folder of files that are read as one. Length, rate and load may differ, the mode may not: where
    only one of them has it, it is left out. What is not in AFTER is only called gone where AFTER would have shown it;
    otherwise it says how much longer to record.

    \b
      asyncspy diff before.json after.json
      asyncspy diff monday/ tuesday/ --format markdown
      asyncspy diff before.json after.json --format json | jq .differences
    """
    comparison, root = compare_recordings([before], [after], app_roots)
    echo_text(COMPARISON_FORMATS[form](comparison, replace(terminal_view(), root=root)))
