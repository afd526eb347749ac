"""Takes a speedscope document, by py-spy, another exporter, or saved by asyncspy; gives a `Profile`.

py-spy writes one `sampled` profile per thread; each weight is the time between two samples, so an entry is one sample.
Others (pyinstrument) write `evented` ones, which `evented` replays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Set
from itertools import zip_longest
from typing import Any, NamedTuple

from asyncspy import recording
from asyncspy.errors import InputError
from asyncspy.model import Frame, Input, Origin, Profile, Stack
from asyncspy.read.evented import MILLISECONDS, Places, times_of
from asyncspy.read.json_text import AS_WRITTEN, decode
from asyncspy.read.names import printable, stack_of, what_is_missing

MARKS = (b"speedscope.app/", f'"{recording.KEY}"'.encode(), b'"profiles"', b'"shared"')
THREAD = re.compile(r'(?:Process ([0-9]{1,10}) )?Thread \S+ "(.*)"\Z', re.DOTALL)
AUSTIN = re.compile(r"(?:Wall|CPU) time profile for ([0-9]{1,10}):[0-9]{1,6}:([0-9A-Fa-f]{1,20})\Z")
SECONDS = {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}
MAX_LINE = 10**9
MAX_WEIGHT = 1e12
MAX_RATE = 1_000_000
MAX_EXPORTER = 80

NO_SAMPLES = "the recording holds no samples"
COUNTED_ONCE = "its weights differ and its rate is not known: every entry counts as one sample"

Object = dict[str, Any]


class Table(NamedTuple):
    """The frames that samples point at, and the places of those that are damaged."""

    frames: list[Frame]
    damaged: Set[int]


class Entry(NamedTuple):
    """One sound sample: places in the table, root first, and its weight in its profile's unit."""

    places: tuple[int, ...]
    weight: float


def sniff(head: bytes) -> bool:
    """A JSON object with one of the keys that such a document opens with."""
    return head.lstrip().startswith(b"{") and any(mark in head for mark in MARKS)


def read(data: bytes, path: str) -> Profile:
    """Every entry that is sound; the others are counted as dropped."""
    document = _decode(data)
    origin = recording.extract(document)
    profiles = _list(document, "profiles")
    table = _table(_list(_object(document, "shared"), "frames") if profiles else [])
    intervals = _intervals(profiles)
    per_sample, note = _scale(profiles, intervals, origin)
    stacks, entries, dropped, evented = Counter[Stack](), 0, 0, False
    for profile in profiles:
        if isinstance(profile, dict) and profile.get("type") == "evented":
            times = times_of(profile, len(table.frames), table.damaged)
            stacks.update(_placed(profile, times.stacks, table))
            entries, dropped, evented = entries + len(times.stacks), dropped + times.dropped, True
            continue
        sound, lost = _entries(profile, table)
        entries, dropped = entries + len(sound), dropped + lost
        if sound:
            stacks.update(_counts(profile, sound, table, per_sample))
    if dropped and not entries:
        raise InputError(f"none of its {dropped:,} samples can be used", remedy=AS_WRITTEN)
    note = (*note, *([MILLISECONDS] if evented else []))
    notes = (*note, *([] if entries else [NO_SAMPLES]), *what_is_missing(table.frames))
    origin = origin or Origin(_exporter(document), rate=_rate(profiles, intervals), samples=stacks.total())
    return Profile(stacks, (origin,), (Input(path, "speedscope", entries, dropped, notes),))


def _decode(data: bytes) -> Object:
    document = decode(data)
    if not isinstance(document, dict):
        raise InputError("its JSON is not an object", remedy=AS_WRITTEN)
    return document


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
    unique = [known.setdefault(frame, frame) for frame in (frame or Frame("", "") for frame in frames)]
    return Table(unique, {place for place, frame in enumerate(frames) if frame is None})


def _frame(entry: Any) -> Frame | None:
    """A frame; None where the name or the file is no text. A line that is no number is "not recorded"."""
    if not isinstance(entry, dict):
        return None
    name, file, line = entry.get("name"), entry.get("file"), entry.get("line")
    if not isinstance(name, str) or not isinstance(file, str | None):
        return None
    return Frame(printable(name), printable(file or ""), line if type(line) is int and 0 < line < MAX_LINE else 0)


def _entries(profile: Any, table: Table) -> tuple[list[Entry], int]:
    """The sound samples of one thread's profile, and how many are not."""
    if not isinstance(profile, dict) or not isinstance(samples := profile.get("samples"), list):
        return [], 1
    weights = profile.get("weights")
    pairs = list(zip_longest(samples, weights if isinstance(weights, list) else ()))
    sound = [Entry(tuple(sample), weight) for sample, weight in pairs if _is_weight(weight) and _fits(sample, table)]
    return sound, len(pairs) - len(sound)


def _fits(sample: Any, table: Table) -> bool:
    """Whether each place is in the table: -1 would be its last frame, and True its second."""
    if type(sample) is not list or not set(map(type, sample)) <= {int}:
        return False
    in_range = not sample or (min(sample) >= 0 and max(sample) < len(table.frames))
    return in_range and table.damaged.isdisjoint(sample)


def _is_weight(weight: Any) -> bool:
    return type(weight) in (int, float) and 0 < weight < MAX_WEIGHT  # NaN is neither


def _counts(profile: Object, entries: list[Entry], table: Table, per_sample: float | None) -> Counter[Stack]:
    """The stacks of one thread; without an interval every entry is one sample."""
    places = Counter[Places]()
    for entry in entries:
        seconds = entry.weight * _seconds(profile)
        places[entry.places] += max(1, round(seconds / per_sample)) if per_sample else 1
    return _placed(profile, places, table)


def _placed(profile: Object, places: Counter[Places], table: Table) -> Counter[Stack]:
    """The stacks that these places in the table stand for."""
    pid, thread = _thread(profile.get("name"))
    counts = Counter[Stack]()
    for path, count in places.items():
        counts[stack_of(tuple(table.frames[place] for place in path), pid, thread)] += count
    return counts


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
    sound = [one for one in profiles if isinstance(one, dict) and isinstance(one.get("weights"), list)]
    return {weight * _seconds(one) for one in sound for weight in one["weights"] if _is_weight(weight)}


def _scale(profiles: list[Any], intervals: set[float], origin: Origin | None) -> tuple[float | None, tuple[str, ...]]:
    """The time that one sample stands for, where entries stand for several; and a note where it is not known."""
    if len(intervals) <= 1:
        return None, ()
    if origin and origin.rate and origin.rate > 0:
        return 1 / origin.rate, ()
    if all(isinstance(one, dict) and one.get("unit") == "none" for one in profiles):
        return 1.0, ()
    return None, (COUNTED_ONCE,)


def _rate(profiles: list[Any], intervals: set[float]) -> int | None:
    """Samples per second, where all entries stand for the same time."""
    timed = all(isinstance(one, dict) and one.get("unit") != "none" for one in profiles)
    rate = round(1 / max(intervals)) if len(intervals) == 1 and timed else 0
    return rate if 0 < rate <= MAX_RATE else None


def _exporter(document: Object) -> str:
    """What wrote it: "py-spy 0.4.3"."""
    exporter = document.get("exporter")
    return printable(exporter).replace("@", " ", 1)[:MAX_EXPORTER] if isinstance(exporter, str) else "unknown"
