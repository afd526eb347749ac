"""Show a watch on stderr: a live table on a terminal, elsewhere one line for each update."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from asyncspy.cli.live.keys import on_key
from asyncspy.cli.terminal import StderrFeedback, terminal_view
from asyncspy.report.present.figures import span
from asyncspy.report.terminal.watch_table import WatchTable, watch_line, watch_table
from asyncspy.workflow.feedback import Tick
from asyncspy.workflow.watch_live import WatchUpdate, WatchView


class LiveTable(StderrFeedback, WatchView):
    """The `WatchView` of the command line."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._table = WatchTable("")
        self._live: Live | None = None
        self._footer = ""

    @contextmanager
    def opened(self, watched: str, stop: Callable[[], None]) -> Iterator[None]:
        """Show it while the context lasts; the key q stops the watch."""
        self._table.watched = watched
        with on_key("q", stop) as keyboard:
            self._footer = f"{'q or ' * keyboard}Ctrl-C ends it with the report."
            if not self._console.is_terminal:
                self.say(f"Watching {watched}. {self._footer}")
                yield
                return
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            try:
                self._live.start()
                self._draw(0.0)
                yield
            finally:
                with suppress(OSError):
                    self._live.stop()

    def update(self, update: WatchUpdate) -> None:
        """Add the findings to the table, or print them as a line."""
        self._table.watched, self._table.root = update.watched, update.root
        self._table.add(update.analysis, update.seconds, update.slices)
        if self._live is None:
            view = replace(terminal_view(), root=update.root)
            self.say(f"{time.strftime('%H:%M:%S')} {watch_line(self._table, view)}")

    @contextmanager
    def progress(self, seconds: int) -> Iterator[Tick]:  # noqa: ARG002
        """Draw the table again and again."""
        yield self._draw

    def _draw(self, seconds: float) -> None:
        if self._live is None:
            return
        view = replace(terminal_view(), width=self._console.width, root=self._table.root)
        footer = Text(f"{span(seconds)} so far. {self._footer}", "dim")
        with suppress(OSError):  # the terminal was closed; what was recorded is saved
            self._live.update(Group(*watch_table(self._table, view), Text(), footer), refresh=True)
