"""From a pid to a saved recording, as every recording command does it: preflight, then py-spy and a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from asyncspy.discover import inspect, workers_of
from asyncspy.model import Worker
from asyncspy.sample import Plan, Recorded, claim, find_py_spy, place, probe, record


def record_live(
    pid: int, *, duration: int, rate: int, output: Path | None, mode: Literal["gil", "wall"] = "gil"
) -> Recorded:
    """Check all that can be checked before sampling starts; then record, and save."""
    py_spy = find_py_spy()
    target = inspect(pid)
    destination = place(output, pid, datetime.now(timezone.utc))
    partial = claim(destination)
    try:
        probe(py_spy, pid)
    except BaseException:
        partial.unlink()
        raise
    plan = Plan(target, duration, rate, destination, partial, mode)
    with _progress(target, duration, rate) as tick:
        return record(plan, py_spy, tick=tick)


@contextmanager
def _progress(target: Worker, duration: int, rate: int) -> Iterator[Callable[[float], None]]:
    """A bar with the time left on a terminal; one line elsewhere."""
    told = f"Recording {_describe(target)} for {duration} s at {rate} Hz; Ctrl-C ends early and reports."
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        click.echo(told, err=True)
        yield lambda _seconds: None
        return
    console.print(told, markup=False)
    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn(elapsed_when_finished=True))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("recording", total=duration)
        yield lambda seconds: progress.update(task, completed=min(seconds, duration))


def _describe(target: Worker) -> str:
    """`gunicorn master 48290 with its 2 workers`."""
    name = f"{target.server} {target.role} {target.pid}" if target.server != "python" else f"process {target.pid}"
    count = len(workers_of(target)) if target.role != "worker" else 0
    return f"{name} with its {count} worker{'s' if count != 1 else ''}" if count else name
