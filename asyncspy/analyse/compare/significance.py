"""Counts before and after, to the probability that chance alone makes them differ so; exact, in the standard library.

What is compared is a finding's samples against the samples of other work, in two recordings: a table of two by two.
Given its sums it is Fisher's; where the odds themselves may drift a little, his noncentral distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

DRIFT = 1.25
"""Two recordings of one unchanged app differ by up to this factor: the mix of requests is never quite the same."""


class EventCounts(NamedTuple):
    """The samples of a finding, and of the work that it is held against."""

    hits: int
    work: int


def chance_of_difference(before: EventCounts, after: EventCounts) -> float:
    """How likely an unchanged app is to give two recordings that differ as much, in either direction."""
    return min(1.0, 2 * min(_less(before, after, 1 / DRIFT), _more(before, after, DRIFT)))


def _less(before: EventCounts, after: EventCounts, odds: float) -> float:
    """The probability of so few hits after, or fewer."""
    return math.fsum(weight for hits, weight in _distribution(before, after, odds) if hits <= after.hits)


def _more(before: EventCounts, after: EventCounts, odds: float) -> float:
    """The probability of so many hits after, or more."""
    return math.fsum(weight for hits, weight in _distribution(before, after, odds) if hits >= after.hits)


def _distribution(before: EventCounts, after: EventCounts, odds: float) -> list[tuple[int, float]]:
    """How likely each number of hits after is, all the hits falling on both by their work; without the far ends."""
    all_before, all_after = sum(before), sum(after)
    hits = before.hits + after.hits
    first, last = max(0, hits - all_before), min(hits, all_after)

    def log_weight(x: int) -> float:
        return _log_choose(all_after, x) + _log_choose(all_before, hits - x) + x * math.log(odds)

    def outwards(numbers: range) -> Iterator[tuple[int, float]]:
        return takewhile(lambda one: one[1] > highest - NEGLIGIBLE, ((x, log_weight(x)) for x in numbers))

    peak = _peak(log_weight, first, last)
    highest = log_weight(peak)
    logs = [*outwards(range(peak, first - 1, -1)), *outwards(range(peak + 1, last + 1))]
    whole = math.fsum(math.exp(log - highest) for _, log in logs)
    return [(x, math.exp(log - highest) / whole) for x, log in logs]


def _peak(log_weight: Callable[[int], float], low: int, high: int) -> int:
    """The most likely number: the weights rise up to it, and fall from there."""
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if log_weight(middle + 1) > log_weight(middle) else (low, middle)
    return low


NEGLIGIBLE = 80.0
"""What is exp(-80) times less likely than the likeliest adds nothing."""


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def work_needed(before: EventCounts, level: float) -> int | None:
    """How much work a recording without a hit must hold, before chance is no more likely than `level`."""
    if before.hits <= 0 or before.work <= 0:
        return None
    enough = 1
    while chance_of_difference(before, EventCounts(0, enough)) > level:
        enough *= 2
        if enough > before.work * MOST:
            return None
    low = enough // 2
    while enough - low > max(1, low // LITTLE):
        middle = (low + enough) // 2
        low, enough = (
            (low, middle) if chance_of_difference(before, EventCounts(0, middle)) <= level else (middle, enough)
        )
    return enough


MOST = 10_000
"""Nobody records so many times as long."""

LITTLE = 100
"""A hundredth is near enough."""


def holm_adjusted(chances: Sequence[float]) -> list[float]:
    """Each chance, allowing for the others that were looked at beside it (Holm's, so none of them is wrong)."""
    ordered = sorted(range(len(chances)), key=lambda i: chances[i])
    adjusted = [1.0] * len(chances)
    highest = 0.0
    for rank, i in enumerate(ordered):
        highest = max(highest, min(1.0, (len(chances) - rank) * chances[i]))
        adjusted[i] = highest
    return adjusted
