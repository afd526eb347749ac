"""Write a profile as pprof's gzipped protocol buffer, as `go tool pprof` and continuous profilers take it."""

from __future__ import annotations

import gzip

from asyncspy.export.by_thread import MAX_INT64, ExportedProfile, ExportedThread, Numbering, escaped, line_number
from asyncspy.export.protobuf import message, number, numbers, texts
from asyncspy.model.stacks import Frame, Profile

# The numbers of profile.proto's fields.
SAMPLE_TYPE, SAMPLE, LOCATION, FUNCTION, STRINGS = 1, 2, 4, 5, 6
TIME, DURATION, PERIOD_TYPE, PERIOD, DEFAULT_TYPE = 9, 10, 11, 12, 14


class _Tables:
    """What samples refer to by number; locations and functions are numbered from 1."""

    def __init__(self) -> None:
        self.strings = Numbering("")
        self.locations = Numbering[Frame](start=1)
        self.functions = Numbering[tuple[str, str]](start=1)


def export(profile: Profile) -> bytes:
    """Samples, and where the rate is known the time that they stand for; process and thread are labels."""
    exported = ExportedProfile(profile)
    period = exported.interval_nanoseconds
    tables = _Tables()
    kinds = [("samples", "count"), *([(exported.clock, "nanoseconds")] if period else [])]
    samples = [
        _sample(thread, frames, weight, period, tables)
        for thread in exported.threads
        for frames, weight in thread.stacks
    ]
    types = [_type(*kind, tables) for kind in kinds]
    body = b"".join(message(SAMPLE, one) for one in samples) + b"".join(message(SAMPLE_TYPE, one) for one in types)
    body += _places(tables)
    body += number(TIME, exported.start_nanoseconds) + number(DURATION, exported.duration_nanoseconds)
    if period:
        body += message(PERIOD_TYPE, types[-1]) + number(PERIOD, period)
    body += number(DEFAULT_TYPE, tables.strings[kinds[-1][0]])
    return gzip.compress(body + texts(STRINGS, tables.strings.numbers), mtime=0)


def _type(name: str, unit: str, tables: _Tables) -> bytes:
    return number(1, tables.strings[name]) + number(2, tables.strings[unit])


def _sample(thread: ExportedThread, frames: tuple[Frame, ...], weight: int, period: int, tables: _Tables) -> bytes:
    """Locations go from the leaf to the root."""
    weight = min(weight, MAX_INT64 // max(period, 1))
    strings = tables.strings
    label = number(1, strings["thread"]) + number(2, strings[escaped(thread.name)])
    content = numbers(1, (tables.locations[frame] for frame in reversed(frames)))
    content += numbers(2, [weight, weight * period] if period else [weight])
    content += message(3, label) if thread.name else b""
    if thread.pid is not None:
        content += message(3, number(1, strings["pid"]) + number(3, thread.pid))
    return content


def _places(tables: _Tables) -> bytes:
    """One location for each line, one function for each name in a file."""
    body = b""
    for frame, place in tables.locations.numbers.items():
        line = number(1, tables.functions[frame.function, frame.file]) + number(2, line_number(frame))
        body += message(LOCATION, number(1, place) + message(4, line))
    for names, place in tables.functions.numbers.items():
        name, file = (tables.strings[escaped(text)] for text in names)
        body += message(FUNCTION, number(1, place) + number(2, name) + number(3, name) + number(4, file))
    return body
