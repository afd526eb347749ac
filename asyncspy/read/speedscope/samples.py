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

from asyncspy.errors import InputError
from asyncspy.model.stacks import Frame
from asyncspy.read.decode_json import decode

MAX_WEIGHT = 1e12

MAX_SAMPLES = 10_000_000
"""Each sample takes some 70 bytes of memory, however short it is in the file."""

Frames = tuple[Frame, ...]


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
    if data.count(b"],") > MAX_SAMPLES:
        raise InputError(
            f"it holds more than {MAX_SAMPLES:,} samples",
            remedy="record for a shorter time: asyncspy attach --duration 3m",
        )
    try:
        document: Any = msgspec.json.decode(data, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return decode(data)  # takes NaN and halves of surrogate pairs, too, and says what is wrong
    texts: dict[bytes, bytes] = {}
    for profile in document.get("profiles", ()):
        if "samples" in profile:  # a copy of each different text, so that the data itself can be freed
            profile["samples"] = [texts.setdefault(text, text) for text in map(bytes, profile["samples"])]
    return document


class IndexedFrames(NamedTuple):
    """The document's frames, to which samples refer by index, and the indexes of those that are damaged."""

    frames: list[Frame]
    damaged: Set[int]

    def path(self, indexes: Any) -> Frames | None:
        """The frames at these indexes; None where one is not an index of a sound frame."""
        if not are_indexes(indexes) or not self.damaged.isdisjoint(indexes) or min(indexes, default=0) < 0:
            return None
        try:
            return tuple(map(self.frames.__getitem__, indexes))
        except IndexError:
            return None


class CountedSamples(NamedTuple):
    """The stacks, each with a number of samples; how many entries were sound, and how many were not."""

    paths: list[tuple[Frames, int]]
    entries: int
    dropped: int


def count_samples(profile: Any, shared: IndexedFrames, samples_of: Callable[[float], int]) -> CountedSamples:
    """Count the stacks of a profile; `samples_of` says for how many samples a weight stands."""
    listed = profile.get("samples") if isinstance(profile, dict) else None
    if not isinstance(listed, list):
        return CountedSamples([], 0, 1)
    samples = [sample if isinstance(sample, bytes) else _indexes(sample) for sample in listed]
    entries = Counter(zip_longest(samples, sound_weights(profile)))
    known: dict[object, Frames | None] = {}
    paths: list[tuple[Frames, int]] = []
    sound = 0
    for (sample, weight), times in entries.items():
        if sample not in known:
            known[sample] = shared.path(_decode_sample(sample) if isinstance(sample, bytes) else sample)
        path = known[sample]
        if path is not None and weight is not None:
            paths.append((path, times * samples_of(weight)))
            sound += times
    return CountedSamples(paths, sound, entries.total() - sound)


def _decode_sample(text: bytes) -> Any:
    """The indexes of a sample; what msgspec finds odd or broken is decoded, or refused, as in a whole document."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return decode(text)


def _indexes(sample: object) -> tuple[int, ...] | None:
    """A sample that was decoded before, in a form that can be counted."""
    return tuple(sample) if isinstance(sample, list | array) and are_indexes(sample) else None


def are_indexes(sample: Any) -> bool:
    """Whether it is a sequence of integers; True is not one."""
    return isinstance(sample, list | tuple | array) and set(map(type, sample)) <= {int}


def sound_weights(profile: Any) -> list[float | None]:
    """The weights of a profile; None for what is not a time or a count, such as NaN."""
    listed = profile.get("weights") if isinstance(profile, dict) else None
    if not isinstance(listed, list):
        return []
    return [weight if type(weight) in (int, float) and 0 < weight < MAX_WEIGHT else None for weight in listed]
