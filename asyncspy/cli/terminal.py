"""Write to the terminal, or to what replaces it: reports to stdout; notes and a progress bar to stderr."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from asyncspy.report.view import View
from asyncspy.untrusted import escape_unprintable
from asyncspy.workflow.feedback import Feedback, Tick

MAX_TEXT = 2_000
"""Characters that are shown of a note or an error: it may quote a name from a file or from another program."""

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Signals that answer a question with no."""


def terminal_view() -> View:
    """The width, colour and characters that stdout can show."""
    return View(
        width=shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() or "COLUMNS" in os.environ else 80,
        color=_wants_color(),
        ascii=not _can_encode("▸│…·–×"),
    )


def echo_text(text: str) -> None:
    """Print a report: the one place that writes to stdout. A reader that leaves early (`| head`) causes no error."""
    end = not text.endswith("\n")
    try:
        click.echo(text, nl=end, color=True)
    except UnicodeEncodeError:  # a document is UTF-8 whatever the terminal is
        click.echo(text.encode(), nl=end)
    except BrokenPipeError:
        mute(sys.stdout)


def mute(stream: TextIO) -> None:
    """Redirect a stream that can take no more to nowhere, so that writing to it raises no further errors."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _wants_color() -> bool:
    """Use colour on a terminal, unless NO_COLOR forbids it or FORCE_COLOR asks for it elsewhere."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def _can_encode(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class StderrFeedback(Feedback):
    """Prints what happens besides the answer to stderr; --quiet leaves it out."""

    def say(self, text: str) -> None:
        """Print it, unless --quiet was given."""
        if not _is_quiet():
            self.warn(text)

    def note(self, text: str) -> None:
        """Print it as a note."""
        self.say(f"note: {text}")

    def warn(self, text: str) -> None:
        """Print it, also with --quiet."""
        click.echo(escape_unprintable(text, limit=MAX_TEXT), err=True)

    def confirm(self, question: str) -> bool:
        """Ask on a terminal; elsewhere the note before the question is enough."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return True
        handlers = {number: signal.signal(number, signal.default_int_handler) for number in ENDING_SIGNALS}
        try:
            return click.confirm(question, err=True)
        except click.Abort:
            raise KeyboardInterrupt from None
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    @contextmanager
    def progress(self, seconds: int) -> Iterator[Tick]:
        """Show a bar on a terminal, nothing elsewhere."""
        # Imported here because commands that record nothing need no rich.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

        console = Console(stderr=True, highlight=False)
        if not console.is_terminal or _is_quiet():
            yield lambda _passed: None
            return
        columns = (BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn(elapsed_when_finished=True))
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("recording", total=seconds)
            yield lambda passed: bar.update(task, completed=min(passed, seconds))


def _is_quiet() -> bool:
    """Whether --quiet was given."""
    context = click.get_current_context(silent=True)
    return bool(context is not None and context.find_root().params.get("quiet"))
