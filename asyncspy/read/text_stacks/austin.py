"""Parse folded stacks of `file:function:line` frames, by Austin or `profiling.sampling`, into a `Profile`.

Austin begins with `# key: value` lines and gives each sample its time in microseconds; profiling.sampling writes base
names of files only, and counts samples.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, partial
from typing import BinaryIO

from asyncspy.errors import InputError
from asyncspy.model.stacks import Frame, InputFile, Origin, Profile, SamplingMode, Stack
from asyncspy.read.decode_json import AS_WRITTEN
from asyncspy.read.frame_names import MAX_LINE_DIGITS, add_samples, is_digits, notes_on_stacks
from asyncspy.read.text_stacks.folded import CUT, MAX_COUNT_DIGITS, MAX_LINE_BYTES

COLONS = re.compile(r":+")
PROCESS = re.compile(r"P([0-9]{1,10})\Z")
THREAD = re.compile(r"T(?:[0-9]{1,6}:)?([0-9A-Fa-f]{1,20})\Z|tid:([0-9]{1,20})\Z")
MAX_ROOT_PIECES = 3
HEADER = re.compile(r"# ([a-z_]{1,40}): (.{0,400})\Z")
MAX_INTERVAL = 10**8
MODES: dict[str, SamplingMode] = {"wall": "wall", "cpu": "default"}
NOT_FRAMES = frozenset({"INVALID", "GC"})
UNREADABLE_FRAMES = "{:,} samples have frames that the sampler could not read; these frames are left out"
COUNTED_ONCE = "it does not say at which interval it was sampled: every line counts as one sample"
BY_TIME = "samples are worked out from the times that Austin gives, at {:,} microseconds each"

Header = dict[str, str]


def read(stream: BinaryIO, path: str) -> Profile:
    """Read every line with a number; others are counted as dropped."""
    header, counted = Header(), Counter[bytes]()
    lines = dropped = 0
    line = b"\n"
    for line in iter(partial(stream.readline, MAX_LINE_BYTES), b""):
        text = line.rstrip(b"\r\n")
        if line.startswith(b"# ") and (setting := HEADER.match(_decode(text))):
            header[setting[1]] = setting[2]
            continue
        stack, _, number = text.rpartition(b" ")
        if stack and number.isdigit() and len(number) <= MAX_COUNT_DIGITS:
            counted[stack] += _samples(int(number), header)
            lines += 1
        else:
            dropped += bool(text.strip())
    if not lines:
        raise InputError(f"none of its {dropped:,} lines is a stack with a number", remedy=AS_WRITTEN)
    if header.get("mode") == "memory":
        raise InputError(
            "Austin measured memory here, not time", remedy="record without --memory: austin -s -i 10ms -p PID"
        )
    stacks, damaged = _parse_stacks(counted)
    notes = [] if line.endswith(b"\n") else [CUT]
    interval = _interval(header)
    if "austin" in header:
        notes.append(BY_TIME.format(interval) if interval else COUNTED_ONCE)
    notes += [UNREADABLE_FRAMES.format(damaged)] if damaged else []
    read_in = InputFile(path, "folded", lines, dropped, (*notes, *notes_on_stacks(stacks)))
    return Profile(stacks, (_origin(header, stacks.total()),), (read_in,))


def _origin(header: Header, samples: int) -> Origin:
    interval = _interval(header)
    return Origin(
        f"austin {header['austin'][:20]}" if "austin" in header else "profiling.sampling",
        mode=MODES.get(header.get("mode", ""), "unknown"),
        rate=round(1e6 / interval) if interval else None,
        samples=samples,
    )


def _interval(header: Header) -> int | None:
    """Microseconds between two samples, where Austin says it."""
    text = header.get("interval", "")
    return int(text) if is_digits(text) and len(text) <= MAX_COUNT_DIGITS and 0 < int(text) < MAX_INTERVAL else None


def _samples(number: int, header: Header) -> int:
    """How many samples a line stands for.

    Austin writes a line per sample, and austin-compress one per stack, whose time says how many it stands for.
    """
    if "austin" not in header:
        return number
    interval = _interval(header)
    return max(1, round(number / interval)) if interval else 1


def _parse_stacks(counted: Counter[bytes]) -> tuple[Counter[Stack], int]:
    """The stacks of these texts, and how many samples have frames that the sampler could not read."""
    frame_at, stacks, damaged = cache(_parse_frame), Counter[Stack](), 0
    for text, samples in counted.items():
        pieces = _decode(text).split(";")
        pid, thread, start = None, "", 0
        for piece in pieces[:MAX_ROOT_PIECES]:
            if process := PROCESS.match(piece):
                pid = int(process[1])
            elif named := THREAD.match(piece):
                thread = named[1] or named[2]
            else:
                break
            start += 1
        frames = tuple(filter(None, map(frame_at, pieces[start:])))
        damaged += samples if len(frames) < len(pieces) - start else 0
        if samples:
            add_samples(stacks, Stack(frames, pid, thread), samples)
    return stacks, damaged


def _parse_frame(text: str) -> Frame | None:
    """The frame; None for what the sampler put in place of one."""
    named, _, line = text.rpartition(":")
    between = _between_file_and_function(named)
    if between >= 0 and is_digits(line) and len(line) <= MAX_LINE_DIGITS:
        return Frame(named[between + 1 :], named[:between], int(line))
    return None if text.strip(":") in NOT_FRAMES else Frame(text, "")


def _between_file_and_function(named: str) -> int:
    """The index of the colon between them, -1 without one.

    A function's own colons come in pairs: the file ends before the last odd number of them, or within the first pair.
    One regular expression for this would try every colon of a text that is full of them against all that follow.
    """
    last_odd = first_pair = -1
    for run in COLONS.finditer(named):
        if (run.end() - run.start()) % 2:
            last_odd = run.start()
        elif first_pair < 0:
            first_pair = run.start() + 1
    return last_odd if last_odd >= 0 else first_pair


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
