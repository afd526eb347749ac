"""Counts of samples to what they allow to be said: shares with their bounds, and how rare a call would be missed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from asyncspy.model import Interval, Origin, Reach

Z95 = 1.959964
UNSEEN = 0.05
"""The chance that is left for being wrong: 5%."""

SECONDS_ON_STACK = 200e-6
"""How long one violation shows the ORM on its way to the guard: 170–240 µs measured for count(), more for first()."""


def share(hits: int, total: int) -> Interval | None:
    """A share with its 95% bounds (Wilson's, which hold for few hits too)."""
    if total <= 0:
        return None
    p, z2 = hits / total, Z95 * Z95
    middle = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * math.sqrt(p * (1 - p) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return Interval(p, max(0.0, middle - half), min(1.0, middle + half))


def reach(loop_samples: int, origins: Sequence[Origin]) -> Reach:
    """What these samples could have seen."""
    unseen = 1 - UNSEEN ** (1 / loop_samples) if loop_samples > 0 else None
    return Reach(unseen, _catch_interval(origins))


def _catch_interval(origins: Sequence[Origin]) -> float | None:
    """How often a violation must be made to be seen with 95% certainty; None where rate or time is unknown.

    One violation a second is expected to be sampled `duration × rate × SECONDS_ON_STACK` times, and a call that is
    expected x times is seen at least once with the chance 1 - exp(-x).
    """
    expected = 0.0
    for origin in origins:
        if not origin.rate or not origin.duration:
            return None
        taken = origin.samples or 0
        good = taken / (taken + origin.errors) if taken and origin.errors else 1.0
        expected += origin.duration * min(1.0, origin.rate * SECONDS_ON_STACK) * good
    return expected / -math.log(UNSEEN) if expected > 0 else None
