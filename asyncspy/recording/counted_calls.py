"""Counted calls to their saved form in a recording, and back; frames are named once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from asyncspy.model.stacks import Event, Frame, Occurrences

MOST_CHAINS, LARGEST = 100_000, 10**12

HOW: dict[str, Literal["raised", "passed"]] = {"raised": "raised", "passed": "passed"}


def saved(events: Mapping[Event, Occurrences]) -> dict[str, Any]:
    """As JSON has it: a table of frames, and the chains as places in it."""
    places: dict[Frame, int] = {}
    chains = []
    for event, times in events.items():
        way = [places.setdefault(frame, len(places)) for frame in event.frames]
        chains.append([event.captured, event.whole, *times, way])
    return {"frames": list(map(list, places)), "chains": chains}


def read_back(told: object) -> tuple[dict[Event, Occurrences], int]:
    """The events, as far as they are sound, and how many were not."""
    if not isinstance(told, dict):
        return {}, 0
    frames = [_frame(each) for each in _list(told.get("frames"))]
    chains = _list(told.get("chains"))[:MOST_CHAINS]
    found = list(_events(chains, frames))
    return dict(found), len(chains) - len(found)


def _events(chains: list[Any], frames: list[Frame | None]) -> Iterator[tuple[Event, Occurrences]]:
    for chain in chains:
        if not isinstance(chain, list) or len(chain) != len(("how", "whole", *Occurrences._fields, "way")):
            continue
        how, whole, times, first, last, way = chain
        kept = _kept(_list(way), frames)
        told = isinstance(how, str) and how in HOW and type(times) is int and 0 < times <= LARGEST
        if kept and told and isinstance(first, str | None) and isinstance(last, str | None):
            yield Event("async-unsafe", kept, whole=whole is True, captured=HOW[how]), Occurrences(times, first, last)


def _kept(way: list[Any], frames: list[Frame | None]) -> tuple[Frame, ...]:
    """The frames at these places; none where one is missing."""
    found = [frames[at] if type(at) is int and 0 <= at < len(frames) else None for at in way]
    sound = tuple(frame for frame in found if frame is not None)
    return sound if len(sound) == len(found) else ()


def _frame(told: object) -> Frame | None:
    if not isinstance(told, list) or len(told) != len(Frame._fields):
        return None
    function, file, line = told
    fits = isinstance(function, str) and isinstance(file, str) and type(line) is int and 0 <= line <= LARGEST
    return Frame(function, file, line) if fits else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
