"""The exact test against values worked out by hand, and against drawing samples."""

from __future__ import annotations

import random

import pytest

from asyncspy.analyse.compare import odds
from asyncspy.analyse.compare.odds import Counts


def test_a_table_that_every_textbook_has() -> None:
    """The lady tasting tea: 3 of 4 right has 17 of 70 ways to come about, or be better."""
    assert odds._more(Counts(1, 3), Counts(3, 1), 1.0) == pytest.approx(17 / 70)
    assert odds._less(Counts(3, 1), Counts(1, 3), 1.0) == pytest.approx(17 / 70)


def test_odds_that_drift_are_allowed_for() -> None:
    """With odds of 2, four hits on two lots of four fall 0…4 after with weights 1, 32, 144, 128, 16."""
    assert odds._more(Counts(1, 3), Counts(3, 1), 2.0) == pytest.approx((128 + 16) / (1 + 32 + 144 + 128 + 16))
    assert odds.chance(Counts(50, 1000), Counts(62, 1000)) == 1.0  # within the drift itself
    assert odds.chance(Counts(500, 10_000), Counts(620, 10_000)) > 0.5


def test_length_and_load_do_not_matter() -> None:
    assert odds.chance(Counts(40, 10_000), Counts(4, 1_000)) == 1.0
    assert odds.chance(Counts(40, 10_000), Counts(40, 1_000)) < 1e-9


def test_what_cannot_be_compared_is_chance() -> None:
    assert odds.chance(Counts(10, 0), Counts(0, 0)) == 1.0
    assert odds.chance(Counts(0, 100), Counts(0, 100)) == 1.0


@pytest.mark.parametrize("hits", [(200_000, 180_000), (400_000, 0)])
def test_many_samples_take_no_time_and_break_no_float(hits: tuple[int, int]) -> None:
    found = odds.chance(Counts(hits[0], 1_000_000), Counts(hits[1], 1_000_000))
    assert 0.0 <= found <= 1.0
    assert (found < 1e-12) == (hits[1] == 0)


def test_the_work_that_is_needed_is_enough_and_hardly_more() -> None:
    before = Counts(12, 5_000)
    needed = odds.work_needed(before, 0.05)
    assert needed is not None
    assert odds.chance(before, Counts(0, needed)) <= 0.05
    assert odds.chance(before, Counts(0, round(needed * 0.97))) > 0.05


def test_nothing_before_needs_nothing_after() -> None:
    assert odds.work_needed(Counts(0, 100), 0.05) is None
    assert odds.work_needed(Counts(5, 0), 0.05) is None


def test_several_chances_are_judged_together() -> None:
    """Holm: 0.01 times 4, 0.04 times 3, then never less than before."""
    assert odds.together([0.04, 0.01, 0.5, 0.03]) == pytest.approx([0.09, 0.04, 0.5, 0.09])
    assert odds.together([]) == []


def test_chance_is_as_rare_as_it_says() -> None:
    draw = random.Random(7)

    def counts() -> Counts:
        hits = sum(draw.random() < 0.02 for _ in range(600))
        return Counts(hits, 600 - hits)

    rejected = sum(odds.chance(counts(), counts()) <= 0.05 for _ in range(400))
    assert rejected <= 20
