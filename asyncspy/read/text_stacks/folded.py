"""Parse folded stacks, `frame;frame COUNT` a line, as `py-spy record --format raw` writes them, into a `Profile`.

Nothing is escaped there: a newline in a command line splits a record, a `;` a frame. Both are put together again where
the quotes of the process frame show how.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import cache
from typing import BinaryIO, NamedTuple

from asyncspy.errors import InputError
from asyncspy.model.stacks import InputFile, Origin, Profile, Stack
from asyncspy.read.frame_names import PROCESS, add_samples, is_digits, notes_on_stacks, parse_frame, rejoin, stack_of

MAX_COUNT_DIGITS = 12
MAX_LINE_BYTES = 16 * 1024**2
CUT = "its last line does not end: the file may be cut short, and that line's count with it"
MAX_FRAMES = 20_000
MAX_JOINED_LINES = 200
MAX_JOIN_ATTEMPTS = 8


class Record(NamedTuple):
    """The texts of a stack's frames, root first, and how many samples hit it."""

    frames: Sequence[str]
    samples: int


def read(stream: BinaryIO, path: str) -> Profile:
    """Read every record; lines that belong to none are counted as dropped."""
    frame_at, stacks = cache(parse_frame), Counter[Stack]()
    lines, dropped, records = _Lines(stream), 0, 0
    for line in lines:
        record = _parse_record(line) or _join_record(line, lines)
        if record is None or len(record.frames) > MAX_FRAMES:
            dropped += bool(line.strip())
            continue
        add_samples(stacks, stack_of(tuple(map(frame_at, record.frames))), record.samples)
        records += 1
    if not records:
        raise InputError(
            f"none of its {dropped:,} lines can be read as a stack with a count",
            remedy="give the file as py-spy record --format raw wrote it",
        )
    notes = (*([] if lines.complete else [CUT]), *notes_on_stacks(stacks))
    read_in = InputFile(path, "raw", records, dropped, notes)
    return Profile(stacks, (Origin("py-spy", samples=stacks.total()),), (read_in,))


class _Lines:
    """The lines of a stream as text without their ends, and a look at those that follow."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ahead: deque[str] = deque()
        self.complete = True
        """Whether the last line that was read ends."""

    def __iter__(self) -> Iterator[str]:
        while self.peek(0) is not None:
            yield self._ahead.popleft()

    def peek(self, number: int) -> str | None:
        """The line that comes after this number of others; None at the end."""
        while len(self._ahead) <= number:
            line = self._stream.readline(MAX_LINE_BYTES)
            if not line:
                return None
            self.complete = line.endswith(b"\n")
            self._ahead.append(line.rstrip(b"\r\n").decode("utf-8", "backslashreplace"))
        return self._ahead[number]

    def skip(self, count: int) -> None:
        """Leave out lines that were looked at and used."""
        for _ in range(count):
            self._ahead.popleft()


def split_count(line: str) -> tuple[str, int]:
    """A stack and its count; a count of 0 says that the line has none."""
    stack, space, count = line.rpartition(" ")
    good = space and len(count) <= MAX_COUNT_DIGITS and is_digits(count)
    return (stack, int(count)) if good else (line, 0)


def _parse_record(text: str) -> Record | None:
    """One record, if the text is a whole one."""
    stack, count = split_count(text)
    if not count:
        return None
    frames = rejoin(stack.split(";")) if stack else ()
    return None if frames is None else Record(frames, count)


def _join_record(first: str, lines: _Lines) -> Record | None:
    """The record that begins on this line and goes on in the next ones, which newlines in its command line split."""
    if not PROCESS.match(first):
        return None
    parts, attempts = [first], 0
    for number in range(MAX_JOINED_LINES - 1):
        line = lines.peek(number)
        if line is None or attempts == MAX_JOIN_ATTEMPTS or PROCESS.match(line):
            return None
        parts.append(line)
        if '"' in line and split_count(line)[1]:
            attempts += 1
            if record := _parse_record("\n".join(parts)):
                lines.skip(number + 1)
                return record
    return None
