"""Takes what `py-spy dump` prints, of one process or several; gives a `Profile`: each thread's stack is one sample.

With --locals the values of variables stand between the frames. They can hold secrets and are skipped unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from asyncspy.errors import InputError
from asyncspy.model.stacks import Frame, Profile, ThreadSnapshot
from asyncspy.read.dumps.thread_samples import profile_of
from asyncspy.read.frame_names import FrameTable

PROCESS = re.compile(r"Process ([0-9]{1,10}): ")
THREAD = re.compile(r'Thread ((?:0x[0-9A-Fa-f]{1,16}|0|[1-9][0-9]{0,19}))(?: \(([a-z+]{1,20})\))?(?:: "(.*)")?\s*\Z')
INDENTED = re.compile(r" {4}\S")
MAX_LINE = 64 * 1024
INSIDE = re.compile(r"(?: {8}|\t)")


class Head(NamedTuple):
    """The line that a thread begins with."""

    pid: int | None
    id: int
    state: str
    name: str


def sniff(head: bytes) -> bool:
    """A process, its Python, and a thread, in lines of their own at the beginning."""
    lines = head.decode("utf-8", "backslashreplace").lstrip().splitlines()[:12]
    first = next((number for number, line in enumerate(lines) if PROCESS.match(line)), None)
    return first is not None and any(line.startswith("Python v") for line in lines[first:])


def read(data: bytes, path: str) -> Profile:
    """Every thread; a line that is neither a thread, a frame nor a variable is counted as dropped."""
    table, dropped, threads = FrameTable(), 0, list[ThreadSnapshot]()
    frames: list[Frame] = []
    head, in_variables = None, False
    pid: int | None = None
    for line in _lines(data):
        if process := PROCESS.match(line):
            pid = int(process[1])
        elif thread := THREAD.match(line):
            _keep(threads, head, frames)
            head = Head(pid, int(thread[1], 0), thread[2] or "", thread[3] or "")
            frames, in_variables = [], False
        elif head and _is_frame(line):
            frames.append(table[line[4:]])
            in_variables = False
        elif INSIDE.match(line) and frames:
            in_variables = True
        elif line.strip() and not line.startswith("Python v") and not in_variables:
            dropped += 1
    _keep(threads, head, frames)
    if not threads:
        raise InputError("no thread is in it", remedy="give all that py-spy dump --pid PID printed")
    return profile_of(threads, path, "dump", dropped)


def _is_frame(line: str) -> bool:
    """A name and a place; one pattern for all of it would try each bracket of a line that is full of them."""
    return line.endswith(")") and INDENTED.match(line) is not None and 0 < line.find(" (", 5) < len(line) - 3


def _keep(threads: list[ThreadSnapshot], head: Head | None, frames: list[Frame]) -> None:
    """The thread that ends here, root first."""
    if head is None:
        return
    thread_id = head.id if head.id < 1 << 64 else None
    threads.append(
        ThreadSnapshot(
            tuple(reversed(frames)),
            head.name,
            head.pid,
            os_id=thread_id,
            active=head.state.startswith("active") if head.state else None,
            owns_gil=head.state.endswith("+gil") if head.state else None,
        )
    )


def _lines(data: bytes) -> Iterator[str]:
    """One at a time, without what is beyond all reason long."""
    start = 0
    while start < len(data):
        newline = data.find(b"\n", start)
        end = newline if newline >= 0 else len(data)
        yield data[start : min(end, start + MAX_LINE)].rstrip(b"\r").decode("utf-8", "backslashreplace")
        start = end + 1
