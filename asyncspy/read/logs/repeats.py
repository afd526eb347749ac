"""Takes the windows of a log in order; hands `Tracebacks` those of their lines that may tell something.

What is logged once is logged a thousand times, and its tracebacks differ in nothing but the time before them: a text
that came before is not read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from asyncspy.model.stacks import Event
from asyncspy.read.logs.anchors import NEEDLE
from asyncspy.read.logs.records import BEGIN, Line, lines_of
from asyncspy.read.logs.tracebacks import Tracebacks, time_in

HEAD = f"{BEGIN}:\n".encode()
DRAWN = b" |+"
"""What exception groups are drawn with."""
COMMON = NEEDLE.decode()
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
        start = window.rfind(b"\n", 0, max(at, 0)) + 1
        if at < 0 or window[start:at].strip(DRAWN):
            start = len(window)
        if start:
            self._lines(window[:start])
        if start < len(window):
            self._traceback(window[start:])

    def _traceback(self, text: bytes) -> None:
        self._found.begins()
        undisturbed = not self._found.waits
        if undisturbed and (event := self._known.get(text)):
            self._found.violation(event)
            return
        before = self._found.counts
        lines = self._lines(text)
        alone = self._found.counts == before._replace(events=before.events + 1) and not self._found.waits
        plain = all(not line.source and not line.time and not time_in(line.text) for line in lines)
        if undisturbed and alone and plain and (event := self._found.last):
            self._keep(text, event)

    def _lines(self, text: bytes) -> list[Line]:
        """Take all lines; what was taken of them. While no traceback is open, most tell nothing but the time."""
        taken: list[Line] = []
        passed: list[str] = []
        for raw in text.decode("utf-8", "backslashreplace").split("\n"):
            if not self._found.waits and not _may_begin(raw):
                passed.append(raw)
                continue
            if passed:
                self._take(_last_time(passed), taken)
                passed.clear()
            self._take(lines_of(raw), taken)
        self._take(_last_time(passed), taken)
        return taken

    def _take(self, lines: Iterable[Line], taken: list[Line]) -> None:
        for line in lines:
            self._found.line(line)
            taken.append(line)

    def _keep(self, text: bytes, event: Event) -> None:
        self._bytes += len(text)
        if self._bytes > MOST_BYTES:  # a log made to repeat nothing
            self._known, self._bytes = {}, len(text)
        self._known[text] = event


def _may_begin(raw: str) -> bool:
    """Whether a line may hold an anchor, begin a traceback or stand inside one, or be JSON."""
    return COMMON in raw or "Traceback (" in raw or "File " in raw or "{" in raw


def _last_time(passed: Sequence[str]) -> list[Line]:
    """Of lines that stand for themselves, the last that tells the time."""
    lines = (line for raw in reversed(passed) for line in lines_of(raw))
    return next(([line] for line in lines if time_in(line.text)), [])
