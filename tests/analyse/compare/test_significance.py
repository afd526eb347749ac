"""The exact test against values worked out by hand, and against drawing samples."""

from __future__ import annotations

import random

import pytest

from asyncspy.analyse.compare.significance import (
    EventCounts,
    _less,
    _more,
    chance_of_difference,
    holm_adjusted,
    work_needed,
)


def test_a_table_that_every_textbook_has() -> None:
    """The lady tasting tea: 3 of 4 right has 17 of 70 ways to come about, or be better."""
    assert _more(EventCounts(1, 3), EventCounts(3, 1), 1.0) == pytest.approx(17 / 70)
    assert _less(EventCounts(3, 1), EventCounts(1, 3), 1.0) == pytest.approx(17 / 70)


def test_odds_that_drift_are_allowed_for() -> None:
    """With odds of 2, four hits on two lots of four fall 0…4 after with weights 1, 32, 144, 128, 16."""
    assert _more(EventCounts(1, 3), EventCounts(3, 1), 2.0) == pytest.approx((128 + 16) / (1 + 32 + 144 + 128 + 16))
    assert chance_of_difference(EventCounts(50, 1000), EventCounts(62, 1000)) == 1.0  # within the drift itself
    assert chance_of_difference(EventCounts(500, 10_000), EventCounts(620, 10_000)) > 0.5


def test_length_and_load_do_not_matter() -> None:
    assert chance_of_difference(EventCounts(40, 10_000), EventCounts(4, 1_000)) == 1.0
    assert chance_of_difference(EventCounts(40, 10_000), EventCounts(40, 1_000)) < 1e-9


def test_what_cannot_be_compared_is_chance() -> None:
    assert chance_of_difference(EventCounts(10, 0), EventCounts(0, 0)) == 1.0
    assert chance_of_difference(EventCounts(0, 100), EventCounts(0, 100)) == 1.0


@pytest.mark.parametrize("hits", [(200_000, 180_000), (400_000, 0)])
def test_many_samples_take_no_time_and_break_no_float(hits: tuple[int, int]) -> None:
    found = chance_of_difference(EventCounts(hits[0], 1_000_000), EventCounts(hits[1], 1_000_000))
    assert 0.0 <= found <= 1.0
    assert (found < 1e-12) == (hits[1] == 0)


def test_the_work_that_is_needed_is_enough_and_hardly_more() -> None:
    before = EventCounts(12, 5_000)
    needed = work_needed(before, 0.05)
    assert needed is not None
    assert chance_of_difference(before, EventCounts(0, needed)) <= 0.05
    assert chance_of_difference(before, EventCounts(0, round(needed * 0.97))) > 0.05


def test_nothing_before_needs_nothing_after() -> None:
    assert work_needed(EventCounts(0, 100), 0.05) is None
    assert work_needed(EventCounts(5, 0), 0.05) is None


def test_several_chances_are_judged_together() -> None:
    """Holm: 0.01 times 4, 0.04 times 3, then never less than before."""
    assert holm_adjusted([0.04, 0.01, 0.5, 0.03]) == pytest.approx([0.09, 0.04, 0.5, 0.09])
    assert holm_adjusted([]) == []


def test_chance_is_as_rare_as_it_says() -> None:
    draw = random.Random(7)

    def counts() -> EventCounts:
        hits = sum(draw.random() < 0.02 for _ in range(600))
        return EventCounts(hits, 600 - hits)

    rejected = sum(chance_of_difference(counts(), counts()) <= 0.05 for _ in range(400))
    assert rejected <= 20
