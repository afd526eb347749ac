"""Count the violations and the adapted middleware in the lines of a log.

Several writers may share the log. The text before a traceback on its line, less the time, is the prefix of one writer;
lines are put together by it. A traceback counts by the name of the exception that it ends in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from asyncspy.model.merging import merge_occurrences
from asyncspy.model.stacks import Event, Frame, Occurrences
from asyncspy.read.logs.exceptions import BEGIN, MESSAGE
from asyncspy.read.logs.records import BREAK, GRAPHQL, Line
from asyncspy.read.sniff import LOG_TIME

NAME = "SynchronousOnlyOperation"
GUARD_FILE = "django/utils/asyncio.py"
GROUP = "Exception Group "
CLOCK = re.compile(r":[0-9]{2}:[0-9]{2}")
"""In every time: where it is not found, which takes a tenth as long, no time need be searched for."""
CHAINED = "he above exception"
"""In the sentences between the tracebacks of one record."""
NO_HEADING = re.compile(r"\b(?:DEBUG|INFO)\b|\"?[A-Z]{3,7} /\S* HTTP/|\bHTTP/[0-9.]+\" [0-9]{3}\b")
"""In lines that a traceback hardly belongs to: those of a request, and those that report no fault."""
MAX_PREFIX = 160
FRAME = re.compile(r'File "([^"]{1,4096})", line ([0-9]{1,9}), in (.{1,1000})\Z')
RAISED = re.compile(r"(?:(?<=[\s|:>])|^)(?:[A-Za-z_]\w*\.){0,20}SynchronousOnlyOperation(?=:|\s*\Z)")
CLOSES = re.compile(r"[A-Za-z_][\w.]*(?:: .*)?\Z", re.DOTALL)
CONCLUSION = re.compile(rf"Exception Type: {NAME}(?: at /|\s*\Z)")
"""How Django's page, as text, ends a traceback."""
LEVELS = ("DEBUG:", "INFO:", "WARNING:", "ERROR:", "CRITICAL:")
ADAPTED = re.compile(
    r"Asynchronous (?:handler adapted for middleware ([\w.]{1,300}?)\.|middleware ([\w.]{1,300}) adapted\.)(?:\s|\"|\Z)"
)
MARGIN = re.compile(r"\s*[|+] ?")
MAX_FRAMES = 2_000
MAX_OPEN = 64
MAX_QUOTE_LINES = 50
SAME_FRAMES = 6
"""If two tracebacks of one trace end in the same so many frames, they are of one exception."""
MAX_OTHER_LINES = 400
MAX_EVENTS = 20_000

LogWriter = tuple[str, str]
"""The source of a line, and the prefix that its writer gives each line."""


@dataclass(slots=True)
class OpenTraceback:
    """A traceback that has begun: its frames so far, and how far its lines are indented."""

    time: str | None
    whole: bool
    indent: int = 0
    frames: list[Frame] = field(default_factory=list)
    raised: bool = False
    other_lines: int = 0


class Tracebacks:
    """The events so far, and the tracebacks that are still open."""

    def __init__(self) -> None:
        self.events: dict[Event, Occurrences] = {}
        self.mentions = 0
        """Lines that name the exception without a traceback."""
        self.fields: set[str] = set()
        """The GraphQL fields of which such lines tell."""
        self.cut = 0
        """Tracebacks that end before they name their exception."""
        self._closed: dict[str, tuple[OpenTraceback, int]] = {}
        """The last traceback of each source that ended in another exception, and the number of the line where."""
        self._lines = 0
        self._traces: set[tuple[str, tuple[Frame, ...]]] = set()
        self._open: dict[LogWriter, OpenTraceback] = {}
        self._heading: dict[str, str | None] = {}
        """The time of the last line of each source, if a traceback on the next line may belong to its record."""
        self._last_began: dict[str, str | None] = {}
        """The time of the last traceback of each source, which one that follows from it has as well."""

    def add(self, line: Line) -> None:
        """Take the next line."""
        self._lines += 1
        if line.text == BREAK:
            self._end([writer for writer in self._open if writer[0] == line.source])
            return
        if line.source == GRAPHQL:
            self.mentions += 1
            self.fields |= {line.text} if len(self.fields) < MAX_OPEN else set()
            return
        text = line.text
        time = line.time or (found[0] if (found := find_time(text)) else None)
        heading = self._heading.get(line.source)
        if text.strip():
            self._heading[line.source] = _heading_time(text, time)
        if BEGIN in text:
            self._begin(line, text.index(BEGIN), time or heading)
        elif CHAINED in text:
            self._heading[line.source] = self._last_began.get(line.source)
            self._chained(line)
        elif 'File "' in text and (frame := FRAME.search(text)):
            self._frame(line, frame, time)
        elif NAME in text:
            self._name(line)
        elif adapted := ADAPTED.search(text):
            self._count(Event("sync-middleware", subject=adapted[1] or adapted[2]), time)
        elif self._open:
            self._other(line)

    def _quoting(self, line: Line, raised: re.Match[str]) -> OpenTraceback | None:
        """The traceback whose exception, of a validation, says in the lines of its message what it was raised for."""
        traceback, at = self._closed.get(line.source, (None, 0))
        quoted = line.text[: raised.start()].startswith("  ") and self._lines - at <= MAX_QUOTE_LINES
        return self._closed.pop(line.source)[0] if traceback and quoted else None

    def _raised(self, traceback: OpenTraceback, trace: str) -> None:
        """Count a violation, but once what several spans of one trace report."""
        if trace:
            seen = (trace, tuple(traceback.frames[-SAME_FRAMES:]))
            if seen in self._traces:
                return
            if len(self._traces) >= MAX_EVENTS:
                self._traces.clear()
            self._traces.add(seen)
        self._violation(traceback)

    def _chained(self, line: Line) -> None:
        """Django's page names only the last exception of a chain, and quotes what the others say."""
        if f"exception ({MESSAGE}" in line.text and (traceback := self._open.pop((line.source, ""), None)):
            self._violation(traceback)

    def end_all(self) -> None:
        """End all open tracebacks: the next line is not the one that came next in the log."""
        self._end(list(self._open))

    def _begin(self, line: Line, at: int, time: str | None) -> None:
        before = line.text[:at].removesuffix(GROUP)
        prefix, indent = _prefix(before)
        writer = (line.source, prefix)
        self._end([writer])
        if len(self._open) >= MAX_OPEN:
            self._end([next(iter(self._open))])
        self._open[writer] = OpenTraceback(time, whole=True, indent=indent)
        self._last_began[line.source] = time

    def _frame(self, line: Line, found: re.Match[str], time: str | None) -> None:
        prefix, _ = _prefix(line.text[: found.start()])
        writer = (line.source, prefix)
        traceback = self._open.get(writer)
        if traceback is None:  # its beginning was cut off
            traceback = self._open[writer] = OpenTraceback(time, whole=False)
        if len(traceback.frames) < MAX_FRAMES:
            traceback.frames.append(Frame(found[3].strip(), found[1], int(found[2])))
        traceback.raised = False

    def _name(self, line: Line) -> None:
        """A line with the exception's name: the end of a traceback, the line that raises, or a mere mention."""
        raised = RAISED.search(line.text) or CONCLUSION.match(line.text)
        if raised:
            traceback = self._open.pop((line.source, _prefix(line.text[: raised.start()])[0]), None)
            traceback = traceback or self._quoting(line, raised)
            if traceback and traceback.frames:
                self._raised(traceback, line.trace)
            else:
                self.mentions += 1
            return
        if found := self._traceback_of(line):
            traceback = found[1]
            traceback.raised = traceback.raised or f"raise {NAME}" in line.text
        elif f"={NAME}(" not in line.text and not line.text.startswith(f"{NAME} at /"):
            # asyncio shows a task so, and Django the heading of its page: their tracebacks follow
            self.mentions += 1

    def _other(self, line: Line) -> None:
        """Skip source and carets; the name of another exception ends its traceback."""
        found = self._traceback_of(line)
        if found is None:
            return
        writer, traceback, body = found
        text = body.lstrip()
        if len(body) - len(text) > traceback.indent or not text:
            return
        if traceback.frames and CLOSES.match(text.rstrip()) and not text.startswith(LEVELS):
            self._closed[line.source] = (self._open.pop(writer), self._lines)
            return
        traceback.other_lines += 1
        if traceback.other_lines > MAX_OTHER_LINES:
            self._end([writer])

    def _traceback_of(self, line: Line) -> tuple[LogWriter, OpenTraceback, str] | None:
        """The open traceback with the longest prefix that the line has, and the line without it."""
        text = line.text
        if find_time(text):
            text = LOG_TIME.sub("", text[:MAX_PREFIX]).lstrip() + text[MAX_PREFIX:]
        inner = text.lstrip()
        for writer in sorted(self._open, key=lambda writer: -len(writer[1])):
            source, prefix = writer
            if source == line.source and inner.startswith(prefix):
                body = inner[len(prefix) :] if prefix else text
                margin = MARGIN.match(body)
                return writer, self._open[writer], body[margin.end() :] if margin else body
        return None

    def _violation(self, traceback: OpenTraceback) -> None:
        self._count(Event("async-unsafe", tuple(traceback.frames), whole=traceback.whole), traceback.time)

    def _count(self, event: Event, time: str | None) -> None:
        if event in self.events or len(self.events) < MAX_EVENTS:
            self.events[event] = merge_occurrences(self.events.get(event), Occurrences(1, time, time))
        else:
            self.cut += 1

    def _end(self, writers: list[LogWriter]) -> None:
        """End tracebacks that do not name their exception: one whose last line raises it is counted all the same."""
        for writer in writers:
            traceback = self._open.pop(writer, None)
            if traceback is None or not traceback.frames:
                continue
            if traceback.raised and traceback.frames[-1].file.endswith(GUARD_FILE):
                self._violation(traceback)
            elif traceback.raised:
                self.cut += 1


def _heading_time(text: str, time: str | None) -> str | None:
    return None if time is None or NO_HEADING.search(text) else time


def find_time(text: str) -> re.Match[str] | None:
    """The time before the text of a line."""
    return LOG_TIME.search(text, 0, MAX_PREFIX) if CLOCK.search(text, 0, MAX_PREFIX) else None


def _prefix(before: str) -> tuple[str, int]:
    """The writer's prefix, and how far its text is indented, from what is before the text on a line."""
    if not before.strip(" "):
        return "", len(before)
    rest = LOG_TIME.sub("", before).lstrip() if CLOCK.search(before) else before
    prefix = rest.rstrip(" |+\t")
    tail = rest[len(prefix) :]
    margin = MARGIN.match(tail)
    return prefix.strip(), len(tail) - (margin.end() if margin else 0)
