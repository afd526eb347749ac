"""What counts of samples allow to be said."""

from __future__ import annotations

import math
import random

import pytest

from asyncspy.analyse import confidence
from asyncspy.model import Origin


def test_an_interval_holds_the_share_and_narrows_with_samples() -> None:
    few, many = confidence.share(4, 100), confidence.share(400, 10_000)
    assert few is not None
    assert many is not None
    assert few.low < 0.04 < few.high
    assert many.low < 0.04 < many.high
    assert many.high - many.low < few.high - few.low


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    dice = random.Random(7)
    held = 0
    for _ in range(1000):
        interval = confidence.share(sum(dice.random() < 0.01 for _ in range(1000)), 1000)
        held += interval is not None and interval.low <= 0.01 <= interval.high
    assert 0.92 <= held / 1000 <= 0.99


def test_nothing_seen_bounds_what_there_can_be() -> None:
    unseen = confidence.reach(17_412, ()).unseen_share
    assert unseen is not None
    assert (1 - unseen) ** 17_412 == pytest.approx(0.05)
    assert 0.00016 < unseen < 0.00018


def test_no_samples_no_shares() -> None:
    assert confidence.share(0, 0) is None
    assert confidence.reach(0, ()).unseen_share is None


def test_a_violation_as_often_as_said_is_missed_one_time_in_twenty() -> None:
    interval = confidence.reach(1, [Origin("py-spy", rate=100, duration=180.0)]).catch_interval_seconds
    assert interval is not None
    expected_hits = 180 / interval * 100 * confidence.SECONDS_ON_STACK
    assert math.exp(-expected_hits) == pytest.approx(0.05)


def test_errors_of_the_sampler_cost_reach() -> None:
    clean = confidence.reach(1, [Origin("py-spy", rate=100, duration=60.0, samples=1000, errors=0)])
    lossy = confidence.reach(1, [Origin("py-spy", rate=100, duration=60.0, samples=1000, errors=1000)])
    assert clean.catch_interval_seconds is not None
    assert lossy.catch_interval_seconds == pytest.approx(clean.catch_interval_seconds / 2)


def test_unknown_rate_or_duration_is_not_guessed() -> None:
    assert confidence.reach(1, [Origin("py-spy", rate=None, duration=60.0)]).catch_interval_seconds is None
    assert confidence.reach(1, [Origin("py-spy", rate=100)]).catch_interval_seconds is None
    assert confidence.reach(1, []).catch_interval_seconds is None
