"""What a hook wrote to the calls it counted. The target's user can have written anything there: bounds hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

from asyncspy.guest.counting import FORMAT, MOST_CHAINS, MOST_FRAMES
from asyncspy.model.stacks import Event, Frame, Occurrences

LONGEST_NAME, LARGEST = 4_096, 10**12


class HookReport(NamedTuple):
    """The calls by their chains; over how many seconds; those beyond what is kept; those lost; chains not readable."""

    events: dict[Event, Occurrences]
    seconds: float
    beyond: int = 0
    lost: int = 0
    broken: int = 0

    @property
    def calls(self) -> int:
        """All that were counted."""
        return sum(each.times for each in self.events.values()) + self.beyond


def parse_report(data: bytes) -> HookReport | None:
    """What the file says; None where it is not what the hook writes."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.get("format") != FORMAT or not _is_count(told.get("seconds")):
        return None
    frames = [_frame(each) for each in _list(told.get("frames"))]
    chains = _list(told.get("chains"))[:MOST_CHAINS]
    events: dict[Event, Occurrences] = {}
    for event, times in _events(chains, frames):
        before = events.get(event)
        events[event] = times if before is None else _both(before, times)
    sound = sum(1 for _ in _events(chains, frames))
    beyond, lost = (int(number) if _is_count(number := told.get(name, 0)) else 0 for name in ("beyond", "lost"))
    return HookReport(events, float(told["seconds"]), beyond, lost, len(chains) - sound)


def _events(chains: list[Any], frames: list[Frame | None]) -> Iterator[tuple[Event, Occurrences]]:
    for chain in chains:
        if not isinstance(chain, list) or len(chain) != len(("times", "passed", "first", "last", "whole", "way")):
            continue
        times, passed, first, last, whole, way = chain
        if not all(map(_is_count, (times, first, last))) or type(times) is not int or times < 1:
            continue
        places = way if isinstance(way, list) and len(way) <= MOST_FRAMES else []
        known = [frames[at] for at in places if type(at) is int and 0 <= at < len(frames)]
        kept = tuple(frame for frame in known if frame is not None)
        if kept and len(kept) == len(places):
            event = Event("async-unsafe", kept, whole=whole is True, captured="passed" if passed is True else "raised")
            yield event, Occurrences(times, _moment(first), _moment(last))


def _both(one: Occurrences, other: Occurrences) -> Occurrences:
    times = sorted(time for time in (one.first, one.last, other.first, other.last) if time)
    return Occurrences(one.times + other.times, times[0], times[-1])


def _frame(told: object) -> Frame | None:
    if not isinstance(told, list) or len(told) != len(Frame._fields):
        return None
    function, file, line = told
    texts = isinstance(function, str) and isinstance(file, str) and max(len(function), len(file)) <= LONGEST_NAME
    if not texts or type(line) is not int or not 0 <= line <= LARGEST:
        return None
    return Frame(_plain(function), _plain(file), line)


def _plain(text: str) -> str:
    """As it is, unless it holds what no file can be written with."""
    return text.encode("utf-8", "replace").decode()


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_count(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= LARGEST


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(min(seconds, 4e9), timezone.utc).isoformat(timespec="seconds")
