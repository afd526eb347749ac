"""Takes a speedscope profile of samples with weights; gives how often each path of frames was sampled.

Nearly every file is sound throughout, which is found out for all samples at once; only where something is wrong are
they looked at one by one, and the bad ones counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Set
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from asyncspy.read.evented import Places

MAX_WEIGHT = 1e12

SamplesOf = Callable[[float], int]
"""How many samples a weight stands for."""


class Sampled(NamedTuple):
    """How often each path was sampled, how many entries were sound, and how many were not."""

    places: Counter[Places]
    entries: int
    dropped: int


def paths_of(profile: Any, frames: int, damaged: Set[int], samples_of: SamplesOf | None) -> Sampled:
    """Count the paths; without `samples_of` every entry is one sample."""
    if not isinstance(profile, dict) or not isinstance(samples := profile.get("samples"), list):
        return Sampled(Counter(), 0, 1)
    weights = profile.get("weights")
    weights = weights if isinstance(weights, list) else []
    if _all_sound(samples, weights, frames, damaged):
        sound, dropped = list(zip(map(tuple, samples), weights, strict=True)), 0
    else:
        pairs = list(zip_longest(samples, weights))
        sound = [(tuple(path), weight) for path, weight in pairs if is_weight(weight) and _fits(path, frames, damaged)]
        dropped = len(pairs) - len(sound)
    if samples_of is None:
        return Sampled(Counter(path for path, _ in sound), len(sound), dropped)
    places = Counter[Places]()
    for path, weight in sound:
        places[path] += samples_of(weight)
    return Sampled(places, len(sound), dropped)


def weights_of(profile: Any) -> set[float]:
    """All different sound weights of a profile."""
    weights = profile.get("weights") if isinstance(profile, dict) else None
    if not isinstance(weights, list):
        return set()
    alike = set(map(type, weights)) <= {int, float}
    return {weight for weight in (set(weights) if alike else weights) if is_weight(weight)}


def is_weight(weight: Any) -> bool:
    """Whether it is a time or a count; NaN is neither."""
    return type(weight) in (int, float) and 0 < weight < MAX_WEIGHT


def _all_sound(samples: list[Any], weights: list[Any], frames: int, damaged: Set[int]) -> bool:
    if len(samples) != len(weights) or set(map(type, samples)) != {list} or not set(map(type, weights)) <= {int, float}:
        return False
    if not all(map(is_weight, set(weights))) or not set(map(type, chain.from_iterable(samples))) <= {int}:
        return False
    used = set(chain.from_iterable(samples))
    return (not used or (min(used) >= 0 and max(used) < frames)) and damaged.isdisjoint(used)


def _fits(path: Any, frames: int, damaged: Set[int]) -> bool:
    """Whether each place is in the table: -1 would be its last frame, and True its second."""
    if type(path) is not list or not set(map(type, path)) <= {int}:
        return False
    return (not path or (min(path) >= 0 and max(path) < frames)) and damaged.isdisjoint(path)
