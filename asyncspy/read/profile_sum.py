"""Merge profiles one after the other: of a thousand recordings, only what each adds is kept."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import replace

from asyncspy.errors import UsageError
from asyncspy.model.merging import merge_events
from asyncspy.model.observed import join_observed
from asyncspy.model.stacks import MergedPart, Origin, Profile, Stack
from asyncspy.model.third_party import Distribution

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
        if self._single is not None:
            return replace(self._profiles[0], stacks=self._single)
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
            dict(zip(self._places, self._weights, strict=True)),
            tuple(origin for profile in self._profiles for origin in profile.origins),
            tuple(file for profile in self._profiles for file in profile.inputs),
            merge_events(profile.events for profile in self._profiles),
            tuple(dump for profile in self._profiles for dump in profile.dumps),
            waits.profile() if waits else None,
            sources,
            tuple(self._parts),
            _common(profile.distributions for profile in self._profiles),
            join_observed(profile.observed for profile in self._profiles if profile.observed) or None,
        )


def _common(saved: Iterable[Mapping[str, Distribution]]) -> dict[str, Distribution]:
    """The distributions of files, without those whose recordings differ."""
    found: dict[str, set[Distribution]] = {}
    for each in saved:
        for file, distribution in each.items():
            found.setdefault(file, set()).add(distribution)
    return {file: one.pop() for file, one in found.items() if len(one) == 1}


def merge_profiles(profiles: Iterable[Profile]) -> Profile:
    """Add profiles up. Raises ValueError if they were sampled in different modes."""
    total = ProfileSum()
    for profile in profiles:
        total.add(profile)
    return total.profile()


def sum_by_mode(profiles: Iterable[Profile]) -> tuple[Profile, Profile | None]:
    """Add up what runs and what waits, each by itself: samples of the two modes are never added together."""
    running, waiting = ProfileSum(), ProfileSum()
    for profile in profiles:
        (waiting if _counts_waits(profile) else running).add(replace(profile, waits=None))
        if profile.waits is not None:
            waiting.add(profile.waits)
    if not running:
        return _sum(waiting), None
    return _sum(running), (_sum(waiting) if waiting else None)


def _counts_waits(profile: Profile) -> bool:
    return any(origin.mode == "wall" for origin in profile.origins) or bool(profile.dumps)


def _sum(whole: ProfileSum) -> Profile:
    try:
        return whole.profile()
    except ValueError as error:
        raise UsageError(str(error), remedy="report these recordings one by one") from None
