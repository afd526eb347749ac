"""Takes a speedscope document, by py-spy, another exporter, or saved by asyncspy; gives a `Profile`.

py-spy writes one `sampled` profile per thread; each weight is the time between two samples, so an entry is one sample.
Others (pyinstrument) write `evented` ones, which `evented` replays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Set
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO, NamedTuple

from asyncspy.errors import InputError
from asyncspy.model.merging import merge_profiles
from asyncspy.model.stacks import Frame, InputFile, Origin, Profile, Stack
from asyncspy.read.decode_json import AS_WRITTEN, decode
from asyncspy.read.frame_names import add_samples, printable, stack_of, the_same, notes_on_names
from asyncspy.read.open_file import read_all
from asyncspy.read.shared_prefix import Path
from asyncspy.read.speedscope.events import MILLISECONDS, times_of
from asyncspy.read.speedscope.sample_lists import NotPlacesError, Samples, decoded
from asyncspy.read.speedscope.weighted_samples import SamplesOf, paths_of, weights_of
from asyncspy.recording import saved_form

MARKS = (b"speedscope.app/", f'"{saved_form.KEY}"'.encode(), b'"profiles"', b'"shared"')
THREAD = re.compile(r'(?:Process ([0-9]{1,10}) )?Thread \S+ "(.*)"\Z', re.DOTALL)
AUSTIN = re.compile(r"(?:Wall|CPU) time profile for ([0-9]{1,10}):[0-9]{1,6}:([0-9A-Fa-f]{1,20})\Z")
SECONDS = {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}
MAX_LINE = 10**9
MAX_RATE = 1_000_000
MAX_EXPORTER = 80

NO_SAMPLES = "the recording holds no samples"
COUNTED_ONCE = "its weights differ and its rate is not known: every entry counts as one sample"

Object = dict[str, Any]


class Table(NamedTuple):
    """The frames that samples point at, and the places of those that are damaged."""

    frames: list[Frame]
    damaged: Set[int]


def sniff(head: bytes) -> bool:
    """A JSON object with one of the keys that such a document opens with."""
    return head.lstrip().startswith(b"{") and any(mark in head for mark in MARKS)


def read(stream: BinaryIO, path: str) -> Profile:
    """Every entry that is sound; the others are counted as dropped."""
    return _read(*_document(read_all(stream)), path)


def of(document: Object, path: str) -> Profile:
    """What is in a document that is to be written there."""
    return _read(document, _table_of(document), path)


def _document(data: bytes) -> tuple[Object, Table]:
    """The document and its frames. The bytes are as large as all that is made of them: nobody else holds them."""
    document = decoded(data)
    table = _table_of(document)
    with suppress(NotPlacesError):
        for profile in document["profiles"]:
            if isinstance(profile, dict) and isinstance(samples := profile.get("samples"), Samples):
                samples.resolve(table.frames, table.damaged)
        return document, table
    del document, table
    document = decode(data)
    return document, _table_of(document)


def _table_of(document: Any) -> Table:
    """The frames of what may be a document."""
    if not isinstance(document, dict):
        raise InputError("its JSON is not an object", remedy=AS_WRITTEN)
    return _table(_list(_object(document, "shared"), "frames") if _list(document, "profiles") else [])


def _read(document: Object, table: Table, path: str) -> Profile:
    profiles = _list(document, "profiles")
    passes = saved_form.saved_passes(document) or [saved_form.SavedPass(None, profiles)]
    counted = [_counted(one, table) for one in passes]
    events, unsound = saved_form.saved_counts(document)
    events = {each._replace(frames=tuple(map(_shown, each.frames))): times for each, times in events.items()}
    entries = sum(one.entries for one in counted) + len(events)
    dropped = sum(one.dropped for one in counted) + unsound
    if dropped and not entries:
        raise InputError(f"none of its {dropped:,} samples can be used", remedy=AS_WRITTEN)
    sampled = [one for one in counted if one.origin is None or one.origin.mode != "exact"]
    notes = [note for one in counted for note in one.notes] + ([NO_SAMPLES] if sampled and not entries else [])
    notes += notes_on_names(table.frames)
    read = InputFile(path, "speedscope", entries, dropped, tuple(dict.fromkeys(notes)))
    running = [_profile(one, document) for one in counted if not one.counts_waits]
    waiting = [_profile(one, document) for one in counted if one.counts_waits]
    sources = saved_form.saved_sources(document)
    waits = _merged(waiting) if waiting else None
    if waits is not None and not running:
        return replace(waits, inputs=(read,), sources=sources)
    return replace(_merged(running), inputs=(read,), waits=waits, sources=sources, events=events)


def _shown(frame: Frame) -> Frame:
    return frame._replace(function=printable(frame.function), file=printable(frame.file))


def _merged(profiles: list[Profile]) -> Profile:
    try:
        return merge_profiles(profiles)
    except ValueError as error:
        raise InputError(str(error), remedy=AS_WRITTEN) from None


class Counted(NamedTuple):
    """One pass, counted."""

    origin: Origin | None
    stacks: Counter[Stack]
    rate: int | None
    entries: int
    dropped: int
    notes: tuple[str, ...]

    @property
    def counts_waits(self) -> bool:
        """Whether it is of the kind that is never added to others."""
        return self.origin is not None and self.origin.mode == "wall"


def _counted(one: saved_form.SavedPass, table: Table) -> Counted:
    """Every sample of a pass."""
    intervals = _intervals(one.profiles)
    per_sample, notes = _scale(one.profiles, intervals, one.origin)
    stacks, entries, dropped = Counter[Stack](), 0, 0
    for profile in one.profiles:
        if isinstance(profile, dict) and profile.get("type") == "evented":
            times = times_of(profile, len(table.frames), table.damaged)
            frame_at = table.frames.__getitem__
            _place(stacks, profile, ((tuple(map(frame_at, path)), n) for path, n in times.stacks.items()))
            entries, dropped, notes = entries + len(times.stacks), dropped + times.dropped, (*notes, MILLISECONDS)
            continue
        counted = paths_of(profile, table.frames, table.damaged, _samples_of(profile, per_sample))
        entries, dropped = entries + counted.entries, dropped + counted.dropped
        if counted.entries:
            _place(stacks, profile, counted.paths)
    return Counted(one.origin, stacks, _rate(one.profiles, intervals), entries, dropped, notes)


def _profile(one: Counted, document: Object) -> Profile:
    origin = one.origin or Origin(_exporter(document), rate=one.rate, samples=one.stacks.total())
    return Profile(one.stacks, (origin,))


def _object(parent: Object, key: str) -> Object:
    value = parent.get(key)
    if not isinstance(value, dict):
        raise InputError(f'it has no object "{key}", as a speedscope document has', remedy=AS_WRITTEN)
    return value


def _list(parent: Object, key: str) -> list[Any]:
    value = parent.get(key)
    if not isinstance(value, list):
        raise InputError(f'it has no list "{key}", as a speedscope document has', remedy=AS_WRITTEN)
    return value


def _table(entries: list[Any]) -> Table:
    frames = [_frame(entry) for entry in entries]
    known: dict[Frame, Frame] = {}
    unique = [known.setdefault(frame, the_same(frame)) for frame in (frame or Frame("", "") for frame in frames)]
    return Table(unique, {place for place, frame in enumerate(frames) if frame is None})


def _frame(entry: Any) -> Frame | None:
    """A frame; None where the name or the file is no text. A line that is no number is "not recorded"."""
    if not isinstance(entry, dict):
        return None
    name, file, line = entry.get("name"), entry.get("file"), entry.get("line")
    if not isinstance(name, str) or not isinstance(file, str | None):
        return None
    return Frame(printable(name), printable(file or ""), line if type(line) is int and 0 < line < MAX_LINE else 0)


def _samples_of(profile: Any, per_sample: float | None) -> SamplesOf | None:
    """How many samples a weight stands for, if not every one stands for one."""
    if per_sample is None or not isinstance(profile, dict):
        return None
    scale = _seconds(profile) / per_sample
    return lambda weight: max(1, round(weight * scale))


def _place(stacks: Counter[Stack], profile: Object, paths: Iterable[tuple[Path, int]]) -> None:
    """Add these stacks, in the process and thread that the profile's name tells."""
    pid, thread = _thread(profile.get("name"))
    for path, count in paths:
        add_samples(stacks, stack_of(path, pid, thread), count)


def _thread(name: Any) -> tuple[int | None, str]:
    """The process and the thread's name, from a profile's name as py-spy forms it."""
    if not isinstance(name, str):
        return None, ""
    known = THREAD.match(name) or AUSTIN.match(name)
    if not known:
        return None, printable(name)
    return int(known[1]) if known[1] else None, printable(known[2])


def _seconds(profile: Object) -> float:
    unit = profile.get("unit")
    return SECONDS.get(unit, 1.0) if isinstance(unit, str) else 1.0


def _intervals(profiles: list[Any]) -> set[float]:
    """All different times that an entry stands for."""
    return {weight * _seconds(one) for one in profiles for weight in weights_of(one)}


def _scale(profiles: list[Any], intervals: set[float], origin: Origin | None) -> tuple[float | None, tuple[str, ...]]:
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
    rate = round(1 / interval) if interval * MAX_RATE >= 1 else 0  # the least floats have no inverse
    return rate or None


def _exporter(document: Object) -> str:
    """What wrote it: "py-spy 0.4.3"."""
    exporter = document.get("exporter")
    return printable(exporter).replace("@", " ", 1)[:MAX_EXPORTER] if isinstance(exporter, str) else "unknown"
