"""asyncspy find-workers: every server, its master and its workers."""

from __future__ import annotations

import time

import click

from asyncspy.cli.show import echo_text, terminal_view
from asyncspy.discover import find_workers
from asyncspy.report.workers import render_workers, workers_as_json


@click.command("find-workers")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead.")
def command(*, as_json: bool) -> None:
    """List the gunicorn and uvicorn processes of this machine, and whether each can be attached.

    \b
      asyncspy find-workers
      asyncspy find-workers --json
    """
    workers = find_workers()
    echo_text(workers_as_json(workers) if as_json else render_workers(workers, terminal_view(), now=time.time()))
