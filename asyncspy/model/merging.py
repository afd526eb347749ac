"""Profiles to their sum, one after the other: of a thousand recordings none is kept but what it adds."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping

from asyncspy.model.stacks import Event, MergedPart, Occurrences, Origin, Profile, SamplingMode, Stack

LARGEST = 2**63 - 1


class ProfileSum:
    """A profile that grows. Samples of different modes measure different things: their sum is a ValueError."""

    def __init__(self) -> None:
        self._only: Mapping[Stack, int] | None = None
        """The stacks of the first, until there is another: mostly there is none, and they are added up as they are."""
        self._places: dict[Stack, int] = {}
        self._weights: list[int] = []
        self._parts: list[MergedPart] = []
        self._profiles: list[Profile] = []
        """What was added, without its stacks."""

    def __bool__(self) -> bool:
        """Whether anything was added."""
        return bool(self._profiles)

    def add(self, profile: Profile) -> None:
        """Count it."""
        if not self._profiles:
            self._only = profile.stacks
        else:
            if self._only is not None:
                self._count(self._only, self._profiles[0].origins)
                self._only = None
            self._count(profile.stacks, profile.origins)
        self._profiles.append(_without_stacks(profile))

    def _count(self, stacks: Mapping[Stack, int], origins: tuple[Origin, ...]) -> None:
        """A stack's hash is most of what this costs: each is looked up once."""
        places, weights = self._places, self._weights
        part = MergedPart(origins, array("L"), array("Q"))
        for stack, weight in stacks.items():
            place = places.setdefault(stack, len(weights))
            if place == len(weights):
                weights.append(weight)
            else:
                weights[place] += weight
            part.places.append(place)
            part.weights.append(min(weight, LARGEST))
        self._parts.append(part)

    def profile(self) -> Profile:
        """All that was added."""
        _refuse_two_modes(self._profiles)
        sources: dict[str, dict[int, str]] = {}
        waits = ProfileSum()
        for one in self._profiles:
            for file, lines in one.sources.items():  # of two lines that differ, the first's
                sources[file] = {**lines, **sources.get(file, {})}
            if one.waits is not None:
                waits.add(one.waits)
        return Profile(
            dict(zip(self._places, self._weights, strict=True)) if self._only is None else self._only,
            tuple(origin for one in self._profiles for origin in one.origins),
            tuple(read for one in self._profiles for read in one.inputs),
            merge_events(one.events for one in self._profiles),
            tuple(dump for one in self._profiles for dump in one.dumps),
            waits.profile() if waits else None,
            sources,
            tuple(self._parts),
        )


def merge_profiles(profiles: Iterable[Profile]) -> Profile:
    """Add profiles up; ValueError where they are of different modes."""
    whole = ProfileSum()
    for profile in profiles:
        whole.add(profile)
    return whole.profile()


def _without_stacks(profile: Profile) -> Profile:
    return Profile({}, profile.origins, profile.inputs, profile.events, profile.dumps, profile.waits, profile.sources)


def _refuse_two_modes(profiles: Iterable[Profile]) -> None:
    modes: set[SamplingMode] = {mode for profile in profiles for mode in profile.modes}
    if len(modes) > 1:
        raise ValueError(f"samples of the modes {' and '.join(sorted(modes))} cannot be added together")


def merge_events(told: Iterable[Mapping[Event, Occurrences]]) -> dict[Event, Occurrences]:
    """What several logs or counts tell, as one."""
    events: dict[Event, Occurrences] = {}
    for one in told:
        for event, logged in one.items():
            events[event] = merge_occurrences(events.get(event), logged)
    return events


def merge_occurrences(before: Occurrences | None, now: Occurrences) -> Occurrences:
    """Both together. Logs come in any order: times that sort (2026-11-21…) are sorted."""
    if before is None:
        return now
    times = [time for time in (before.first, before.last, now.first, now.last) if time]
    ordered = sorted(times) if all(time[:4].isdigit() for time in times) else times
    return Occurrences(before.times + now.times, *((ordered[0], ordered[-1]) if ordered else ()))
