"""Print what happens besides the answer to stderr, with a progress bar on a terminal; --quiet leaves it out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from asyncspy.untrusted import escape_unprintable
from asyncspy.workflow.feedback import Tick

MAX_TEXT = 2_000
"""Characters of one message that are shown: it may quote a name from a file or from another program."""


class StderrFeedback:
    """The `Feedback` of the command line."""

    def say(self, text: str) -> None:
        """Print it, unless --quiet was given."""
        if not is_quiet():
            self.warn(text)

    def note(self, text: str) -> None:
        """Print it as a note."""
        self.say(f"note: {text}")

    def warn(self, text: str) -> None:
        """Print it, also with --quiet."""
        click.echo(escape_unprintable(text, limit=MAX_TEXT), err=True)

    @contextmanager
    def progress(self, seconds: int) -> Iterator[Tick]:
        """Show a bar on a terminal, nothing elsewhere."""
        # Imported here because commands that record nothing need no rich.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

        console = Console(stderr=True, highlight=False)
        if not console.is_terminal or is_quiet():
            yield lambda _passed: None
            return
        columns = (BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn(elapsed_when_finished=True))
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("recording", total=seconds)
            yield lambda passed: bar.update(task, completed=min(passed, seconds))


def is_quiet() -> bool:
    """Whether --quiet was given, before or without a command."""
    context = click.get_current_context(silent=True)
    return bool(context is not None and context.find_root().params.get("quiet"))
