"""Convert counted calls to their saved form and back; each frame is saved once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asyncspy.model.stacks import Event, Frame, Occurrences
from asyncspy.recording.saved_values import frame_of, frames_at, is_count, list_or_empty

MAX_CHAINS = 100_000


def encode(events: Mapping[Event, Occurrences]) -> dict[str, Any]:
    """A table of frames, and the chains as places in it."""
    places: dict[Frame, int] = {}
    chains = []
    for event, occurrences in events.items():
        numbers = [places.setdefault(frame, len(places)) for frame in event.frames]
        chains.append([event.captured, event.whole, *occurrences, numbers])
    return {"frames": list(map(list, places)), "chains": chains}


def decode(saved: object) -> tuple[dict[Event, Occurrences], int]:
    """The sound events, and how many were not sound."""
    if not isinstance(saved, dict):
        return {}, 0
    frames = [frame_of(each) for each in list_or_empty(saved.get("frames"))]
    chains = list_or_empty(saved.get("chains"))[:MAX_CHAINS]
    sound = [event for chain in chains if (event := _event(chain, frames)) is not None]
    return dict(sound), len(chains) - len(sound)


def _event(chain: object, table: Sequence[Frame | None]) -> tuple[Event, Occurrences] | None:
    match chain:
        case ["raised" | "passed" as how, whole, times, None | str() as first, None | str() as last, list(numbers)]:
            frames = frames_at(numbers, table)
            if frames and is_count(times) and times > 0:
                event = Event("async-unsafe", frames, whole=whole is True, captured=how)
                return event, Occurrences(times, first, last)
    return None
