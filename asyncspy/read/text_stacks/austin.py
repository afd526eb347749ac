"""Takes folded stacks whose frames are `file:function:line`, by Austin or `profiling.sampling`; gives a `Profile`.

Austin begins with `# key: value` lines and gives each sample its time in microseconds; profiling.sampling writes base
names of files only, and counts samples.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import BinaryIO, NamedTuple, cast

from asyncspy.errors import InputError
from asyncspy.model.stacks import Frame, InputFile, Origin, Profile, SamplingMode, Stack
from asyncspy.read.decode_json import AS_WRITTEN
from asyncspy.read.frame_names import MAX_LINE_DIGITS, add_samples, is_count, new_stack, notes_on_names
from asyncspy.read.shared_prefix import INNER, kept
from asyncspy.read.text_stacks.folded import CUT, MAX_COUNT_DIGITS, MAX_LINE_BYTES

SNIFFED_LINES = 50
COLONS = re.compile(r":+")
SNIFFED = re.compile(r"(?:^|;)[^;:]+:[^;:]+:[0-9]{1,9}(?:;| [0-9,-]+$)")
PROCESS = re.compile(r"P([0-9]{1,10})\Z")
THREAD = re.compile(r"T(?:[0-9]{1,6}:)?([0-9A-Fa-f]{1,20})\Z|tid:([0-9]{1,20})\Z")
HEADER = re.compile(r"# ([a-z_]{1,40}): (.{0,400})\Z")
AUSTIN_MODES: dict[str, SamplingMode] = {"wall": "wall", "cpu": "default"}
MARKERS = frozenset({"INVALID", "GC"})
UNSEEN = "{:,} samples have frames that the sampler could not read; these frames are left out"
COUNTED_ONCE = "it does not say at which interval it was sampled: every line counts as one sample"
BY_TIME = "samples are worked out from the times that Austin gives, at {:,} microseconds each"


class Place(NamedTuple):
    """What a piece before the frames tells: the process, or the thread."""

    pid: int | None = None
    thread: str | None = None


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
    header, counted = dict[str, str](), dict[bytes, int]()
    lines = dropped = 0
    line, samples_of = b"\n", _Samples(header)
    for line in iter(partial(stream.readline, MAX_LINE_BYTES), b""):
        stack, _, number = line.rpartition(b" ")
        if line.startswith(b"# ") and (told := HEADER.match(line.rstrip(b"\r\n").decode("utf-8", "backslashreplace"))):
            header[told[1]] = told[2]
            samples_of.clear()
        elif stack and (samples := samples_of[number]) is not None:
            counted[stack] = counted.get(stack, 0) + samples
            lines += 1
        else:
            dropped += bool(line.strip())
    if not lines:
        raise InputError(f"none of its {dropped:,} lines is a stack with a number", remedy=AS_WRITTEN)
    stacks, damaged, frames = _stacks(counted)
    cut = not line.endswith(b"\n")
    return _profile(stacks, header, path, (lines, dropped, damaged, cut), frames)


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
    read_in = InputFile(path, "folded", lines, dropped, (*notes, *notes_on_names(table.values())))
    return Profile(stacks, (origin,), (read_in,))


def _interval(header: dict[str, str]) -> int | None:
    told = header.get("interval", "")
    return int(told) if is_count(told) and len(told) <= MAX_COUNT_DIGITS and 0 < int(told) < 10**8 else None


def _numbered(text: str) -> bool:
    number = text.rpartition(" ")[2]
    return bool(number) and is_count(number) and len(number) <= MAX_COUNT_DIGITS


class _Samples(dict[bytes, "int | None"]):
    """How many samples a number behind a stack, with the line's end, stands for; None for what is no number.

    Austin writes a line per sample, and austin-compress one per stack: the time tells how many it stands for.
    """

    def __init__(self, header: dict[str, str]) -> None:
        self._header = header

    def __missing__(self, end: bytes) -> int | None:
        number = end.rstrip(b"\r\n")
        if not number.isdigit() or len(number) > MAX_COUNT_DIGITS:
            return None
        interval = _interval(self._header)
        by_time = max(1, round(int(number) / interval)) if interval else 1
        samples = self[end] = by_time if "austin" in self._header else int(number)
        return samples


def _stacks(counted: dict[bytes, int]) -> tuple[Counter[Stack], int, _Frames]:
    """The stacks of these texts; how many samples have frames that are none; all frames."""
    table, stacks, damaged = _Frames(), Counter[Stack](), 0
    starts, frame_at = _Starts(table), table.__getitem__
    for text, samples in counted.items():
        pieces = text.rsplit(b";", INNER)
        start = starts[pieces.pop(0)] if len(pieces) > INNER else None
        if start is None or not start.frames:  # no frame yet: what tells the place may go on
            start, pieces = starts.of(text), []
        path = (*start.frames, *map(frame_at, pieces))
        frames = tuple(filter(None, path)) if table.lost else cast("tuple[Frame, ...]", path)
        damaged += samples if len(frames) < len(path) else 0
        if samples:
            add_samples(stacks, new_stack((frames, start.pid, start.thread)), samples)
    return stacks, damaged, table


class Start(NamedTuple):
    """How a stack begins: the process, the thread, and the outermost frames."""

    pid: int | None
    thread: str
    frames: tuple[Frame | None, ...]


class _Starts(dict[bytes, Start]):
    """What the outer parts of stacks tell: nearly all stacks begin as one of a few do."""

    def __init__(self, table: _Frames) -> None:
        self._table, self._places = table, _Places()

    def __missing__(self, text: bytes) -> Start:
        return kept(self, text, self.of(text))

    def of(self, text: bytes) -> Start:
        """What this text tells."""
        pieces = text.split(b";")
        pid, thread, at = None, "", 0
        for piece in pieces[:3]:
            place = self._places[piece]
            if place is None:
                break
            pid = place.pid if place.pid is not None else pid
            thread = place.thread if place.thread is not None else thread
            at += 1
        return Start(pid, thread, tuple(map(self._table.__getitem__, pieces[at:])))


class _Places(dict[bytes, Place | None]):
    """What each piece before the frames tells; None for a piece that is a frame."""

    def __missing__(self, piece: bytes) -> Place | None:
        text = piece.decode("utf-8", "backslashreplace")
        if process := PROCESS.match(text):
            place = Place(pid=int(process[1]))
        elif named := THREAD.match(text):
            place = Place(thread=named[1] or named[2])
        else:
            return None
        self[piece] = place
        return place


class _Frames(dict[bytes, Frame | None]):
    """The frame of each text, made once; None for what the sampler put in place of a frame."""

    def __init__(self) -> None:
        self.lost = False
        """Whether there is such a text."""

    def __missing__(self, text: bytes) -> Frame | None:
        frame = self[text] = _frame(text.decode("utf-8", "backslashreplace"))
        self.lost = self.lost or frame is None
        return frame

    def values(self) -> list[Frame]:  # type: ignore[override]
        """The frames that are frames."""
        return [frame for frame in super().values() if frame]


def _frame(text: str) -> Frame | None:
    named, _, line = text.rpartition(":")
    between = _between_file_and_function(named)
    if between >= 0 and is_count(line) and len(line) <= MAX_LINE_DIGITS:
        return Frame(named[between + 1 :], named[:between], int(line))
    return None if text.strip(":") in MARKERS else Frame(text, "")


def _between_file_and_function(named: str) -> int:
    """The colon between them, -1 without one.

    A function's own colons stand in pairs: the file ends before the last odd number of them, or within the first pair.
    One pattern for this would try every colon of a text that is full of them against all that follow.
    """
    last_odd = first_pair = -1
    for run in COLONS.finditer(named):
        if (run.end() - run.start()) % 2:
            last_odd = run.start()
        elif first_pair < 0:
            first_pair = run.start() + 1
    return last_odd if last_odd >= 0 else first_pair
