"""Counts of samples to what they allow to be said: shares with their bounds, and how rare a call would be missed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from asyncspy.model.findings import DetectionLimit, Interval, NeededDuration
from asyncspy.model.stacks import Origin

Z95 = 1.959964
ERROR_CHANCE = 0.05
"""The chance that is left for being wrong: 5%."""

EXPECTED_SAMPLES = -math.log(ERROR_CHANCE)
"""Samples to expect of a call so that one comes with 95% certainty: none does with the chance exp(-expected)."""

CALL_INTERVALS = (1.0, 60.0, 3600.0)
"""Calls made once a second, a minute, an hour: how long must be recorded to see them?"""

MAX_SECONDS, MAX_RATE = 1e9, 1_000_000
"""What a recording says beyond these is a damaged file's invention, and would not fit a float."""

SECONDS_ON_STACK = 140e-6
"""How long one violation shows the ORM on its way to the guard: 141 µs over the 6,931 count() of our recordings, more
for get() and first(). `python -m benchmarks.catch` measures it again."""


def share(hits: int, total: int) -> Interval | None:
    """A share with its 95% bounds (Wilson's, which hold for few hits too)."""
    if total <= 0:
        return None
    p, z2 = hits / total, Z95 * Z95
    middle = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * math.sqrt(p * (1 - p) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return Interval(p, min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half)))


def detection_limit(loop_samples: int, origins: Sequence[Origin]) -> DetectionLimit:
    """What these samples could have seen."""
    unseen = 1 - ERROR_CHANCE ** (1 / loop_samples) if loop_samples > 0 else None
    efforts = [_effort(origin) for origin in origins if not origin.alongside]
    lost = _lost(origins)
    if not efforts or any(effort is None for effort in efforts):
        return DetectionLimit(unseen, lost_share=lost)
    spent = sum(effort.seconds for effort in efforts if effort)
    ticks = sum(effort.expected for effort in efforts if effort)
    if ticks <= 0:
        return DetectionLimit(unseen, lost_share=lost)
    needed = tuple(NeededDuration(every, EXPECTED_SAMPLES * every * spent / ticks) for every in CALL_INTERVALS)
    return DetectionLimit(unseen, ticks / EXPECTED_SAMPLES, needed, lost)


class Coverage(NamedTuple):
    """A recording's length, and how often a call made once a second is expected to be sampled in it."""

    seconds: float
    expected: float


def _effort(origin: Origin) -> Coverage | None:
    """What was spent and what that buys; None where rate or time is unknown.

    The time that py-spy fell behind was not sampled, and a sample that it could not read shows nothing.
    """
    if not origin.rate or not origin.duration:
        return None
    seconds = float(min(origin.duration, MAX_SECONDS))
    sampled = max(0.0, seconds - min(origin.late_seconds or 0.0, MAX_SECONDS))
    good = 1 - (_lost([origin]) or 0.0)
    return Coverage(seconds, sampled * min(1.0, min(origin.rate, MAX_RATE) * SECONDS_ON_STACK) * good)


def _lost(origins: Sequence[Origin]) -> float | None:
    """The share of samples that the sampler could not read; None where it was not recorded."""
    known = [origin for origin in origins if origin.errors is not None and origin.samples is not None]
    lost = sum(origin.errors or 0 for origin in known)
    tried = lost + sum(origin.samples or 0 for origin in known)
    return lost / tried if tried else None
