"""Takes the lines of a log in order; gives the violations and the adapted middleware that they tell of, counted.

Several writers may share the log. What stands before a traceback's words on their line, less the time, is the prefix
of one writer; lines are put together by it. A traceback counts by the name of the exception that it ends in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from asyncspy.model.merging import merge_occurrences
from asyncspy.model.stacks import Event, Frame, Occurrences
from asyncspy.read.logs.records import BEGIN, BREAK, Line
from asyncspy.read.sniff import LOG_TIME

NAME = "SynchronousOnlyOperation"
GUARD_FILE = "django/utils/asyncio.py"
GROUP = "Exception Group "
CLOCK = re.compile(r":[0-9]{2}:[0-9]{2}")
"""In every time; it begins with a letter that is not in most lines, and is found ten times as fast."""
BEFORE_TEXT = 160
FRAME = re.compile(r'File "([^"]{1,4096})", line ([0-9]{1,9}), in (.{1,1000})\Z')
RAISED = re.compile(r"(?:(?<=[\s|:>])|^)(?:[A-Za-z_]\w*\.){0,20}SynchronousOnlyOperation(?=:|\s*\Z)")
CLOSES = re.compile(r"[A-Za-z_][\w.]*(?:: .*)?\Z", re.DOTALL)
LEVELS = ("DEBUG:", "INFO:", "WARNING:", "ERROR:", "CRITICAL:")
ADAPTED = re.compile(
    r"Asynchronous (?:handler adapted for middleware ([\w.]{1,300}?)\.|middleware ([\w.]{1,300}) adapted\.)(?:\s|\"|\Z)"
)
MARGIN = re.compile(r"\s*[|+] ?")
MAX_FRAMES = 2_000
MAX_OPEN = 64
MAX_FOREIGN = 400
MAX_EVENTS = 20_000

Key = tuple[str, str]


@dataclass(slots=True)
class Open:
    """A traceback that has begun: its frames so far, and how far its lines are indented."""

    time: str | None
    whole: bool
    indent: int = 0
    frames: list[Frame] = field(default_factory=list)
    raised: bool = False
    foreign: int = 0


class Counts(NamedTuple):
    """How often lines have told of an event, of an exception without a traceback, and of a traceback without an end."""

    events: int
    mentions: int
    cut: int


class Tracebacks:
    """What the lines have told so far."""

    def __init__(self) -> None:
        self.events: dict[Event, Occurrences] = {}
        self.last: Event | None = None
        self.mentions = 0
        self.cut = 0
        self._counted = 0
        self._open: dict[Key, Open] = {}
        self._time: dict[str, str] = {}

    def line(self, line: Line) -> None:
        """Take the next line."""
        if line.text == BREAK:
            self._end([key for key in self._open if key[0] == line.source])
            return
        text = line.text
        if line.time:
            self._time[line.source] = line.time
        elif told := time_in(text):
            self._time[line.source] = told[0]
        if BEGIN in text:
            self._begin(line, text.index(BEGIN))
        elif 'File "' in text and (frame := FRAME.search(text)):
            self._frame(line, frame)
        elif NAME in text:
            self._name(line)
        elif adapted := ADAPTED.search(text):
            self._count(Event("sync-middleware", subject=adapted[1] or adapted[2]), self._time.get(line.source))
        elif self._open:
            self._other(line)

    @property
    def counts(self) -> Counts:
        """What was told so far, in numbers."""
        return Counts(self._counted, self.mentions, self.cut)

    @property
    def waits(self) -> bool:
        """Whether a traceback is open, to which lines to come may belong."""
        return bool(self._open)

    def begins(self) -> None:
        """The next line begins a traceback that nothing stands before: what was open of that kind has no end."""
        self._end([("", "")])

    def violation(self, event: Event) -> None:
        """Take a traceback without a prefix as if by its lines."""
        self._count(event, self._time.get(""))

    def interrupted(self) -> None:
        """What follows is not what came next: tracebacks that are open have lost their end."""
        self._end(list(self._open))

    def _begin(self, line: Line, at: int) -> None:
        before = line.text[:at].removesuffix(GROUP)
        prefix, indent = _prefix(before)
        key = (line.source, prefix)
        self._end([key])
        if len(self._open) >= MAX_OPEN:
            self._end([next(iter(self._open))])
        self._open[key] = Open(self._time.get(line.source), whole=True, indent=indent)

    def _frame(self, line: Line, found: re.Match[str]) -> None:
        prefix, _ = _prefix(line.text[: found.start()])
        key = (line.source, prefix)
        traceback = self._open.get(key)
        if traceback is None:  # its beginning was cut off
            traceback = self._open[key] = Open(self._time.get(line.source), whole=False)
        if len(traceback.frames) < MAX_FRAMES:
            traceback.frames.append(Frame(found[3].strip(), found[1], int(found[2])))
        traceback.raised = False

    def _name(self, line: Line) -> None:
        """A line with the exception's name: the end of a traceback, the line that raises, or a mere mention."""
        raised = RAISED.search(line.text)
        if raised:
            traceback = self._open.pop((line.source, _prefix(line.text[: raised.start()])[0]), None)
            if traceback and traceback.frames:
                self._violation(traceback)
            else:
                self.mentions += 1
            return
        if concerned := self._concerned(line):
            traceback = concerned[1]
            traceback.raised = traceback.raised or f"raise {NAME}" in line.text
        elif f"={NAME}(" not in line.text:  # how asyncio shows a task whose traceback follows
            self.mentions += 1

    def _other(self, line: Line) -> None:
        """Source and carets go by; the name of another exception ends a traceback that is none of ours."""
        concerned = self._concerned(line)
        if concerned is None:
            return
        key, traceback, body = concerned
        text = body.lstrip()
        if len(body) - len(text) > traceback.indent or not text:
            return
        if traceback.frames and CLOSES.match(text.rstrip()) and not text.startswith(LEVELS):
            del self._open[key]
            return
        traceback.foreign += 1
        if traceback.foreign > MAX_FOREIGN:
            self._end([key])

    def _concerned(self, line: Line) -> tuple[Key, Open, str] | None:
        """The open traceback that a line belongs to: the one with the longest prefix that the line has."""
        text = line.text
        if time_in(text):
            text = LOG_TIME.sub("", text[:BEFORE_TEXT]).lstrip() + text[BEFORE_TEXT:]
        inner = text.lstrip()
        for key in self._open if len(self._open) == 1 else sorted(self._open, key=lambda key: -len(key[1])):
            if key[0] == line.source and inner.startswith(key[1]):
                body = inner[len(key[1]) :] if key[1] else text
                margin = MARGIN.match(body)
                return key, self._open[key], body[margin.end() :] if margin else body
        return None

    def _violation(self, traceback: Open) -> None:
        self._count(Event("async-unsafe", tuple(traceback.frames), whole=traceback.whole), traceback.time)

    def _count(self, event: Event, time: str | None) -> None:
        if event in self.events or len(self.events) < MAX_EVENTS:
            self.events[event] = merge_occurrences(self.events.get(event), Occurrences(1, time, time))
            self.last = event
            self._counted += 1
        else:
            self.cut += 1

    def _end(self, keys: list[Key]) -> None:
        """Tracebacks without an end: one that stands at the line which raises has told enough."""
        for key in keys:
            traceback = self._open.pop(key, None)
            if traceback is None or not traceback.frames:
                continue
            if traceback.raised and traceback.frames[-1].file.endswith(GUARD_FILE):
                self._violation(traceback)
            elif traceback.raised:
                self.cut += 1


def time_in(text: str) -> re.Match[str] | None:
    """The time that a line tells before its text."""
    return LOG_TIME.search(text, 0, BEFORE_TEXT) if CLOCK.search(text, 0, BEFORE_TEXT) else None


def _prefix(before: str) -> tuple[str, int]:
    """What names the writer, and how far its text is indented, from what stands before the text on a line."""
    if not before.strip(" "):
        return "", len(before)
    rest = LOG_TIME.sub("", before).lstrip() if CLOCK.search(before) else before
    prefix = rest.rstrip(" |+\t")
    tail = rest[len(prefix) :]
    margin = MARGIN.match(tail)
    return prefix.strip(), len(tail) - (margin.end() if margin else 0)
