"""Parse a speedscope document, written by py-spy, another exporter or asyncspy, into a `Profile`.

py-spy writes one `sampled` profile per thread; each weight is the time between two samples, so an entry is one sample.
Others, such as pyinstrument, write `evented` profiles of frames that open and close.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO, NamedTuple

from asyncspy.errors import InputError
from asyncspy.model.stacks import Frame, InputFile, Origin, Profile, Stack
from asyncspy.read.decode_json import AS_WRITTEN, JsonObject, line_number
from asyncspy.read.frame_names import add_samples, notes_on_names, printable, stack_of
from asyncspy.read.open_file import read_all
from asyncspy.read.profile_sum import merge_profiles
from asyncspy.read.speedscope.events import MILLISECONDS, time_by_stack
from asyncspy.read.speedscope.samples import IndexedFrames, count_samples, decode_document, sound_weights
from asyncspy.recording.saved_form import SavedPass, extract

THREAD = re.compile(r'(?:Process ([0-9]{1,10}) )?Thread \S+ "(.*)"\Z', re.DOTALL)
AUSTIN = re.compile(r"(?:Wall|CPU) time profile for ([0-9]{1,10}):[0-9]{1,6}:([0-9A-Fa-f]{1,20})\Z")
SECONDS = {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}
MAX_RATE = 1_000_000
MAX_EXPORTER = 80

NO_SAMPLES = "the recording holds no samples"
COUNTED_ONCE = "its weights differ and its rate is not known: every entry counts as one sample"


def read(stream: BinaryIO, path: str) -> Profile:
    """Read every entry that is sound; the others are counted as dropped."""
    return profile_of(decode_document(read_all(stream)), path)


def profile_of(document: Any, path: str) -> Profile:
    """The profile of a decoded document."""
    if not isinstance(document, dict):
        raise InputError("its JSON is not an object", remedy=AS_WRITTEN)
    profiles = _list(document, "profiles")
    shared = _shared_frames(_list(_object(document, "shared"), "frames") if profiles else [])
    saved = extract(document)
    counted = [_count(one, shared) for one in saved.passes or [SavedPass(None, profiles)]]
    events = {each._replace(frames=tuple(map(_printable_frame, each.frames))): n for each, n in saved.counts.items()}
    entries = sum(one.entries for one in counted) + len(events)
    dropped = sum(one.dropped for one in counted) + saved.damaged_counts
    if dropped and not entries:
        raise InputError(f"none of its {dropped:,} samples can be used", remedy=AS_WRITTEN)
    sampled = [one for one in counted if one.origin is None or one.origin.mode != "exact"]
    notes = [note for one in counted for note in one.notes] + ([NO_SAMPLES] if sampled and not entries else [])
    notes += notes_on_names(shared.frames)
    read_in = InputFile(path, "speedscope", entries, dropped, tuple(dict.fromkeys(notes)))
    running = [one.profile(document) for one in counted if not one.counts_waits]
    waiting = [one.profile(document) for one in counted if one.counts_waits]
    waits = _merge(waiting) if waiting else None
    if waits is not None and not running:
        return replace(waits, inputs=(read_in,), sources=saved.sources, distributions=saved.distributions)
    running_sum = replace(_merge(running), inputs=(read_in,), waits=waits, events=events)
    observed = saved.observed.with_frames(_printable_frame) or None
    return replace(running_sum, sources=saved.sources, distributions=saved.distributions, observed=observed)


def _printable_frame(frame: Frame) -> Frame:
    return frame._replace(function=printable(frame.function), file=printable(frame.file))


def _merge(profiles: list[Profile]) -> Profile:
    try:
        return merge_profiles(profiles)
    except ValueError as error:
        raise InputError(str(error), remedy=AS_WRITTEN) from None


class CountedPass(NamedTuple):
    """The stacks of one pass: one process's samples in one mode."""

    origin: Origin | None
    stacks: Counter[Stack]
    rate: int | None
    entries: int
    dropped: int
    notes: tuple[str, ...]

    @property
    def counts_waits(self) -> bool:
        """Whether waiting threads were sampled, too; such samples are never added to others."""
        return self.origin is not None and self.origin.mode == "wall"

    def profile(self, document: JsonObject) -> Profile:
        """The profile of this pass alone."""
        origin = self.origin or Origin(_exporter(document), rate=self.rate, samples=self.stacks.total())
        return Profile(self.stacks, (origin,))


def _count(one: SavedPass, shared: IndexedFrames) -> CountedPass:
    intervals = {
        weight * _seconds(profile) for profile in one.profiles for weight in set(sound_weights(profile)) if weight
    }
    per_sample, notes = _time_per_sample(one.profiles, intervals, one.origin)
    stacks, entries, dropped = Counter[Stack](), 0, 0
    for profile in one.profiles:
        if isinstance(profile, dict) and profile.get("type") == "evented":
            counted = time_by_stack(profile, shared)
            notes = (*notes, MILLISECONDS)
        else:
            counted = count_samples(profile, shared, _samples_of_weight(profile, per_sample))
        entries, dropped = entries + counted.entries, dropped + counted.dropped
        pid, thread = _thread(profile.get("name")) if counted.paths else (None, "")
        for path, samples in counted.paths:
            add_samples(stacks, stack_of(path, pid, thread), samples)
    return CountedPass(one.origin, stacks, _rate(one.profiles, intervals), entries, dropped, notes)


def _object(parent: JsonObject, key: str) -> JsonObject:
    value = parent.get(key)
    if not isinstance(value, dict):
        raise InputError(f'it has no object "{key}", as a speedscope document has', remedy=AS_WRITTEN)
    return value


def _list(parent: JsonObject, key: str) -> list[Any]:
    value = parent.get(key)
    if not isinstance(value, list):
        raise InputError(f'it has no list "{key}", as a speedscope document has', remedy=AS_WRITTEN)
    return value


def _shared_frames(entries: list[Any]) -> IndexedFrames:
    frames = [_frame(entry) for entry in entries]
    damaged = {index for index, frame in enumerate(frames) if frame is None}
    return IndexedFrames([frame or Frame("", "") for frame in frames], damaged)


def _frame(entry: Any) -> Frame | None:
    """A frame; None where the name or the file is not text."""
    if not isinstance(entry, dict):
        return None
    name, file = entry.get("name"), entry.get("file")
    if not isinstance(name, str) or not isinstance(file, str | None):
        return None
    return Frame(printable(name), printable(file or ""), line_number(entry.get("line")))


def _samples_of_weight(profile: Any, per_sample: float | None) -> Callable[[float], int]:
    """For how many samples a weight stands: for one, unless the time per sample is known."""
    if per_sample is None or not isinstance(profile, dict):
        return lambda _weight: 1
    scale = _seconds(profile) / per_sample
    return lambda weight: max(1, round(weight * scale))


def _thread(name: Any) -> tuple[int | None, str]:
    """The process and the thread's name, from a profile's name as py-spy or Austin forms it."""
    if not isinstance(name, str):
        return None, ""
    known = THREAD.match(name) or AUSTIN.match(name)
    if not known:
        return None, printable(name)
    return int(known[1]) if known[1] else None, printable(known[2])


def _seconds(profile: JsonObject) -> float:
    """The seconds in one unit of a profile's weights."""
    unit = profile.get("unit")
    return SECONDS.get(unit, 1.0) if isinstance(unit, str) else 1.0


def _time_per_sample(
    profiles: list[Any], intervals: set[float], origin: Origin | None
) -> tuple[float | None, tuple[str, ...]]:
    """The time that one sample stands for, where entries stand for several; and a note where it is not known."""
    added_up = origin is not None and origin.added_up
    if len(intervals) <= 1 and not added_up:
        return None, ()
    if origin and origin.rate and 0 < origin.rate <= MAX_RATE:
        return 1 / origin.rate, ()
    if all(isinstance(one, dict) and one.get("unit") == "none" for one in profiles):
        return 1.0, ()
    return None, (COUNTED_ONCE,)


def _rate(profiles: list[Any], intervals: set[float]) -> int | None:
    """Samples per second, where all entries stand for the same time."""
    timed = all(isinstance(one, dict) and one.get("unit") != "none" for one in profiles)
    interval = max(intervals) if len(intervals) == 1 and timed else 0
    rate = round(1 / interval) if interval * MAX_RATE >= 1 else 0  # 1 / the smallest floats overflows
    return rate or None


def _exporter(document: JsonObject) -> str:
    """The program that wrote the document, such as "py-spy 0.4.3"."""
    exporter = document.get("exporter")
    return printable(exporter).replace("@", " ", 1)[:MAX_EXPORTER] if isinstance(exporter, str) else "unknown"
