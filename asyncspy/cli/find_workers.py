"""asyncspy find-workers: every server, its master and its workers."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from asyncspy.cli.terminal import echo_text, terminal_view
from asyncspy.discover import SERVER_NAMES, busiest, find_workers, only
from asyncspy.errors import TargetError
from asyncspy.model import Worker
from asyncspy.report.workers_json import workers_as_json


@click.command("find-workers")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead.")
@click.option("--pids", is_flag=True, help="Print the workers' pids alone, one a line.")
@click.option("--server", type=click.Choice(SERVER_NAMES), help="Only processes of this server.")
@click.option("--app", help="Only servers of an app with this in its name.")
@click.option("--busiest", "only_busiest", is_flag=True, help="Only the worker that uses most CPU now.")
@click.option("--probe", is_flag=True, help="Settle roles in doubt (worker?) with one stack dump each.")
def command(*, as_json: bool, pids: bool, server: str | None, app: str | None, only_busiest: bool, probe: bool) -> None:
    """List the servers of this machine with their workers, and whether each can be attached.

    Nothing is attached to, unless --probe asks for it: each process in doubt then stands still for some milliseconds.

    \b
      asyncspy find-workers
      asyncspy find-workers --probe --json
      asyncspy attach --pid $(asyncspy find-workers --app shop --busiest --pids)
    """
    workers = find_workers()
    workers = only(_settled(workers) if probe else workers, server=server, app=app)
    if only_busiest:
        found = busiest(workers)
        workers = [found] if found else []
    if pids:
        echo_text("".join(f"{pid}\n" for pid in _pids(workers)))
    else:
        echo_text(workers_as_json(workers) if as_json else _table(workers))


def _settled(workers: Sequence[Worker]) -> list[Worker]:
    from asyncspy.cli.probe import settled  # noqa: PLC0415 - only who asks for it waits for what runs py-spy

    return settled(workers)


def _table(workers: Sequence[Worker]) -> str:
    from asyncspy.report.workers import render_workers  # noqa: PLC0415 - only who reads it waits for rich

    return render_workers(workers, terminal_view(), now=time.time())


def _pids(workers: Sequence[Worker]) -> list[int]:
    pids = [worker.pid for worker in workers if worker.role == "worker"]
    if not pids:
        raise TargetError("no such worker was found", remedy="asyncspy find-workers")
    return pids
