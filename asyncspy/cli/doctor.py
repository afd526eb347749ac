"""asyncspy doctor: will attaching work, and if not, which line fixes it?"""

from __future__ import annotations

import click

from asyncspy.cli.terminal import echo_text, terminal_view
from asyncspy.errors import TargetError, UsageError
from asyncspy.report.json_report import diagnosis_as_json
from asyncspy.report.terminal.doctor_page import render_diagnosis
from asyncspy.workflow.list_workers import diagnose_target


@click.command("doctor")
@click.option("--pid", type=click.IntRange(1), help="The process that you want to attach to.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead.")
@click.option(
    "--rehearse", is_flag=True, help="Also start copies of the process, and do to them what --exact --inject would do."
)
@click.pass_context
def command(ctx: click.Context, pid: int | None, *, as_json: bool, rehearse: bool) -> None:
    """Say whether attaching will work, and if not, why not and the line that fixes it.

    Without --pid it checks the machine and the workers on it. It attaches to nothing. The exit code is 0 if attaching
    will work, and 3 if it will not.

    \b
      asyncspy doctor
      asyncspy doctor --pid 48291
      asyncspy doctor --pid 48291 --rehearse
    """
    if rehearse and pid is None:
        raise UsageError("--rehearse is for one process", remedy="name it: asyncspy doctor --rehearse --pid PID")
    found = diagnose_target(pid, rehearse_injection=rehearse)
    echo_text(diagnosis_as_json(found) if as_json else render_diagnosis(found, terminal_view()))
    ctx.exit(0 if found.will_attach else TargetError.exit_code)
