"""Write a profile as OpenTelemetry's protocol buffer, as collectors take it under /v1development/profiles.

The format is still called a development version by its authors: these are the definitions of opentelemetry-proto 1.45.
Everything is named once, in a dictionary whose first entry of each kind is empty, and referred to by its place there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from asyncspy import __version__
from asyncspy.export.by_thread import MAX_INT64, ExportedProfile, ExportedThread, Numbering, escaped, line_number
from asyncspy.export.protobuf import fixed64, message, number, numbers, texts, varint
from asyncspy.model.stacks import Frame, Profile

# The numbers of the dictionary's fields.
MAPPINGS, LOCATIONS, FUNCTIONS, LINKS, STRINGS, ATTRIBUTES, STACKS = range(1, 8)


class _Dictionary:
    """What samples refer to by number; 0 is the empty entry of each kind."""

    def __init__(self) -> None:
        self.strings = Numbering("")
        self.stacks = Numbering[tuple[Frame, ...]](start=1)
        self.locations = Numbering[Frame](start=1)
        self.functions = Numbering[Frame](start=1)
        self.attributes = Numbering[tuple[str, str | int]](start=1)

    def encoded(self) -> bytes:
        """All of it, in the order in which one kind names the next: the strings are known last."""
        body = _entries(STACKS, (self._stack(one) for one in self.stacks.numbers))
        body += _entries(LOCATIONS, (self._location(one) for one in self.locations.numbers))
        body += _entries(FUNCTIONS, (self._function(one) for one in self.functions.numbers))
        body += _entries(ATTRIBUTES, (self._attribute(*one) for one in self.attributes.numbers))
        body += _entries(MAPPINGS, ()) + _entries(LINKS, ())
        return body + texts(STRINGS, self.strings.numbers)

    def _stack(self, frames: tuple[Frame, ...]) -> bytes:
        """From the leaf to the root."""
        return numbers(1, (self.locations[frame] for frame in reversed(frames)))

    def _location(self, frame: Frame) -> bytes:
        return message(3, number(1, self.functions[frame._replace(line=0)]) + number(2, line_number(frame)))

    def _function(self, frame: Frame) -> bytes:
        return number(1, self.strings[escaped(frame.function)]) + number(3, self.strings[escaped(frame.file)])

    def _attribute(self, key: str, value: str | int) -> bytes:
        return number(1, self.strings[key]) + message(2, _value(value))


def _entries(field: int, entries: Iterable[bytes]) -> bytes:
    """The entries of one kind, after the empty one."""
    return b"".join(message(field, one) for one in [b"", *entries])


def export(profile: Profile) -> bytes:
    """Samples are counted; how long one stands for is the period. Process and thread are attributes of each."""
    names, exported = _Dictionary(), ExportedProfile(profile)
    period = exported.interval_nanoseconds
    body = b"".join(
        _sample(thread, frames, weight, names) for thread in exported.threads for frames, weight in thread.stacks
    )
    body += message(1, _type("samples", "count", names))
    body += fixed64(3, exported.start_nanoseconds) + number(4, exported.duration_nanoseconds)
    if period:
        body += message(5, _type(exported.clock, "nanoseconds", names)) + number(6, period)
    scope = message(1, b"asyncspy") + message(2, __version__.encode())
    attributes = [message(1, key.encode()) + message(2, _value(text)) for key, text in _resource(profile)]
    resource = b"".join(message(1, one) for one in attributes)
    of_resource = message(1, resource) + message(2, message(1, scope) + message(2, body))
    return message(1, of_resource) + message(2, names.encoded())


def _type(name: str, unit: str, names: _Dictionary) -> bytes:
    return number(1, names.strings[name]) + number(2, names.strings[unit])


def _sample(thread: ExportedThread, frames: tuple[Frame, ...], weight: int, names: _Dictionary) -> bytes:
    attributes: list[tuple[str, str | int]] = [("thread.name", escaped(thread.name))] if thread.name else []
    attributes += [("process.pid", thread.pid)] if thread.pid is not None else []
    content = number(1, names.stacks[frames]) + numbers(2, (names.attributes[one] for one in attributes))
    return message(2, content + numbers(4, [min(weight, MAX_INT64)]))


def _value(value: str | int) -> bytes:
    """A text or a number. A number of 0 is written, too: which of the two it is would not be known else."""
    return message(1, value.encode()) if isinstance(value, str) else varint(3 << 3) + varint(value)


def _resource(profile: Profile) -> Iterator[tuple[str, str]]:
    """What all recordings have in common: the app, the host, Python's version."""
    targets = [origin.target for origin in profile.origins]
    common = {
        "service.name": {target.app if target else None for target in targets},
        "host.name": {origin.host for origin in profile.origins},
        "process.runtime.version": {target.python if target else None for target in targets},
    }
    for key, values in common.items():
        value = values.pop() if len(values) == 1 else None
        if value:
            yield key, escaped(value)
