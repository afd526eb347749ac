"""The seconds that have passed to a bar on a terminal; elsewhere to nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from asyncspy.cli.notes import is_quiet

Tick = Callable[[float], None]


@contextmanager
def progress(duration: int) -> Iterator[Tick]:
    """What is to be told the seconds that have passed, out of so many."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal or is_quiet():
        yield lambda _seconds: None
        return
    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn(elapsed_when_finished=True))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("recording", total=duration)
        yield lambda seconds: bar.update(task, completed=min(seconds, duration))


def later(tick: Tick, passed: float) -> Tick:
    """For what begins when so much has passed already."""
    return lambda seconds: tick(passed + seconds)
