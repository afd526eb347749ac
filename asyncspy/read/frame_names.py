"""Parse frames as py-spy writes them, and build `Stack`s without the frames that stand for processes and threads.

py-spy escapes nothing: `;` separates frames, and may also be in a command line or in the name of a thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from asyncspy.model.stacks import Frame, Stack

PROCESS = re.compile(r'process ([0-9]{1,10}):"')
THREAD = re.compile(r"thread \((?:0[xX][0-9a-fA-F]+|[0-9]+)\)(?:: (.*))?\Z", re.DOTALL)
ROOT = re.compile(f"{PROCESS.pattern}|{THREAD.pattern}", re.DOTALL)
ABSOLUTE = re.compile(r"/|[A-Za-z]:[\\/]|\\\\")
PYTHON_NAME = re.compile(r"[^ (]+ \(")
MAX_LINE_DIGITS = 9

SHORT_NAMES = (
    "file names are short: own code cannot be told from third-party packages by name alone "
    "(py-spy record --full-filenames keeps them whole)"
)
NO_LINES = "recorded without line numbers: a function can be named, its line cannot"


def parse_frame(text: str) -> Frame:
    """Parse `name (file:line)`, `name (file)` or `name`; a process or thread is all name."""
    if not text.endswith(")") or THREAD.match(text):
        return Frame(text, "")
    python = PYTHON_NAME.match(text)  # Python names hold no spaces; native names do, but their files do not
    opening = python.end() - 2 if python else text.rfind(" (")
    name, place = text[: max(opening, 0)], text[opening + 2 : -1]
    if not name or not place:
        return Frame(text, "")
    file, _, line = place.rpartition(":")
    if file and is_digits(line) and len(line) <= MAX_LINE_DIGITS:
        return Frame(name, file, int(line))
    return Frame(name, place)


def is_digits(text: str) -> bool:
    """Whether it is digits as py-spy writes them; `int` also takes `1_000`, ` 1 ` and the digits of other scripts."""
    return text.isascii() and text.isdigit()


def printable(text: str) -> str:
    """The text with what cannot be encoded, halves of surrogate pairs, written as escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def stack_of(frames: tuple[Frame, ...], pid: int | None = None, thread: str = "") -> Stack:
    """The stack without the process and thread frames at its root; of several processes the innermost counts."""
    start = 0
    for frame in frames:
        if frame.file or frame.line:
            break
        root = ROOT.match(frame.function)
        if root is None:
            break
        pid = int(root[1]) if root[1] else pid
        thread = root[2] or thread
        start += 1
    return Stack(frames[start:], pid, thread)


def add_samples(stacks: dict[Stack, int], stack: Stack, samples: int) -> None:
    """Count a stack, hashing a new one only once: hashing it is most of what reading a stack costs."""
    known = len(stacks)
    before = stacks.setdefault(stack, samples)
    if len(stacks) == known:
        stacks[stack] = before + samples


def rejoin(pieces: Sequence[str]) -> Sequence[str] | None:
    """Put process and thread frames that were split at a `;` of their own together; None if a quote never closes."""
    whole: list[str] = []
    at = 0
    while at < len(pieces) and (root := ROOT.match(pieces[at])):
        end = _end_of_process(pieces, at) if root[1] else _end_of_thread(pieces, at)
        if end is None:
            return None
        whole.append(";".join(pieces[at:end]))
        at = end
    return [*whole, *pieces[at:]] if whole else pieces


def _end_of_process(pieces: Sequence[str], start: int) -> int | None:
    """The end of the last piece with a closing quote before the next certain frame; failing that, of the first one."""
    end, frame_found = None, False
    for at in range(start, len(pieces)):
        if at > start and not frame_found and _begins_frame(pieces[at]):
            if end is not None:
                break
            frame_found = True
        if _closes(pieces[at], opens=at == start):
            end = at + 1
            if frame_found:
                break
    return end


def _closes(piece: str, *, opens: bool = False) -> bool:
    """Whether a command line may end with this piece; the quote that opens it does not close it."""
    return piece.endswith('"') and (not opens or piece.count('"') > 1)


def _end_of_thread(pieces: Sequence[str], start: int) -> int:
    """The beginning of the next certain frame: a thread's name goes on no further."""
    following = range(start + 1, len(pieces))
    return next((at for at in following if _begins_frame(pieces[at])), start + 1)


def _begins_frame(piece: str) -> bool:
    """Whether a piece cannot be the rest of a command line or of a thread's name."""
    return (piece.endswith(")") and " (" in piece and not piece.startswith(" ")) or ROOT.match(piece) is not None


def notes_on_stacks(stacks: Iterable[Stack]) -> tuple[str, ...]:
    """Notes on what the frames of these stacks do not say; each frame is looked at once."""
    return notes_on_names(set().union(*(stack.frames for stack in stacks)))


def notes_on_names(frames: Iterable[Frame]) -> tuple[str, ...]:
    """Notes on what these frames do not say: full file names, or lines."""
    files = [frame for frame in frames if frame.file]
    short = any(not ABSOLUTE.match(frame.file) and not _is_no_file(frame) for frame in files)
    numbered = any(frame.line for frame in files)
    return (*([SHORT_NAMES] if short else []), *([] if numbered or not files else [NO_LINES]))


def _is_no_file(frame: Frame) -> bool:
    """`<frozen runpy>`, or the `__init__ (__init__)` that Python 3.13 and newer put before a constructor."""
    return frame.file.startswith("<") or frame.file == frame.function
