"""Takes a speedscope profile of samples with weights; gives how often each stack of frames was sampled.

Nearly every file is sound throughout, which is found out for all samples at once; only where something is wrong are
they looked at one by one, and the bad ones counted.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Set
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from asyncspy.model.stacks import Frame
from asyncspy.read.shared_prefix import Path
from asyncspy.read.speedscope.events import Places
from asyncspy.read.speedscope.sample_lists import Samples

MAX_WEIGHT = 1e12

SamplesOf = Callable[[float], int]
"""How many samples a weight stands for."""


class Sampled(NamedTuple):
    """The different stacks, each with how often it was sampled; how many entries were sound, and how many were not."""

    paths: Iterable[tuple[Path, int]]
    entries: int
    dropped: int


def paths_of(profile: Any, frames: list[Frame], damaged: Set[int], samples_of: SamplesOf | None) -> Sampled:
    """Count the paths; without `samples_of` every entry is one sample."""
    samples = profile.get("samples") if isinstance(profile, dict) else None
    weights = profile.get("weights") if isinstance(profile, dict) else None
    weights = weights if isinstance(weights, list) else []
    if isinstance(samples, Samples):
        return _of_different(samples, weights, samples_of)
    if isinstance(samples, list):
        if samples and isinstance(samples[0], array):
            return _of_arrays(samples, weights, frames, damaged, samples_of)
        return _of_list(samples, weights, frames, damaged, samples_of)
    return Sampled((), 0, 1)


def _of_different(samples: Samples, weights: list[Any], samples_of: SamplesOf | None) -> Sampled:
    """What is wrong with a path is wrong with every sample of it: each is looked at once."""
    if samples.order is None:
        return _of_equal(samples, weights[0], samples_of)
    order, paths, counted = samples.order, samples.paths, max(len(samples.order), len(weights))
    entries = Counter(at for at, weight in zip(order, weights, strict=False) if is_weight(weight))
    kept = sum(number for at, number in entries.items() if paths[at] is not None)
    if samples_of is not None:
        entries = Counter()
        for at, weight in zip(order, weights, strict=False):
            entries[at] += samples_of(weight) if is_weight(weight) else 0
    good = ((path, number) for at, number in entries.items() if number and (path := paths[at]) is not None)
    return Sampled(good, kept, counted - kept)


def _of_equal(samples: Samples, weight: Any, samples_of: SamplesOf | None) -> Sampled:
    """All weigh the same: none is looked at by itself."""
    counted = sum(samples.times)
    if not is_weight(weight):
        return Sampled((), 0, counted)
    each = samples_of(weight) if samples_of else 1
    sound = [(path, times) for path, times in zip(samples.paths, samples.times, strict=True) if path is not None]
    kept = sum(times for _, times in sound)
    return Sampled(((path, times * each) for path, times in sound), kept, counted - kept)


def _of_arrays(
    samples: list[array[int]],
    weights: list[float],
    frames: list[Frame],
    damaged: Set[int],
    samples_of: SamplesOf | None,
) -> Sampled:
    """Samples that no file holds: a recording that is still being made has them, and but for frames they are sound."""
    frame_at, number = frames.__getitem__, samples_of or (lambda _weight: 1)
    pairs = list(zip(samples, weights, strict=True))
    sound = [(path, weight) for path, weight in pairs if damaged.isdisjoint(path)] if damaged else pairs
    paths = ((tuple(map(frame_at, path)), number(weight)) for path, weight in sound)
    return Sampled(paths, len(sound), len(pairs) - len(sound))


def _of_list(
    samples: list[Any], weights: list[Any], frames: list[Frame], damaged: Set[int], samples_of: SamplesOf | None
) -> Sampled:
    if _all_sound(samples, weights, len(frames), damaged):
        sound, dropped = list(zip(map(tuple, samples), weights, strict=True)), 0
    else:
        pairs = list(zip_longest(samples, weights))
        known = len(frames)
        sound = [(tuple(path), weight) for path, weight in pairs if is_weight(weight) and _fits(path, known, damaged)]
        dropped = len(pairs) - len(sound)
    places = Counter[Places]()
    if samples_of is None:
        places.update(path for path, _ in sound)
    else:
        for path, weight in sound:
            places[path] += samples_of(weight)
    frame_at = frames.__getitem__
    return Sampled(((tuple(map(frame_at, path)), number) for path, number in places.items()), len(sound), dropped)


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


def _are_weights(weights: list[Any]) -> bool:
    return set(map(type, weights)) <= {int, float} and all(map(is_weight, set(weights)))


def _all_sound(samples: list[Any], weights: list[Any], frames: int, damaged: Set[int]) -> bool:
    if len(samples) != len(weights) or set(map(type, samples)) != {list} or not _are_weights(weights):
        return False
    if not set(map(type, chain.from_iterable(samples))) <= {int}:
        return False
    used = set(chain.from_iterable(samples))
    return (not used or (min(used) >= 0 and max(used) < frames)) and damaged.isdisjoint(used)


def _fits(path: Any, frames: int, damaged: Set[int]) -> bool:
    """Whether each place is in the table: -1 would be its last frame, and True its second."""
    if type(path) is not list or not set(map(type, path)) <= {int}:
        return False
    return (not path or (min(path) >= 0 and max(path) < frames)) and damaged.isdisjoint(path)
