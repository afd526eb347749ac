"""Add up what several logs or counts say of the same event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from asyncspy.model.stacks import Event, Occurrences


def merge_events(parts: Iterable[Mapping[Event, Occurrences]]) -> dict[Event, Occurrences]:
    """Add up the events of several logs or counts."""
    events: dict[Event, Occurrences] = {}
    for part in parts:
        for event, occurrences in part.items():
            events[event] = merge_occurrences(events.get(event), occurrences)
    return events


def merge_occurrences(before: Occurrences | None, now: Occurrences) -> Occurrences:
    """Add up two counts. Logs may be read in any order, so times that can be sorted (2026-11-21…) are."""
    if before is None:
        return now
    times = [time for time in (before.first, before.last, now.first, now.last) if time]
    ordered = sorted(times) if all(time[:4].isdigit() for time in times) else times
    return Occurrences(before.times + now.times, *((ordered[0], ordered[-1]) if ordered else ()))
