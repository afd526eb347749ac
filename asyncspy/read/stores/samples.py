"""Samples as stores keep them, to stacks: by the numbers of their places, and by labels for the process and thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from asyncspy.model.stacks import Frame, Origin, Stack
from asyncspy.read.decode_json import MAX_LINE_NUMBER
from asyncspy.read.frame_names import add_samples, is_digits, parse_frame, stack_of
from asyncspy.read.stores.protobuf import signed
from asyncspy.read.stores.value_types import NANOSECONDS, ValueType

PID_LABELS = ("pid", "process_id", "process id", "process.pid")
THREAD_LABELS = ("thread", "thread name", "thread_name", "thread.name", "thread id", "thread_id", "thread.id")
MAX_FRAMES, MAX_PID_DIGITS, MAX_SECONDS = 20_000, 10, 10**9
WRITE_TIME = "give a profile of processor or wall time: one of memory, locks or exceptions has no stacks of the loop"

Label = str | int
PlaceFrames = tuple[Frame, ...]
"""The frames of a place, the innermost first: more than one where functions were inlined."""


class Samples:
    """The stacks of one profile while it is read."""

    def __init__(self, kind: ValueType, frames_at: Mapping[int, PlaceFrames]) -> None:
        self.kind, self._frames_at = kind, frames_at
        self.stacks: Counter[Stack] = Counter()
        self.entries = self.dropped = 0

    def add(self, places: Sequence[int], values: Sequence[int], labels: Mapping[str, Label]) -> None:
        """Count a sample; one without a value of this kind is another's, one that refers to nothing is dropped."""
        amount = signed(values[self.kind.place]) if self.kind.place < len(values) else 0
        if amount < 0 or len(places) > MAX_FRAMES or any(place not in self._frames_at for place in places):
            self.dropped += 1
        elif amount:
            frames = tuple(frame for place in reversed(places) for frame in reversed(self._frames_at[place]))
            pid, thread = str(_first(labels, PID_LABELS)), _first(labels, THREAD_LABELS)
            of_process = int(pid) if is_digits(pid) and len(pid) <= MAX_PID_DIGITS else None
            add_samples(self.stacks, stack_of(frames, of_process, str(thread or "")), self.kind.samples(amount))
            self.entries += 1

    def origin(self, sampler: str, began: int, duration: int, host: str | None = None) -> Origin:
        """Where they come from; times are in nanoseconds, 0 where they are not known."""
        return Origin(
            sampler,
            mode=self.kind.mode,
            rate=self.kind.rate,
            duration=round(duration / NANOSECONDS, 1) if 0 < duration < MAX_SECONDS * NANOSECONDS else None,
            started_at=_moment(began / NANOSECONDS) if 0 < began < 4 * MAX_SECONDS * NANOSECONDS else None,
            samples=self.stacks.total(),
            host=host,
        )


def frame_named(name: str, file: str, line: int) -> Frame:
    """A frame; some profilers put the file into the name: `NAME (FILE:LINE)` or `FILE:LINE - NAME`."""
    if file:
        return Frame(name, file, line if 0 < line < MAX_LINE_NUMBER else 0)
    place, dash, function = name.partition(" - ")
    path, _, number_of = place.rpartition(":")
    return parse_frame(f"{function} ({place})" if dash and path and is_digits(number_of) else name)


def _first(labels: Mapping[str, Label], names: Sequence[str]) -> Label | None:
    return next((labels[name] for name in names if name in labels), None)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
