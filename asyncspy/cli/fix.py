"""asyncspy fix: a patch for what was found, of what is certain; all else is left to you in words."""

from __future__ import annotations

from pathlib import Path

import click

from asyncspy.cli.options import with_app_root
from asyncspy.cli.terminal import StderrFeedback
from asyncspy.report.patch_report import patch_as_json, patch_lines
from asyncspy.workflow.fix_findings import FixOptions, fix_findings


@click.command("fix")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    help="The folder of the code to fix.  [default: where the app ran, else the current folder]",
)
@click.option("--django", metavar="VERSION", help="The Django that will run it, where no recording says so: 5.2.")
@click.option(
    "--format", "form", type=click.Choice(["diff", "json"]), default="diff", show_default=True, help="What to print."
)
@click.option(
    "--only", multiple=True, metavar="FINDING", help="The finding of this number, or at file.py:12; may be given again."
)
@click.option("--apply", is_flag=True, help="Write the files, if git has them as they are.")
@click.option("--force", is_flag=True, help="With --apply: write files that git does not have as they are, too.")
@with_app_root
def command(
    files: tuple[Path, ...],
    root: Path | None,
    django: str | None,
    form: str,
    only: tuple[str, ...],
    app_roots: tuple[str, ...],
    *,
    apply: bool,
    force: bool,
) -> None:
    """Print a unified diff that fixes what recordings, logs and dumps show, for git apply and patch -p1.

    Only what is certain is changed: the a-method in an async function, where Django has it; else the call in a thread,
    through sync_to_async, at the async function that makes it. What is left to you, and why, is said on stderr. A file
    that is not as it ran is not touched.

    \b
      asyncspy fix asyncspy-48291.json | git apply
      asyncspy fix asyncspy-48291.json --apply
      asyncspy fix asyncspy-48291.json --only shop/views.py:25
      asyncspy fix asyncspy-48291.json --root ~/shop --format json
      asyncspy fix web.log --root . --django 5.2
    """
    patch = fix_findings(files, FixOptions(root, django, app_roots, only, apply, force))
    feedback = StderrFeedback()
    if form == "json":
        click.echo(patch_as_json(patch), nl=False)
        return
    click.echo(patch.diff, nl=False)
    for line in patch_lines(patch):
        feedback.say(line)
