"""Takes the text of frames as py-spy spells them; gives `Frame`s, and `Stack`s with the process and thread taken off.

py-spy escapes nothing: `;` separates frames and may also stand in a command line or a thread's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from asyncspy.model.stacks import Frame, Stack

PROCESS = re.compile(r'process ([0-9]{1,10}):"')
THREAD = re.compile(r"thread \((?:0[xX][0-9a-fA-F]+|[0-9]+)\)(?:: (.*))?\Z", re.DOTALL)
ABSOLUTE = re.compile(r"/|[A-Za-z]:[\\/]|\\\\")
PYTHON_NAME = re.compile(r"[^ (]+ \(")
MAX_LINE_DIGITS = 9

SHORT_NAMES = (
    "file names are short: own code cannot be told from third-party packages by name alone "
    "(py-spy record --full-filenames keeps them whole)"
)
NO_LINES = "recorded without line numbers: a function can be named, its line cannot"


new_stack = partial(tuple.__new__, Stack)
"""A stack of its three parts in a tuple; to call Stack itself takes twice as long."""


class FrameTable(dict[str, Frame]):
    """The frame of each text, made once and shared by all stacks that hold it."""

    def __missing__(self, text: str) -> Frame:
        frame = self[text] = frame_of(text)
        return frame


_known: dict[Frame, Frame] = {}
MOST_KNOWN, LONGEST_KNOWN = 50_000, 500
"""Recordings of one app are of the same frames, and stacks of the very same objects are compared at a glance."""


def the_same(frame: Frame) -> Frame:
    """One object for all equal frames of all files; of frames with names beyond all reason none is kept."""
    if len(frame.function) + len(frame.file) > LONGEST_KNOWN:
        return frame
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    return _known.setdefault(frame, frame)


def frame_of(text: str) -> Frame:
    """`name (file:line)`, `name (file)` or `name`; a process or thread is all name."""
    if not text.endswith(")") or THREAD.match(text):
        return Frame(text, "")
    python = PYTHON_NAME.match(text)  # no Python name holds a space; native ones do, and their files do not
    opening = python.end() - 2 if python else text.rfind(" (")
    name, place = text[: max(opening, 0)], text[opening + 2 : -1]
    if not name or not place:
        return Frame(text, "")
    file, _, line = place.rpartition(":")
    if file and is_count(line) and len(line) <= MAX_LINE_DIGITS:
        return Frame(name, file, int(line))
    return Frame(name, place)


def is_count(text: str) -> bool:
    """Digits as py-spy writes them; `int` would also take `1_000`, ` 1 ` and the digits of other scripts."""
    return text.isascii() and text.isdigit()


def printable(text: str) -> str:
    """The text with what cannot be encoded, halves of surrogate pairs, written out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def stack_of(frames: tuple[Frame, ...], pid: int | None = None, thread: str = "") -> Stack:
    """The stack without the frames that stand for processes and a thread at its root; the innermost process counts."""
    start = 0
    for frame in frames:
        if frame.file or frame.line or (told := _told(frame.function)) is None:
            break
        pid = pid if told.pid is None else told.pid
        thread = told.thread or thread
        start += 1
    return new_stack((frames[start:] if start else frames, pid, thread))


class Told(NamedTuple):
    """What a frame at the root tells: the process, or the thread."""

    pid: int | None = None
    thread: str = ""


def _told(function: str) -> Told | None:
    """What a name tells, remembered unless it is long beyond all reason."""
    return (_told_by if len(function) > LONGEST_KNOWN else _told_before)(function)


def _told_by(function: str) -> Told | None:
    if process := PROCESS.match(function):
        return Told(pid=int(process[1]))
    if named := THREAD.match(function):
        return Told(thread=named[1] or "")
    return None


_told_before = lru_cache(maxsize=10_000)(_told_by)


def add_samples(stacks: dict[Stack, int], stack: Stack, samples: int) -> None:
    """Count a stack. It is hashed once where it is new: a stack's hash is most of what reading it costs."""
    known = len(stacks)
    before = stacks.setdefault(stack, samples)
    if len(stacks) == known:
        stacks[stack] = before + samples


def rejoin(pieces: Sequence[str]) -> Sequence[str] | None:
    """Put process and thread frames that a `;` of their own split together again; None if a quote never closes."""
    whole: list[str] = []
    at = 0
    while at < len(pieces):
        if PROCESS.match(pieces[at]):
            end = _end_of_process(pieces, at)
        elif THREAD.match(pieces[at]):
            end = _end_of_thread(pieces, at)
        else:
            break
        if end is None:
            return None
        whole.append(";".join(pieces[at:end]))
        at = end
    return [*whole, *pieces[at:]] if whole else pieces


def _end_of_process(pieces: Sequence[str], start: int) -> int | None:
    """Past the last piece that ends in a quote before what is plainly the next frame; failing that, past the first."""
    limit = next((at for at in range(start + 1, len(pieces)) if _begins_frame(pieces[at])), len(pieces))
    ends = [at + 1 for at in range(start, limit) if _closes(pieces[at], opens=at == start)]
    if ends:
        return ends[-1]
    return next((at + 1 for at in range(limit, len(pieces)) if _closes(pieces[at])), None)


def _closes(piece: str, *, opens: bool = False) -> bool:
    """Whether a command line may end with this piece; the quote that opens it does not close it."""
    return piece.endswith('"') and (not opens or piece.count('"') > 1)


def _end_of_thread(pieces: Sequence[str], start: int) -> int:
    """Up to what is plainly a frame; a thread's name goes on no further than that."""
    following = range(start + 1, len(pieces))
    return next((at for at in following if _begins_frame(pieces[at])), start + 1)


def _begins_frame(piece: str) -> bool:
    """Whether a piece cannot be the rest of a command line or of a thread's name."""
    if PROCESS.match(piece) or THREAD.match(piece):
        return True
    return piece.endswith(")") and " (" in piece and not piece.startswith(" ")


def notes_on_names(frames: Iterable[Frame]) -> tuple[str, ...]:
    """Notes on what the spelling of these frames does not tell."""
    files = [frame for frame in frames if frame.file]
    short = any(not ABSOLUTE.match(frame.file) and not _is_no_file(frame) for frame in files)
    numbered = any(frame.line for frame in files)
    return (*([SHORT_NAMES] if short else []), *([] if numbered or not files else [NO_LINES]))


def _is_no_file(frame: Frame) -> bool:
    """`<frozen runpy>`, and the `__init__ (__init__)` that Python 3.13 and newer put before a constructor."""
    return frame.file.startswith("<") or frame.file == frame.function
