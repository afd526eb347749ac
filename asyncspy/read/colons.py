"""Takes folded stacks whose frames are `file:function:line`, by Austin or `profiling.sampling`; gives a `Profile`.

Austin begins with `# key: value` lines and gives each sample its time in microseconds; profiling.sampling writes base
names of files only, and counts samples.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import BinaryIO, NamedTuple

from asyncspy.errors import InputError
from asyncspy.model import Frame, Input, Mode, Origin, Profile, Stack
from asyncspy.read.folded import CUT, MAX_COUNT_DIGITS
from asyncspy.read.json_text import AS_WRITTEN
from asyncspy.read.lines import lines_of
from asyncspy.read.names import is_count, what_is_missing

SNIFFED_LINES = 50
FRAME = re.compile(r"(.*?):([^:]*(?:::[^:]*)*):([0-9]{1,9})\Z", re.DOTALL)
SNIFFED = re.compile(r"(?:^|;)[^;:]+:[^;:]+:[0-9]{1,9}(?:;| [0-9,-]+$)")
PROCESS = re.compile(r"P([0-9]{1,10})\Z")
THREAD = re.compile(r"T(?:[0-9]{1,6}:)?([0-9A-Fa-f]{1,20})\Z|tid:([0-9]{1,20})\Z")
HEADER = re.compile(r"# ([a-z_]{1,40}): (.{0,400})\Z")
AUSTIN_MODES: dict[str, Mode] = {"wall": "wall", "cpu": "default"}
MARKERS = frozenset({"INVALID", "GC"})
UNSEEN = "{:,} samples have frames that the sampler could not read; these frames are left out"
COUNTED_ONCE = "it does not say at which interval it was sampled: every line counts as one sample"
BY_TIME = "samples are worked out from the times that Austin gives, at {:,} microseconds each"


class Line(NamedTuple):
    """A stack, and the number behind it: samples, or microseconds."""

    stack: Stack
    number: int
    damaged: bool


def sniff(head: bytes) -> bool:
    """Austin's header, or a frame in this spelling among the first lines."""
    if b"\0" in head or head.lstrip()[:1] in (b"{", b"[", b"<"):
        return False
    lines = head.decode("utf-8", "backslashreplace").splitlines()[:SNIFFED_LINES]
    if lines and lines[0].startswith("# austin:"):
        return True
    return any(_numbered(line) and SNIFFED.search(line) for line in lines)


def read(stream: BinaryIO, path: str) -> Profile:
    """Every line with a number; others are counted as dropped."""
    table, header, times = _Frames(), dict[str, str](), Counter[Stack]()
    lines = dropped = damaged = 0
    cut = False
    for text, whole in lines_of(stream):
        cut = not whole
        if told := HEADER.match(text):
            header[told[1]] = told[2]
            continue
        line = _line(text, table)
        if line is None:
            dropped += bool(text.strip())
            continue
        lines, damaged = lines + 1, damaged + line.damaged
        times[line.stack] += line.number if "austin" not in header else _samples(line.number, header)
    if not lines:
        raise InputError(f"none of its {dropped:,} lines is a stack with a number", remedy=AS_WRITTEN)
    stacks = Counter({stack: number for stack, number in times.items() if number})
    return _profile(stacks, header, path, (lines, dropped, damaged, cut), table)


def _profile(
    stacks: Counter[Stack], header: dict[str, str], path: str, counts: tuple[int, int, int, bool], table: _Frames
) -> Profile:
    lines, dropped, damaged, cut = counts
    interval = _interval(header)
    if header.get("mode") == "memory":
        raise InputError(
            "Austin measured memory here, not time", remedy="record without --memory: austin -s -i 10ms -p PID"
        )
    notes = [CUT] if cut else []
    if "austin" in header:
        notes.append(BY_TIME.format(interval) if interval else COUNTED_ONCE)
    notes += [UNSEEN.format(damaged)] if damaged else []
    origin = Origin(
        f"austin {header['austin'][:20]}" if "austin" in header else "profiling.sampling",
        mode=AUSTIN_MODES.get(header.get("mode", ""), "unknown"),
        rate=round(1e6 / interval) if interval else None,
        samples=stacks.total(),
    )
    read_in = Input(path, "folded", lines, dropped, (*notes, *what_is_missing(table.values())))
    return Profile(stacks, (origin,), (read_in,))


def _interval(header: dict[str, str]) -> int | None:
    told = header.get("interval", "")
    return int(told) if is_count(told) and len(told) <= MAX_COUNT_DIGITS and 0 < int(told) < 10**8 else None


def _samples(microseconds: int, header: dict[str, str]) -> int:
    """Austin writes a line per sample, and austin-compress one per stack: the time tells how many it stands for."""
    interval = _interval(header)
    return max(1, round(microseconds / interval)) if interval else 1


def _numbered(text: str) -> bool:
    number = text.rpartition(" ")[2]
    return bool(number) and is_count(number) and len(number) <= MAX_COUNT_DIGITS


def _line(text: str, table: _Frames) -> Line | None:
    stack, _, _ = text.rpartition(" ")
    if not stack or not _numbered(text):
        return None
    pieces = stack.split(";")
    pid, thread, start = None, "", 0
    for piece in pieces[:3]:
        if process := PROCESS.match(piece):
            pid = int(process[1])
        elif named := THREAD.match(piece):
            thread = named[1] or named[2]
        else:
            break
        start += 1
    frames = [frame for piece in pieces[start:] if (frame := table[piece])]
    return Line(Stack(tuple(frames), pid, thread), int(text[len(stack) + 1 :]), len(frames) < len(pieces) - start)


class _Frames(dict[str, Frame | None]):
    """The frame of each text, made once; None for what the sampler put in place of a frame."""

    def __missing__(self, text: str) -> Frame | None:
        frame = self[text] = _frame(text)
        return frame

    def values(self) -> list[Frame]:  # type: ignore[override]
        """The frames that are frames."""
        return [frame for frame in super().values() if frame]


def _frame(text: str) -> Frame | None:
    known = FRAME.match(text)
    if known:
        return Frame(known[2], known[1], int(known[3]))
    return None if text.strip(":") in MARKERS else Frame(text, "")
