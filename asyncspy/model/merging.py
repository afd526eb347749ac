"""Merge profiles one after the other: of a thousand recordings, only what each adds is kept."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import replace

from asyncspy.model.stacks import Event, MergedPart, Occurrences, Origin, Profile, Stack

MAX_ARRAY_WEIGHT = 2**63 - 1


class ProfileSum:
    """A sum of profiles that grows as they are added."""

    def __init__(self) -> None:
        self._profiles: list[Profile] = []
        """What was added, without its stacks."""
        self._single: Mapping[Stack, int] | None = None
        """The stacks of the first profile until there is a second, which is rare: they need not be counted then."""
        self._places: dict[Stack, int] = {}
        self._weights: list[int] = []
        self._parts: list[MergedPart] = []

    def __bool__(self) -> bool:
        """Whether anything was added."""
        return bool(self._profiles)

    def add(self, profile: Profile) -> None:
        """Add a profile."""
        if not self._profiles:
            self._single = profile.stacks
        else:
            if self._single is not None:
                self._count(self._single, self._profiles[0].origins)
                self._single = None
            self._count(profile.stacks, profile.origins)
        self._profiles.append(replace(profile, stacks={}, parts=()))

    def _count(self, stacks: Mapping[Stack, int], origins: tuple[Origin, ...]) -> None:
        """Look up each stack only once: hashing it is most of the cost."""
        places, weights = self._places, self._weights
        part = MergedPart(origins, array("L"), array("Q"))
        for stack, weight in stacks.items():
            place = places.setdefault(stack, len(weights))
            if place == len(weights):
                weights.append(weight)
            else:
                weights[place] += weight
            part.places.append(place)
            part.weights.append(min(weight, MAX_ARRAY_WEIGHT))
        self._parts.append(part)

    def profile(self) -> Profile:
        """Return the sum. Raises ValueError if samples of different modes were added: they measure different things."""
        modes = {mode for profile in self._profiles for mode in profile.modes}
        if len(modes) > 1:
            raise ValueError(f"samples of the modes {' and '.join(sorted(modes))} cannot be added together")
        sources: dict[str, dict[int, str]] = {}
        waits = ProfileSum()
        for profile in self._profiles:
            for file, lines in profile.sources.items():  # if two lines differ, the first recording's is kept
                sources[file] = {**lines, **sources.get(file, {})}
            if profile.waits is not None:
                waits.add(profile.waits)
        return Profile(
            dict(zip(self._places, self._weights, strict=True)) if self._single is None else self._single,
            tuple(origin for profile in self._profiles for origin in profile.origins),
            tuple(file for profile in self._profiles for file in profile.inputs),
            merge_events(profile.events for profile in self._profiles),
            tuple(dump for profile in self._profiles for dump in profile.dumps),
            waits.profile() if waits else None,
            sources,
            tuple(self._parts),
        )


def merge_profiles(profiles: Iterable[Profile]) -> Profile:
    """Add profiles up. Raises ValueError if they were sampled in different modes."""
    total = ProfileSum()
    for profile in profiles:
        total.add(profile)
    return total.profile()


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
