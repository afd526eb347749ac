"""Parse a Chrome trace of py-spy, frames that begin and end, into a `Profile` with a sample for each changed stack.

py-spy writes nothing when a thread's stack is the same as in the sample before, and keeps frames open while a thread
is not sampled at all. So neither samples nor times can be had from it: what is counted is every stack that was new.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, BinaryIO

from asyncspy.errors import InputError
from asyncspy.model.stacks import Frame, InputFile, Origin, Profile, Stack
from asyncspy.read.decode_json import AS_WRITTEN, decode, line_number, whole_number
from asyncspy.read.frame_names import notes_on_names, printable, stack_of
from asyncspy.read.open_file import read_all

MAX_PID = 1 << 32
MAX_DEPTH = 5_000
CHANGES = "the trace keeps changes of stacks, not samples: a stack that was sampled again and again counts once"

TraceThread = tuple[int | None, str]


def read(stream: BinaryIO, path: str) -> Profile:
    """Read every stack that lasted for a while; events that fit nowhere are counted as dropped."""
    replay = _Replay()
    for event in _events(decode(read_all(stream))):
        replay.play(event)
    replay.end()
    if not replay.changes:
        raise InputError(f"none of its {replay.dropped:,} events begins a frame", remedy=AS_WRITTEN)
    notes = (CHANGES, *notes_on_names(replay.frames.values()))
    origin = Origin("py-spy" if replay.by_py_spy else "unknown", samples=replay.changes)
    return Profile(replay.stacks, (origin,), (InputFile(path, "chrometrace", replay.changes, replay.dropped, notes),))


def _events(document: Any) -> list[Any]:
    events = document.get("traceEvents") if isinstance(document, dict) else document
    if not isinstance(events, list):
        raise InputError("it holds no list of events", remedy=AS_WRITTEN)
    return events


class _Replay:
    """The open frames of every thread while events are replayed, and the stacks that were complete at some time."""

    def __init__(self) -> None:
        self.stacks: Counter[Stack] = Counter()
        self.frames: dict[tuple[str, str, int], Frame] = {}
        self.changes = self.dropped = 0
        self.by_py_spy = False
        self._open: dict[TraceThread, list[Frame]] = {}
        self._since: dict[TraceThread, float] = {}

    def play(self, event: Any) -> None:
        """Take the next event. A stack that stayed open until a later time than the last event's was a sample."""
        if not isinstance(event, dict):
            self.dropped += 1
            return
        kind, at = event.get("ph"), event.get("ts")
        if kind == "M":  # names of processes and threads
            return
        frame = _frame(event)
        if kind not in ("B", "E") or isinstance(at, bool) or not isinstance(at, int | float) or frame is None:
            self.dropped += 1
            return
        self.by_py_spy = self.by_py_spy or event.get("cat") == "py-spy"
        thread = (whole_number(event.get("pid"), MAX_PID), str(event.get("tid"))[:32])
        frames = self._open.setdefault(thread, [])
        if at != self._since.get(thread):
            self._count(thread)
            self._since[thread] = at
        if kind == "B" and len(frames) < MAX_DEPTH:
            frames.append(self.frames.setdefault(frame, frame))
        elif kind == "E" and frames and frames[-1] == frame:
            frames.pop()
        else:
            self.dropped += 1

    def end(self) -> None:
        """Count what was still open when the trace ended."""
        for thread in self._open:
            self._count(thread)

    def _count(self, thread: TraceThread) -> None:
        if frames := self._open[thread]:
            self.stacks[stack_of(tuple(frames), thread[0])] += 1
            self.changes += 1


def _frame(event: dict[str, Any]) -> Frame | None:
    name, arguments = event.get("name"), event.get("args")
    file, line = (arguments.get("filename"), arguments.get("line")) if isinstance(arguments, dict) else ("", 0)
    if not isinstance(name, str) or not isinstance(file, str | None):
        return None
    return Frame(printable(name), printable(file or ""), line_number(line))
