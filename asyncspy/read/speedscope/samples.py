"""Decode a speedscope document and count the stacks in its sampled profiles.

A thread that was sampled a million times was on a few thousand different stacks. So the samples of a document stay JSON
text at first, equal ones are counted, and each different one is decoded once.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Set
from itertools import zip_longest
from typing import Any, NamedTuple, TypedDict

import msgspec

from asyncspy.model.stacks import Frame
from asyncspy.read.decode_json import decode

MAX_WEIGHT = 1e12

Path = tuple[Frame, ...]


class _Profile(TypedDict, total=False):
    """The keys of a profile that are read."""

    type: Any
    name: Any
    unit: Any
    samples: list[msgspec.Raw]
    weights: list[Any]
    events: Any


class _Document(TypedDict, total=False):
    """The keys of a document that are read."""

    profiles: list[_Profile]
    shared: Any
    exporter: Any
    asyncspy: Any


def decode_document(data: bytes) -> Any:
    """The document, its samples as JSON text; decoded in full where msgspec finds it odd or broken."""
    try:
        return msgspec.json.decode(data, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return decode(data)  # takes NaN and halves of surrogate pairs, too, and says what is wrong


class SharedFrames(NamedTuple):
    """The document's frames, to which samples refer by index, and the indexes of those that are damaged."""

    frames: list[Frame]
    damaged: Set[int]

    def path(self, sample: object) -> Path | None:
        """The frames of a sample; None where an index is not one of a sound frame."""
        indexes = msgspec.json.decode(sample) if isinstance(sample, bytes) else sample
        if not are_indexes(indexes) or not self.damaged.isdisjoint(indexes):
            return None
        if indexes and not (min(indexes) >= 0 and max(indexes) < len(self.frames)):
            return None
        return tuple(map(self.frames.__getitem__, indexes))


class CountedSamples(NamedTuple):
    """The stacks, each with a number of samples; how many entries were sound, and how many were not."""

    paths: list[tuple[Path, int]]
    entries: int
    dropped: int


def count_samples(profile: Any, shared: SharedFrames, samples_of: Callable[[float], int]) -> CountedSamples:
    """Count the stacks of a profile; `samples_of` says for how many samples a weight stands."""
    samples = profile.get("samples") if isinstance(profile, dict) else None
    if not isinstance(samples, list):
        return CountedSamples([], 0, 1)
    entries = Counter(zip_longest(map(_hashable, samples), (w if is_weight(w) else None for w in weights(profile))))
    known: dict[object, Path | None] = {}
    paths: list[tuple[Path, int]] = []
    sound = 0
    for (sample, weight), times in entries.items():
        if sample not in known:
            known[sample] = shared.path(sample)
        path = known[sample]
        if path is not None and weight is not None:
            paths.append((path, times * samples_of(weight)))
            sound += times
    return CountedSamples(paths, sound, entries.total() - sound)


def _hashable(sample: object) -> bytes | tuple[int, ...] | None:
    """JSON text as bytes, indexes as a tuple; None for anything else."""
    if isinstance(sample, msgspec.Raw):
        return bytes(sample)
    return tuple(sample) if isinstance(sample, list | array) and are_indexes(sample) else None


def are_indexes(sample: Any) -> bool:
    """Whether it is a sequence of integers; True is not one."""
    return isinstance(sample, list | tuple | array) and set(map(type, sample)) <= {int}


def weights(profile: Any) -> list[Any]:
    """The weights of a profile, as they are."""
    listed = profile.get("weights") if isinstance(profile, dict) else None
    return listed if isinstance(listed, list) else []


def is_weight(weight: Any) -> bool:
    """Whether it is a time or a count; NaN is not."""
    return type(weight) in (int, float) and 0 < weight < MAX_WEIGHT
