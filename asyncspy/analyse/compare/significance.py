"""Calculate how likely chance alone makes counts before and after differ as they do; exact, by the standard library.

The samples of a finding are compared with the samples of other work, in two recordings: a two by two table. Given its
sums the distribution is Fisher's; where the odds themselves may drift a little, his noncentral one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

DRIFT = 1.25
"""Two recordings of one unchanged app differ by up to this factor: the mix of requests is never quite the same."""


NEGLIGIBLE = 80.0
"""A number that is exp(-80) times less likely than the most likely one adds nothing."""

LONGEST_FACTOR = 10_000
"""A recording that would have to be longer than the other by this factor is not suggested."""

PRECISION = 100
"""The precision to which the needed work is calculated: one part in this many."""


class EventCounts(NamedTuple):
    """The independent samples of a finding, and the samples of other work."""

    hits: int
    work: int


def chance_of_difference(before: EventCounts, after: EventCounts) -> float:
    """The probability that recordings of an unchanged app differ as much, in either direction."""
    return min(1.0, 2 * min(_less(before, after, 1 / DRIFT), _more(before, after, DRIFT)))


def _less(before: EventCounts, after: EventCounts, odds: float) -> float:
    """The probability of as few hits after, or fewer."""
    return math.fsum(weight for hits, weight in _distribution(before, after, odds) if hits <= after.hits)


def _more(before: EventCounts, after: EventCounts, odds: float) -> float:
    """The probability of as many hits after, or more."""
    return math.fsum(weight for hits, weight in _distribution(before, after, odds) if hits >= after.hits)


def _distribution(before: EventCounts, after: EventCounts, odds: float) -> list[tuple[int, float]]:
    """The probability of each number of hits after, if all hits are spread by work; negligible ones are left out."""
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
    """The most likely number; the weights rise up to it, and fall after it."""
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if log_weight(middle + 1) > log_weight(middle) else (low, middle)
    return low


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def work_needed(before: EventCounts, level: float) -> int | None:
    """How much work a recording without hits must contain for chance to be no more likely than `level`."""
    if before.hits <= 0 or before.work <= 0:
        return None
    enough = 1
    while chance_of_difference(before, EventCounts(0, enough)) > level:
        enough *= 2
        if enough > before.work * LONGEST_FACTOR:
            return None
    low = enough // 2
    while enough - low > max(1, low // PRECISION):
        middle = (low + enough) // 2
        low, enough = (
            (low, middle) if chance_of_difference(before, EventCounts(0, middle)) <= level else (middle, enough)
        )
    return enough


def holm_adjusted(chances: Sequence[float]) -> list[float]:
    """Adjust each probability for the others that were tested with it (Holm's method)."""
    ordered = sorted(range(len(chances)), key=lambda i: chances[i])
    adjusted = [1.0] * len(chances)
    highest = 0.0
    for rank, i in enumerate(ordered):
        highest = max(highest, min(1.0, (len(chances) - rank) * chances[i]))
        adjusted[i] = highest
    return adjusted
