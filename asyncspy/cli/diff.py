"""asyncspy diff: is the line gone? Two recordings of one app, compared with the confidence that the samples allow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from asyncspy.analyse.compare.comparison import compare_parts, seen_functions
from asyncspy.cli.options import with_app_root, with_format_of
from asyncspy.cli.terminal import echo_text, terminal_view
from asyncspy.errors import UsageError
from asyncspy.report import COMPARISON_FORMATS
from asyncspy.workflow.load import analysed

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
    first, second = (analysed([path], app_roots=app_roots) for path in (before, after))
    try:
        found = compare_parts(
            [part.analysis for part in first.parts],
            [part.analysis for part in second.parts],
            first.analysis,
            second.analysis,
            ran=seen_functions(stack for part in second.parts for stack in part.profile.stacks),
        )
    except ValueError as error:
        raise UsageError(
            str(error), remedy="record AFTER as BEFORE was: asyncspy attach --pid PID --mode MODE"
        ) from None
    target = second.target or first.target
    echo_text(COMPARISON_FORMATS[form](found, replace(terminal_view(), root=target.cwd if target else None)))
