"""Calculate what counts of samples prove: shares with their 95% bounds, and how rare a call may be to be missed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from asyncspy.model.findings import DetectionLimit, Interval, NeededDuration
from asyncspy.model.stacks import Origin

Z95 = 1.959964
ERROR_CHANCE = 0.05
"""Bounds are wrong with this probability."""

EXPECTED_SAMPLES = -math.log(ERROR_CHANCE)
"""The number of expected samples at which one is 95% certain: exp(-expected) is the probability of none."""

CALL_INTERVALS = (1.0, 60.0, 3600.0)
"""The report says how long to record to see a call made once a second, a minute, an hour."""

MAX_SECONDS, MAX_RATE = 1e9, 1_000_000
"""Larger figures come from damaged files, and would overflow a float."""

SECONDS_ON_STACK = 140e-6
"""How long one violation shows the ORM on its way to the guard: 141 µs over the 6,931 count() of our recordings, more
for get() and first(). `python -m benchmarks.catch` measures it again."""


def share(hits: float, total: float) -> Interval | None:
    """A share with its 95% bounds (Wilson's, which hold for few hits too)."""
    if total <= 0:
        return None
    p, z2 = hits / total, Z95 * Z95
    middle = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * math.sqrt(p * (1 - p) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return Interval(p, min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half)))


def detection_limit(loop_samples: int, origins: Sequence[Origin], undrawn: int | None = None) -> DetectionLimit:
    """What these samples could have seen: the largest share, and the rarest call, that they may have missed.

    `undrawn` samples of the loop end where a drawing may have left out an unsafe call.
    """
    unseen = _unseen_share(loop_samples, origins)
    coverages = [_coverage(origin) for origin in origins if not origin.alongside]
    lost = _lost_share(origins)
    known = [coverage for coverage in coverages if coverage is not None]
    expected = sum(coverage.expected for coverage in known)
    if len(known) < len(coverages) or expected <= 0:
        return DetectionLimit(unseen, lost_share=lost, undrawn=undrawn)
    seconds = sum(coverage.seconds for coverage in known)
    needed = tuple(NeededDuration(every, EXPECTED_SAMPLES * every * seconds / expected) for every in CALL_INTERVALS)
    return DetectionLimit(unseen, expected / EXPECTED_SAMPLES, needed, lost, undrawn)


def _unseen_share(loop_samples: int, origins: Sequence[Origin]) -> float | None:
    """The largest share of a call that no sample shows, or so few samples that a drawing left them out."""
    if loop_samples <= 0:
        return None
    left_out = sum(origin.least_drawn - 1 for origin in origins)
    bounds = share(min(left_out, loop_samples), loop_samples) if left_out > 0 else None
    return bounds.high if bounds else 1 - ERROR_CHANCE ** (1 / loop_samples)


class Coverage(NamedTuple):
    """A recording's length, and how often a call made once a second is expected to be sampled in it."""

    seconds: float
    expected: float


def _coverage(origin: Origin) -> Coverage | None:
    """What a recording covers, without the time that py-spy fell behind and the samples that it could not read.

    None where rate or duration is unknown.
    """
    if not origin.rate or not origin.duration:
        return None
    seconds = float(min(origin.duration, MAX_SECONDS))
    sampled = max(0.0, seconds - min(origin.late_seconds or 0.0, MAX_SECONDS))
    readable = 1 - (_lost_share([origin]) or 0.0)
    return Coverage(seconds, sampled * min(1.0, min(origin.rate, MAX_RATE) * SECONDS_ON_STACK) * readable)


def _lost_share(origins: Sequence[Origin]) -> float | None:
    """The share of samples that the sampler could not read; None where it was not recorded."""
    known = [origin for origin in origins if origin.errors is not None and origin.samples is not None]
    lost = sum(origin.errors or 0 for origin in known)
    tried = lost + sum(origin.samples or 0 for origin in known)
    return lost / tried if tried else None
