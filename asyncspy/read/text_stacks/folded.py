"""Takes folded stacks, `frame;frame COUNT` a line, as `py-spy record --format raw` writes them; gives a `Profile`.

Nothing is escaped there: a newline in a command line splits a record, a `;` a frame. Both are put together again where
the quotes of the process frame show how.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import BinaryIO, NamedTuple

from asyncspy.errors import InputError
from asyncspy.model.stacks import Frame, InputFile, Origin, Profile, Stack
from asyncspy.read.frame_names import PROCESS, FrameTable, add_samples, is_count, new_stack, rejoin, stack_of, notes_on_names
from asyncspy.read.shared_prefix import INNER, kept

SNIFFED_LINES = 50
OTHER_FORMATS = (b"{", b"[", b"<?", b"<!", b"<svg", b"<html")
FRAME_INSIDE = re.compile(r" \([^;()]+\)(?:;| [0-9]+$)")
MAX_COUNT_DIGITS = 12
MAX_LINE_BYTES = 16 * 1024**2
CUT = "its last line does not end: the file may be cut short, and that line's count with it"
MAX_FRAMES = 20_000
MAX_PLAIN_BYTES = 256 * 1024
MAX_JOINED_LINES = 200
MAX_JOIN_ATTEMPTS = 8
MOST_ENDS = 20_000
NO_FRAME = (b"process ", b"thread (")


class Line(NamedTuple):
    """A line without its count; a count of 0 says that it had none."""

    stack: str
    samples: int


class Record(NamedTuple):
    """The texts of a stack's frames, root first, and how many samples hit it."""

    pieces: Sequence[str]
    samples: int


def sniff(head: bytes) -> bool:
    """Text with a frame as py-spy writes them, or nothing but stacks with counts."""
    if b"\0" in head or head.lstrip().lower().startswith(OTHER_FORMATS):
        return False
    lines = head.decode("utf-8", "backslashreplace").splitlines()[:SNIFFED_LINES]
    return any(map(FRAME_INSIDE.search, lines)) or all(map(_is_bare_stack, lines))


def read(stream: BinaryIO, path: str) -> Profile:
    """Every record; a line that is none, or belongs to none, is counted as dropped."""
    table, stacks = FrameTable(), Counter[Stack]()
    frame_at, ends = _Pieces(table).__getitem__, _Ends(table)
    outer = _Outer(table, frame_at)
    lines, dropped, records = _Lines(stream), 0, 0
    for line in lines:
        pieces = line.rsplit(b";", INNER)
        end = ends[pieces.pop()]
        if end and pieces and len(line) <= MAX_PLAIN_BYTES:
            root = outer[pieces[0]] if len(pieces) == INNER else None
            if root is not None:
                frames = (*root.frames, *map(frame_at, islice(pieces, 1, None)), end.frame)
            elif (root := outer[b";".join(pieces)]) is not None:  # a short one
                frames = (*root.frames, end.frame)
            if root is not None:
                add_samples(stacks, new_stack((frames, root.pid, root.thread)), end.samples)
                records += 1
                continue
        record, used = _record_at(lines.ahead(line), 0)
        lines.skip(used - 1)
        if record is None or len(record.pieces) > MAX_FRAMES:
            dropped += bool(line.strip())
            continue
        stacks[stack_of(tuple(map(table.__getitem__, record.pieces)))] += record.samples
        records += 1
    if not records:
        raise InputError(
            f"none of its {dropped:,} lines can be read as a stack with a count",
            remedy="give the file as py-spy record --format raw wrote it",
        )
    cut = () if lines.ended else (CUT,)
    read_in = InputFile(path, "raw", records, dropped, (*cut, *notes_on_names(table.values())))
    return Profile(stacks, (Origin("py-spy", samples=stacks.total()),), (read_in,))


class _Pieces(dict[bytes, Frame]):
    """The frame of each text as it stands in the file: decoded once, and then found by its bytes."""

    def __init__(self, table: FrameTable) -> None:
        self._table = table

    def __missing__(self, piece: bytes) -> Frame:
        frame = self[piece] = self._table[piece.decode("utf-8", "backslashreplace")]
        return frame


class _Heads(dict[bytes, "Stack | None"]):
    """What lines tell up to their first plain frame: process, thread, and that frame; None where more may belong to it.

    What a `;` belongs to is decided up to there: nothing beyond can tell otherwise.
    """

    def __init__(self, table: FrameTable) -> None:
        self._table = table

    def __missing__(self, text: bytes) -> Stack | None:
        pieces = rejoin(text.decode("utf-8", "backslashreplace").split(";"))
        return kept(self, text, stack_of(tuple(map(self._table.__getitem__, pieces))) if pieces else None)


class _Outer(dict[bytes, "Stack | None"]):
    """The process, the thread and the frames of lines' outer parts; None where that is to be looked at whole."""

    def __init__(self, table: FrameTable, frame_at: Callable[[bytes], Frame]) -> None:
        self._heads, self._frame_at = _Heads(table), frame_at

    def __missing__(self, part: bytes) -> Stack | None:
        pieces = part.split(b";")
        if len(pieces) > MAX_FRAMES - INNER:
            return kept(self, part, None)
        if not part.startswith(NO_FRAME):
            return kept(self, part, new_stack((tuple(map(self._frame_at, pieces)), None, "")))
        first = next((at for at, piece in enumerate(pieces) if _is_plain(piece)), len(pieces))
        head = self._heads[b";".join(pieces[: first + 1])] if first < len(pieces) else None
        inner = map(self._frame_at, pieces[first + 1 :])
        return kept(self, part, head and head._replace(frames=(*head.frames, *inner)))


def _is_plain(piece: bytes) -> bool:
    """Whether it can be no part of a command line or of a thread's name."""
    return piece.endswith(b")") and b" (" in piece and not piece.startswith((b" ", *NO_FRAME))


class End(NamedTuple):
    """What the last piece of a line tells."""

    frame: Frame
    samples: int


class _Ends(dict[bytes, "End | None"]):
    """The last frame of a line and its count; None where it has no such end."""

    def __init__(self, table: FrameTable) -> None:
        self._table = table

    def __missing__(self, piece: bytes) -> End | None:
        text, _, count = piece.rstrip(b"\r\n").rpartition(b" ")
        plain = text and count.isdigit() and len(count) <= MAX_COUNT_DIGITS
        samples = int(count) if plain else 0
        if not samples:
            return None
        if len(self) >= MOST_ENDS:
            self.clear()
        end = self[piece] = End(self._table[text.decode("utf-8", "backslashreplace")], samples)
        return end


class _Lines:
    """The lines of a stream with their ends, and a look at those that follow."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: deque[bytes] = deque()
        self._last = b"\n"

    def __iter__(self) -> Iterator[bytes]:
        for line in iter(partial(self._stream.readline, MAX_LINE_BYTES), b""):
            self._last = line
            yield line
            while self._waiting:
                yield self._waiting.popleft()

    @property
    def ended(self) -> bool:
        """Whether the last line does."""
        return self._last.endswith(b"\n")

    def ahead(self, line: bytes) -> list[str]:
        """A line as text, and those after it that its process may be spread over."""
        texts = [_text(line)]
        if not PROCESS.match(texts[0]) or _record(texts[0]):
            return texts
        for number in range(MAX_JOINED_LINES):
            if number == len(self._waiting):
                following = self._stream.readline(MAX_LINE_BYTES)
                if not following:
                    break
                self._last = following
                self._waiting.append(following)
            texts.append(_text(self._waiting[number]))
            if PROCESS.match(texts[-1]):
                break
        return texts

    def skip(self, count: int) -> None:
        """Leave out lines that were looked at and used."""
        for _ in range(count):
            self._waiting.popleft()


def _text(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")


def _is_bare_stack(line: str) -> bool:
    stack, counted = _split(line)
    return counted > 0 and (";" in stack or not stack)


def _split(line: str) -> Line:
    stack, space, count = line.rpartition(" ")
    good = space and len(count) <= MAX_COUNT_DIGITS and is_count(count)
    return Line(stack, int(count)) if good else Line(line, 0)


def _record(text: str) -> Record | None:
    """One record, if the text is a whole one."""
    stack, count = _split(text)
    if not count:
        return None
    pieces = rejoin(stack.split(";")) if stack else ()
    return None if pieces is None else Record(pieces, count)


def _record_at(lines: Sequence[str], at: int) -> tuple[Record | None, int]:
    """The record that begins on a line, and over how many lines the newlines in its command line spread it."""
    record = _record(lines[at])
    if record or not PROCESS.match(lines[at]):
        return record, 1
    attempts = 0
    for end in range(at + 1, min(len(lines), at + MAX_JOINED_LINES)):
        if attempts == MAX_JOIN_ATTEMPTS or PROCESS.match(lines[end]):
            break
        if '"' in lines[end] and _split(lines[end]).samples:
            attempts += 1
            if record := _record("\n".join(lines[at : end + 1])):
                return record, end + 1 - at
    return None, 1
