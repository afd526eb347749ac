"""Parse what `py-spy dump` prints, of one process or several, into a `Profile`: each thread's stack is one sample.

With --locals the values of variables stand between the frames. They can hold secrets and are skipped unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO, NamedTuple

from asyncspy.errors import InputError
from asyncspy.model.stacks import Frame, Profile, ThreadSnapshot
from asyncspy.read.dumps.thread_snapshots import profile_of_threads
from asyncspy.read.frame_names import parse_frame
from asyncspy.read.open_file import read_all

PROCESS = re.compile(r"Process ([0-9]{1,10}): ")
THREAD = re.compile(r'Thread ((?:0x[0-9A-Fa-f]{1,16}|0|[1-9][0-9]{0,19}))(?: \(([a-z+]{1,20})\))?(?:: "(.*)")?\s*\Z')
INDENTED = re.compile(r" {4}\S")
VARIABLE = re.compile(r"(?: {8}|\t)")
MAX_LINE_BYTES = 64 * 1024
MAX_THREAD_ID = 1 << 64


class ThreadHeading(NamedTuple):
    """The line that a thread begins with."""

    pid: int | None
    id: int
    state: str
    name: str


def read(stream: BinaryIO, path: str) -> Profile:
    """Read every thread; a line that is not a thread, a frame or a variable is counted as dropped."""
    frame_at, dropped, threads = cache(parse_frame), 0, list[ThreadSnapshot]()
    frames: list[Frame] = []
    heading, in_variables = None, False
    pid: int | None = None
    for line in _lines(read_all(stream)):
        if process := PROCESS.match(line):
            pid = int(process[1])
        elif thread := THREAD.match(line):
            threads += [_snapshot(heading, frames)] if heading else []
            heading = ThreadHeading(pid, int(thread[1], 0), thread[2] or "", thread[3] or "")
            frames, in_variables = [], False
        elif heading and _is_frame(line):
            frames.append(frame_at(line[4:]))
            in_variables = False
        elif VARIABLE.match(line) and frames:
            in_variables = True
        elif line.strip() and not line.startswith("Python v") and not in_variables:
            dropped += 1
    if heading is None:
        raise InputError("no thread is in it", remedy="give all that py-spy dump --pid PID printed")
    return profile_of_threads([*threads, _snapshot(heading, frames)], path, "dump", dropped)


def _is_frame(line: str) -> bool:
    """A name and a place; one regular expression for it would try each bracket of a line that is full of them."""
    return line.endswith(")") and INDENTED.match(line) is not None and 0 < line.find(" (", 5) < len(line) - 3


def _snapshot(heading: ThreadHeading, frames: list[Frame]) -> ThreadSnapshot:
    """A thread with its frames, root first."""
    return ThreadSnapshot(
        tuple(reversed(frames)),
        heading.name,
        heading.pid,
        os_id=heading.id if heading.id < MAX_THREAD_ID else None,
        active=heading.state.startswith("active") if heading.state else None,
        owns_gil=heading.state.endswith("+gil") if heading.state else None,
    )


def _lines(data: bytes) -> Iterator[str]:
    """The lines, one at a time, cut where they are absurdly long."""
    start = 0
    while start < len(data):
        newline = data.find(b"\n", start)
        end = newline if newline >= 0 else len(data)
        yield data[start : min(end, start + MAX_LINE_BYTES)].rstrip(b"\r").decode("utf-8", "backslashreplace")
        start = end + 1
