"""Takes the windows of a log in order; hands their lines to `Tracebacks`, but for tracebacks whose text came before.

What is logged once is logged a thousand times, and its tracebacks differ in nothing but the time before them.
"""

from __future__ import annotations

from asyncspy.model import Event
from asyncspy.read.logs.records import BEGIN, Line, lines_in
from asyncspy.read.logs.tracebacks import TIME, Tracebacks

HEAD = f"{BEGIN}:\n".encode()
MOST_BYTES = 4 * 1024**2


class Repeats:
    """The violation that each text tells of, where it tells of nothing else, whatever was before it."""

    def __init__(self, found: Tracebacks) -> None:
        self._found = found
        self._known: dict[bytes, Event] = {}
        self._bytes = 0

    def take(self, window: bytes) -> None:
        """All lines of a window."""
        at = window.rfind(HEAD)
        if at < 0 or window[at - 1 : at] not in (b"", b"\n"):
            at = len(window)
        if at:
            self._lines(window[:at])
        if at < len(window):
            self._traceback(window[at:])

    def _traceback(self, text: bytes) -> None:
        self._found.begins()
        undisturbed = not self._found.waits
        if undisturbed and (event := self._known.get(text)):
            self._found.violation(event)
            return
        before = self._found.counts
        lines = self._lines(text)
        alone = self._found.counts == before._replace(events=before.events + 1) and not self._found.waits
        plain = all(not line.source and not line.time and not TIME.search(line.text) for line in lines)
        if undisturbed and alone and plain and (event := self._found.last):
            self._keep(text, event)

    def _lines(self, text: bytes) -> list[Line]:
        lines = list(lines_in(text.decode("utf-8", "backslashreplace")))
        for line in lines:
            self._found.line(line)
        return lines

    def _keep(self, text: bytes, event: Event) -> None:
        self._bytes += len(text)
        if self._bytes > MOST_BYTES:  # a log made to repeat nothing
            self._known, self._bytes = {}, len(text)
        self._known[text] = event
