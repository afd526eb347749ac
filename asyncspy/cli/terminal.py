"""The terminal, or whatever stands in for it, to how it wants its text; and that text on it.

Apart from `show`, because listing workers waits for nothing that reads recordings.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TextIO

import click

from asyncspy.report.view import View


def terminal_view() -> View:
    """How this terminal wants its text."""
    return View(
        width=shutil.get_terminal_size((80, 24)).columns if _wants_width() else 80,
        color=_wants_color(),
        ascii=not _prints("▸│…·–×"),
    )


def echo_text(text: str) -> None:
    """Print a report: the one place that writes to stdout. One who stops reading (`| head`) stops nothing else."""
    end = not text.endswith("\n")
    try:
        click.echo(text, nl=end, color=True)
    except UnicodeEncodeError:  # a document is UTF-8 whatever the terminal is
        click.echo(text.encode(), nl=end)
    except BrokenPipeError:
        mute(sys.stdout)


def mute(stream: TextIO) -> None:
    """Nobody is left to read it, or it takes no more: what is still written to it is lost without another error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _wants_width() -> bool:
    return sys.stdout.isatty() or "COLUMNS" in os.environ


def _wants_color() -> bool:
    """Colour on a terminal, unless NO_COLOR asks for none or FORCE_COLOR for some."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def _prints(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
