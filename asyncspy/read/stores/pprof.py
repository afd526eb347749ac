"""Parse pprof, the protocol buffer that Pyroscope, Parca, Datadog and clouds' profilers keep and hand out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO, NamedTuple, TypeVar

from asyncspy.errors import InputError
from asyncspy.model.stacks import InputFile, Profile
from asyncspy.read.frame_names import notes_on_stacks, printable
from asyncspy.read.open_file import read_all
from asyncspy.read.stores import protobuf
from asyncspy.read.stores.protobuf import Value, content, fields, number, numbers, signed
from asyncspy.read.stores.samples import WRITE_TIME, Label, PlaceFrames, Samples, frame_named
from asyncspy.read.stores.value_types import NamedType, choose

T = TypeVar("T")

# The numbers of profile.proto's fields.
SAMPLE_TYPE, SAMPLE, LOCATION, FUNCTION, STRINGS, TIME, DURATION, PERIOD_TYPE, PERIOD = 1, 2, 4, 5, 6, 9, 10, 11, 12
PLACES, VALUES, LABELS = 1, 2, 3  # of a sample
KEY, TEXT, NUMBER = 1, 2, 3  # of a label
ID, LINES = 1, 4  # of a location; a function's is 1, too
NAME, SYSTEM_NAME, FILE = 2, 3, 4  # of a function


def read(stream: BinaryIO, path: str) -> Profile:
    """Read every sample of time; others in the same profile, such as those of locks, are none of ours."""
    parts = _split(read_all(stream))
    types = [_type(each, parts) for each in parts.messages(SAMPLE_TYPE)]
    period_type = next((_type(each, parts) for each in parts.messages(PERIOD_TYPE)), None)
    kind = choose(types, parts.number(PERIOD), period_type)
    if kind is None:
        said = ", ".join(sorted({each.name for each in types})) or "nothing"
        raise InputError(f"it is a profile of {said[:200]}, not of processor or wall time", remedy=WRITE_TIME)
    samples = Samples(kind, _frames_by_location(parts))
    for each in parts.messages(SAMPLE):
        samples.add(*_sample(each, parts))
    notes = (*kind.notes, *notes_on_stacks(samples.stacks))
    read_in = InputFile(path, "pprof", samples.entries, samples.dropped, notes)
    return Profile(samples.stacks, (samples.origin("pprof", parts.number(TIME), parts.number(DURATION)),), (read_in,))


class _Parts(NamedTuple):
    """The fields of a profile, still encoded, by their number; and its strings."""

    fields: Mapping[int, Sequence[Value]]
    strings: Sequence[str]

    def string(self, value: Value) -> str:
        """The string that a number refers to; an empty one where there is none."""
        place = number(value)
        return self.strings[place] if place < len(self.strings) else ""

    def messages(self, field: int) -> Iterator[bytes]:
        """All messages of a field."""
        return map(content, self.fields.get(field, ()))

    def number(self, field: int) -> int:
        """The last value of a field, 0 where it is left out."""
        values = self.fields.get(field, ())
        return signed(number(values[-1])) if values else 0


def _split(data: bytes) -> _Parts:
    found: dict[int, list[Value]] = {}
    for field, value in fields(data):
        found.setdefault(field, []).append(value)
    return _Parts(found, [printable(protobuf.text(each)) for each in found.pop(STRINGS, [])])


def _type(data: bytes, parts: _Parts) -> NamedType:
    named = dict(fields(data))
    return NamedType(parts.string(named.get(1, 0)), parts.string(named.get(2, 0)))


def _frames_by_location(parts: _Parts) -> dict[int, PlaceFrames]:
    functions = _by_id(parts, FUNCTION, lambda data: _function(data, parts))
    return _by_id(parts, LOCATION, lambda data: _lines(data, functions))


def _by_id(parts: _Parts, kind: int, parse: Callable[[bytes], T]) -> dict[int, T]:
    found = {}
    for each in parts.messages(kind):
        found[next((number(value) for field, value in fields(each) if field == ID), 0)] = parse(each)
    return found


def _function(data: bytes, parts: _Parts) -> tuple[str, str]:
    """Its name, or else its system's name, and its file."""
    named = dict(fields(data))
    name, system_name, file = (parts.string(named.get(field, 0)) for field in (NAME, SYSTEM_NAME, FILE))
    return name or system_name, file


def _lines(data: bytes, functions: Mapping[int, tuple[str, str]]) -> PlaceFrames:
    lines = [dict(fields(content(value))) for field, value in fields(data) if field == LINES]
    named = [(functions.get(number(line.get(1, 0)), ("", "")), number(line.get(2, 0))) for line in lines]
    return tuple(frame_named(name, file, line) for (name, file), line in named)


def _sample(data: bytes, parts: _Parts) -> tuple[list[int], list[int], dict[str, Label]]:
    """Its places from the leaf to the root, its values, and its labels."""
    places: list[int] = []
    values: list[int] = []
    labels: dict[str, Label] = {}
    for field, value in fields(data):
        if field == PLACES:
            places += numbers(value)
        elif field == VALUES:
            values += numbers(value)
        elif field == LABELS:
            label = dict(fields(content(value)))
            said = parts.string(label[TEXT]) if TEXT in label else number(label.get(NUMBER, 0))
            labels[parts.string(label.get(KEY, 0)).lower()] = said
    return places, values, labels
