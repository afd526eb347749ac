"""A profile to pprof's gzipped protocol buffer, as `go tool pprof` and continuous profilers take it.

The encoder is our own fifty lines: of the format only numbers, texts and messages are needed, and the protobuf package
would bring compiled code of three megabytes for them.
"""

from __future__ import annotations

import gzip

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
from asyncspy.export.protobuf import message, number, numbers, texts
from asyncspy.model.stacks import Frame, Profile


class Fields:
    """The numbers of profile.proto's fields."""

    SAMPLE_TYPE, SAMPLE, MAPPING, LOCATION, FUNCTION, STRINGS = 1, 2, 3, 4, 5, 6
    TIME, DURATION, PERIOD_TYPE, PERIOD, DEFAULT_TYPE = 9, 10, 11, 12, 14


def export(profile: Profile) -> bytes:
    """Samples, and where the rate is known the time that they stand for; process and thread are labels."""
    each = interval(profile)
    period = round(each * BILLION) if each else 0
    strings = Table("")
    functions, locations = Table(None), Table(None)
    kind = measured(profile)
    types = [("samples", "count"), *([(kind, "nanoseconds")] if period else [])]
    body = b"".join(
        _sample(thread, frames, weight, period, strings, locations)
        for thread in threads_of(profile)
        for frames, weight in thread.stacks
    )
    body += b"".join(message(Fields.SAMPLE_TYPE, _type(*one, strings)) for one in types)
    body += _places(locations, functions, strings)
    body += number(Fields.TIME, started(profile))
    body += number(Fields.DURATION, round(min(duration(profile.origins), LONGEST) * BILLION))
    if period:
        body += message(Fields.PERIOD_TYPE, _type(kind, "nanoseconds", strings)) + number(Fields.PERIOD, period)
    body += number(Fields.DEFAULT_TYPE, strings[types[-1][0]])
    body += texts(Fields.STRINGS, (str(text) for text in strings.numbers))
    return gzip.compress(body, mtime=0)


def _type(name: str, unit: str, strings: Table) -> bytes:
    return number(1, strings[name]) + number(2, strings[unit])


def _sample(
    thread: Thread, frames: tuple[Frame, ...], weight: int, period: int, strings: Table, locations: Table
) -> bytes:
    """Locations go from the leaf to the root."""
    weight = min(weight, LARGEST // max(period, 1))
    label = number(1, strings["thread"]) + number(2, strings[safe(thread.name)])
    content = numbers(1, (locations[frame] for frame in reversed(frames)))
    content += numbers(2, [weight, weight * period] if period else [weight])
    content += message(3, label) if thread.name else b""
    if thread.pid is not None:
        content += message(3, number(1, strings["pid"]) + number(3, thread.pid))
    return message(Fields.SAMPLE, content)


def _places(locations: Table, functions: Table, strings: Table) -> bytes:
    """One location for each line, one function for each name in a file; both are numbered from 1."""
    body = b""
    for frame, place in locations.numbers.items():
        if not isinstance(frame, Frame):
            continue
        line = number(1, functions[frame.function, frame.file]) + number(2, min(max(frame.line, 0), LARGEST_LINE))
        body += message(Fields.LOCATION, number(1, place) + message(4, line))
    for named, place in functions.numbers.items():
        if isinstance(named, tuple):
            name, file = (strings[safe(text)] for text in named)
            body += message(Fields.FUNCTION, number(1, place) + number(2, name) + number(3, name) + number(4, file))
    return body
