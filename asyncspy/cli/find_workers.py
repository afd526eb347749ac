"""asyncspy find-workers: every server, its master and its workers."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from asyncspy.cli.terminal import echo_text, terminal_view
from asyncspy.errors import TargetError, UsageError
from asyncspy.model.processes import Worker
from asyncspy.report.json_report import workers_as_json
from asyncspy.untrusted import escape_unprintable
from asyncspy.workflow.list_workers import SERVER_NAMES, ListOptions, list_workers
from asyncspy.workflow.machine import Machine


@click.command("find-workers")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead.")
@click.option("--pids", is_flag=True, help="Print only the workers' pids, one per line.")
@click.option("--server", type=click.Choice(SERVER_NAMES), help="Only processes of this server.")
@click.option("--app", help="Only servers of an app with this in its name.")
@click.option("--busiest", "only_busiest", is_flag=True, help="Only the worker that uses the most CPU now.")
@click.option("--probe", is_flag=True, help="Settle roles in doubt (worker?) with one stack dump each.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    as_json: bool,
    pids: bool,
    server: str | None,
    app: str | None,
    only_busiest: bool,
    probe: bool,
) -> None:
    """List the servers of this machine with their workers, and whether each can be attached.

    It attaches to nothing, unless --probe asks for it: each process in doubt is then paused for some milliseconds.

    \b
      asyncspy find-workers
      asyncspy find-workers --probe --json
      asyncspy attach --pid $(asyncspy find-workers --app shop --busiest --pids)
    """
    if pids and as_json:
        raise UsageError("--pids and --json do not go together", remedy="asyncspy find-workers --json")
    options = ListOptions(server, app, only_busiest, probe, watch=not pids)
    workers, all_workers = list_workers(options, ctx.ensure_object(Machine))
    if all_workers and not workers and (server or app):
        click.echo(_nothing_matches(all_workers, server, app), err=True)
    if pids:
        echo_text("".join(f"{pid}\n" for pid in _pids(workers)))
    elif as_json:
        echo_text(workers_as_json(workers))
    elif workers or not all_workers:
        echo_text(_table(workers))


def _nothing_matches(all_workers: Sequence[Worker], server: str | None, app: str | None) -> str:
    """What was asked for, and which servers there are instead."""
    asked = " ".join(f"--{name} {value}" for name, value in (("server", server), ("app", app)) if value)
    there = sorted({" ".join(filter(None, (worker.server, worker.app))) for worker in all_workers})
    return f"nothing here matches {escape_unprintable(asked)}; there is: {escape_unprintable(', '.join(there))}"


def _table(workers: Sequence[Worker]) -> str:
    from asyncspy.report.terminal.worker_tree import render_workers  # noqa: PLC0415 - JSON and pids need no rich

    return render_workers(workers, terminal_view(), now=time.time())


def _pids(workers: Sequence[Worker]) -> list[int]:
    pids = [worker.pid for worker in workers if worker.role == "worker"]
    if not pids:
        raise TargetError("no such worker was found", remedy="asyncspy find-workers")
    return pids
