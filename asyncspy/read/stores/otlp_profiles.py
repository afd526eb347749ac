"""Parse OpenTelemetry's profiles, as collectors send and store them, into a `Profile`.

The definitions are those of opentelemetry-proto 1.45, where profiles are still called a development version. Everything
is named once, in a dictionary, and referred to by its place there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO, NamedTuple

from asyncspy.errors import InputError
from asyncspy.model.stacks import InputFile, Origin, Profile, Stack
from asyncspy.read.frame_names import notes_on_stacks, printable
from asyncspy.read.open_file import read_all
from asyncspy.read.stores import protobuf
from asyncspy.read.stores.protobuf import Value, content, fields, number, numbers
from asyncspy.read.stores.samples import WRITE_TIME, Label, PlaceFrames, Samples, frame_named
from asyncspy.read.stores.value_types import NamedType, choose

# The numbers of fields.
RESOURCES, DICTIONARY = 1, 2
LOCATIONS, FUNCTIONS, STRINGS, ATTRIBUTES, STACKS = 2, 3, 5, 6, 7  # of the dictionary
LINES = 3  # of a location
NAME, SYSTEM_NAME, FILE = 1, 2, 3  # of a function
TEXT, NUMBER = 1, 3  # of an attribute's value
RESOURCE, ATTRIBUTE_LIST, SCOPES, SCOPE_PROFILES = 1, 1, 2, 2  # of a resource, of one with profiles, of a scope
SAMPLE_TYPE, SAMPLES, TIME, DURATION, PERIOD_TYPE, PERIOD = 1, 2, 3, 4, 5, 6  # of a profile
STACK, SAMPLE_ATTRIBUTES, VALUES, MOMENTS = 1, 2, 4, 5  # of a sample

NOWHERE = -1


class _Dictionary(NamedTuple):
    """What samples refer to by number: the frames of locations, the locations of stacks, and attributes."""

    strings: Sequence[str]
    frames: Mapping[int, PlaceFrames]
    stacks: Sequence[Sequence[int]]
    attributes: Sequence[tuple[str, Label]]

    def named(self, value: Value) -> str:
        """The string that a number refers to; an empty one where there is none."""
        place = number(value)
        return self.strings[place] if place < len(self.strings) else ""

    def type(self, value: Value) -> NamedType:
        """A type of values."""
        named = dict(fields(content(value)))
        return NamedType(self.named(named.get(1, 0)), self.named(named.get(2, 0)))

    def labels(self, places: Sequence[int]) -> dict[str, Label]:
        """The attributes at these places."""
        return dict(self.attributes[place] for place in places if place < len(self.attributes))


def read(stream: BinaryIO, path: str) -> Profile:
    """Read the profiles of time in it; where some count waits and others do not, they are kept apart."""
    resources, dictionary = _split(read_all(stream))
    found = [one for resource in resources for one in _profiles_of(resource, dictionary)]
    if not found:
        raise InputError("none of its profiles is one of processor or wall time", remedy=WRITE_TIME)
    notes = dict.fromkeys(note for samples, _ in found for note in samples.kind.notes)
    stacks = notes_on_stacks(stack for samples, _ in found for stack in samples.stacks)
    entries, dropped = sum(each.entries for each, _ in found), sum(each.dropped for each, _ in found)
    read_in = InputFile(path, "OTLP profiles", entries, dropped, (*notes, *stacks))
    running = [each for each in found if each[1].mode != "wall"]
    waiting = [each for each in found if each[1].mode == "wall"]
    profile = _together(running or waiting)
    return replace(profile, inputs=(read_in,), waits=_together(waiting) if running and waiting else None)


def _together(found: Sequence[tuple[Samples, Origin]]) -> Profile:
    stacks = Counter[Stack]()
    for samples, _ in found:
        stacks.update(samples.stacks)
    return Profile(stacks, tuple(origin for _, origin in found))


def _split(data: bytes) -> tuple[list[bytes], _Dictionary]:
    """The profiles by resource, and the dictionary."""
    resources: list[bytes] = []
    encoded: dict[int, list[bytes]] = {}
    for field, value in fields(data):
        if field == RESOURCES:
            resources.append(content(value))
        elif field == DICTIONARY:
            for kind, entry in fields(content(value)):
                encoded.setdefault(kind, []).append(content(entry))
    strings = [printable(protobuf.text(each)) for each in encoded.get(STRINGS, [])]
    names = _Dictionary(strings, {}, [], [])
    functions = [_function(each, names) for each in encoded.get(FUNCTIONS, [])]
    frames = {place: _lines(each, functions) for place, each in enumerate(encoded.get(LOCATIONS, []))}
    stacks = [_numbers_in(each, 1) for each in encoded.get(STACKS, [])]
    return resources, _Dictionary(
        strings, frames, stacks, [_attribute(one, names) for one in encoded.get(ATTRIBUTES, [])]
    )


def _function(data: bytes, names: _Dictionary) -> tuple[str, str]:
    """Its name, or else its system's name, and its file."""
    named = dict(fields(data))
    name, system_name, file = (names.named(named.get(field, 0)) for field in (NAME, SYSTEM_NAME, FILE))
    return name or system_name, file


def _lines(data: bytes, functions: Sequence[tuple[str, str]]) -> PlaceFrames:
    lines = [dict(fields(content(value))) for field, value in fields(data) if field == LINES]
    places = [(number(line.get(1, 0)), number(line.get(2, 0))) for line in lines]
    named = [(functions[place] if place < len(functions) else ("", ""), line) for place, line in places]
    return tuple(frame_named(name, file, line) for (name, file), line in named)


def _attribute(data: bytes, names: _Dictionary) -> tuple[str, Label]:
    parts = dict(fields(data))
    value = dict(fields(content(parts.get(2, b""))))
    return names.named(parts.get(1, 0)), printable(protobuf.text(value[TEXT])) if TEXT in value else number(
        value.get(NUMBER, 0)
    )


def _numbers_in(data: bytes, wanted: int) -> list[int]:
    """All numbers of a field that repeats, packed or not."""
    return [one for field, value in fields(data) if field == wanted for one in numbers(value)]


def _profiles_of(resource: bytes, names: _Dictionary) -> Iterator[tuple[Samples, Origin]]:
    """The profiles of time of one resource, and where each comes from."""
    parts = list(fields(resource))
    said = [one for field, value in parts if field == RESOURCE for one in _messages(value, ATTRIBUTE_LIST)]
    attributes = dict(map(_resource_attribute, said))
    for profile in (one for field, value in parts if field == SCOPES for one in _messages(value, SCOPE_PROFILES)):
        found: dict[int, list[Value]] = {}
        for field, value in fields(profile):
            found.setdefault(field, []).append(value)
        period_type = names.type(found[PERIOD_TYPE][-1]) if PERIOD_TYPE in found else None
        kind = choose([names.type(one) for one in found.get(SAMPLE_TYPE, [])], _last(found, PERIOD), period_type)
        if kind is not None:
            samples = Samples(kind, names.frames)
            for one in map(content, found.get(SAMPLES, [])):
                _add(one, samples, names, attributes)
            began = int.from_bytes(content(found.get(TIME, [b""])[-1]), "little")
            host = str(attributes.get("host.name") or "") or None
            yield samples, samples.origin("OTLP", began, _last(found, DURATION), host)


def _last(found: Mapping[int, Sequence[Value]], field: int) -> int:
    return number(found[field][-1]) if field in found else 0


def _add(data: bytes, samples: Samples, names: _Dictionary, attributes: Mapping[str, Label]) -> None:
    stack = next((number(value) for field, value in fields(data) if field == STACK), 0)
    places = names.stacks[stack] if stack < len(names.stacks) else [NOWHERE]
    labels = {**attributes, **names.labels(_numbers_in(data, SAMPLE_ATTRIBUTES))}
    samples.add(places, _numbers_in(data, VALUES) or [_moments_in(data)], labels)


def _moments_in(data: bytes) -> int:
    """How often it was seen, where it has the time of each sample instead of values."""
    return sum(len(content(value)) // 8 for field, value in fields(data) if field == MOMENTS)


def _messages(data: Value, wanted: int) -> list[bytes]:
    return [content(value) for field, value in fields(content(data)) if field == wanted]


def _resource_attribute(data: bytes) -> tuple[str, Label]:
    """An attribute of a resource, which is spelt out."""
    parts = dict(fields(data))
    value = dict(fields(content(parts.get(2, b""))))
    text = printable(protobuf.text(value[TEXT])) if TEXT in value else number(value.get(NUMBER, 0))
    return protobuf.text(parts.get(1, b"")), text
