"""A profile to OpenTelemetry's protocol buffer, as collectors take it under /v1development/profiles: not packed.

The format is still called a development version by its authors: these are the definitions of opentelemetry-proto 1.45.
Everything is named once, in a dictionary whose first entry of each kind is empty, and is meant by its place there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from asyncspy import __version__
from asyncspy.export.by_thread import (
    BILLION,
    LARGEST,
    LARGEST_LINE,
    LONGEST,
    Table,
    Thread,
    duration,
    interval,
    measured,
    safe,
    started,
    threads_of,
)
from asyncspy.export.protobuf import fixed64, message, number, numbers, texts, varint
from asyncspy.model.stacks import Frame, Profile


class Attribute(NamedTuple):
    """Something that is told of samples."""

    key: str
    value: str | int


class Path(NamedTuple):
    """The frames of a stack, from the root to the leaf."""

    frames: tuple[Frame, ...]


class Dictionary:
    """What samples refer to by number; the first of each kind is the empty one."""

    MAPPINGS, LOCATIONS, FUNCTIONS, LINKS, STRINGS, ATTRIBUTES, STACKS = range(1, 8)

    def __init__(self) -> None:
        self.strings = Table("")
        self.stacks, self.locations, self.functions, self.attributes = (Table(None) for _ in range(4))

    def written(self) -> bytes:
        """All of it, in the order in which one kind names the next: the strings are known last."""
        entries = {
            self.STACKS: [_stack(one, self) for one in self.stacks.numbers if isinstance(one, Path)],
            self.LOCATIONS: [_location(one, self) for one in self.locations.numbers if isinstance(one, Frame)],
            self.FUNCTIONS: [_function(one, self) for one in self.functions.numbers if isinstance(one, Frame)],
            self.ATTRIBUTES: [_attribute(one, self) for one in self.attributes.numbers if isinstance(one, Attribute)],
            self.MAPPINGS: [],
            self.LINKS: [],
        }
        body = b"".join(message(field, one) for field, kind in entries.items() for one in [b"", *kind])
        return body + texts(self.STRINGS, (str(text) for text in self.strings.numbers))


def _stack(path: Path, names: Dictionary) -> bytes:
    """From the leaf to the root."""
    return numbers(1, (names.locations[frame] for frame in reversed(path.frames)))


def _location(frame: Frame, names: Dictionary) -> bytes:
    function = names.functions[frame._replace(line=0)]
    return message(3, number(1, function) + number(2, min(max(frame.line, 0), LARGEST_LINE)))


def _function(frame: Frame, names: Dictionary) -> bytes:
    return number(1, names.strings[safe(frame.function)]) + number(3, names.strings[safe(frame.file)])


def _attribute(attribute: Attribute, names: Dictionary) -> bytes:
    return number(1, names.strings[attribute.key]) + message(2, _value(attribute.value))


def export(profile: Profile) -> bytes:
    """Samples are counted; how long one stands for is the period. Process and thread are attributes of each."""
    names = Dictionary()
    each = interval(profile)
    body = b"".join(
        _sample(thread, frames, weight, names) for thread in threads_of(profile) for frames, weight in thread.stacks
    )
    body += message(1, _type("samples", "count", names))
    body += fixed64(3, started(profile)) + number(4, round(min(duration(profile.origins), LONGEST) * BILLION))
    if each:
        body += message(5, _type(measured(profile), "nanoseconds", names)) + number(6, round(each * BILLION))
    scope = message(1, b"asyncspy") + message(2, __version__.encode())
    resource = b"".join(message(1, message(1, key.encode()) + message(2, _value(text))) for key, text in _told(profile))
    of_resource = message(1, resource) + message(2, message(1, scope) + message(2, body))
    return message(1, of_resource) + message(2, names.written())


def _type(name: str, unit: str, names: Dictionary) -> bytes:
    return number(1, names.strings[name]) + number(2, names.strings[unit])


def _sample(thread: Thread, frames: tuple[Frame, ...], weight: int, names: Dictionary) -> bytes:
    told = [Attribute("thread.name", safe(thread.name))] if thread.name else []
    told += [Attribute("process.pid", thread.pid)] if thread.pid is not None else []
    content = number(1, names.stacks[Path(frames)]) + numbers(2, (names.attributes[one] for one in told))
    return message(2, content + numbers(4, [min(weight, LARGEST)]))


def _value(value: str | int) -> bytes:
    """A text or a number. A number of 0 is written, too: which of the two it is would not be known else."""
    return message(1, value.encode()) if isinstance(value, str) else varint(3 << 3) + varint(value)


def _told(profile: Profile) -> Iterable[tuple[str, str]]:
    """What all recordings have in common: the app, the host, Python's version."""
    targets = [origin.target for origin in profile.origins]
    common = {
        "service.name": {target.app if target else None for target in targets},
        "host.name": {origin.host for origin in profile.origins},
        "process.runtime.version": {target.python if target else None for target in targets},
    }
    for key, values in common.items():
        said = next(iter(values)) if len(values) == 1 else None
        if said:
            yield key, safe(said)
