"""What counts of samples prove."""

from __future__ import annotations

import math
import random

import pytest

from asyncspy.analyse import confidence
from asyncspy.model.stacks import Origin


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
    unseen = confidence.detection_limit(17_412, ()).unseen_share
    assert unseen is not None
    assert (1 - unseen) ** 17_412 == pytest.approx(0.05)
    assert 0.00016 < unseen < 0.00018


def test_no_samples_no_shares() -> None:
    assert confidence.share(0, 0) is None
    assert confidence.detection_limit(0, ()).unseen_share is None


def test_a_violation_as_often_as_said_is_missed_one_time_in_twenty() -> None:
    interval = confidence.detection_limit(1, [Origin("py-spy", rate=100, duration=180.0)]).catch_interval_seconds
    assert interval is not None
    expected_hits = 180 / interval * 100 * confidence.SECONDS_ON_STACK
    assert math.exp(-expected_hits) == pytest.approx(0.05)


def test_errors_of_the_sampler_cost_reach() -> None:
    clean = confidence.detection_limit(1, [Origin("py-spy", rate=100, duration=60.0, samples=1000, errors=0)])
    lossy = confidence.detection_limit(1, [Origin("py-spy", rate=100, duration=60.0, samples=1000, errors=1000)])
    assert clean.catch_interval_seconds is not None
    assert lossy.catch_interval_seconds == pytest.approx(clean.catch_interval_seconds / 2)


def test_unknown_rate_or_duration_is_not_guessed() -> None:
    assert confidence.detection_limit(1, [Origin("py-spy", rate=None, duration=60.0)]).catch_interval_seconds is None
    assert confidence.detection_limit(1, [Origin("py-spy", rate=100)]).catch_interval_seconds is None
    assert confidence.detection_limit(1, []).catch_interval_seconds is None


def spy(**known: float) -> Origin:
    return Origin("py-spy", rate=100, duration=60.0, samples=1000, errors=0, **known)  # type: ignore[arg-type]


def test_a_rarer_call_needs_so_much_longer() -> None:
    reach = confidence.detection_limit(1, [spy()])
    assert [one.every_seconds for one in reach.needed] == [1, 60, 3600]
    second, minute, hour = (one.duration_seconds for one in reach.needed)
    assert minute == pytest.approx(60 * second)
    assert hour == pytest.approx(60 * minute)
    assert math.exp(-second * 100 * confidence.SECONDS_ON_STACK) == pytest.approx(0.05)


def test_what_is_needed_would_catch_what_it_is_needed_for() -> None:
    """A recording of just that length says that it would have seen the call."""
    for one in confidence.detection_limit(1, [spy()]).needed:
        long_enough = Origin("py-spy", rate=100, duration=one.duration_seconds)
        assert confidence.detection_limit(1, [long_enough]).catch_interval_seconds == pytest.approx(one.every_seconds)


def test_time_that_was_not_sampled_costs_reach() -> None:
    """py-spy was 15 of 60 seconds behind: a quarter of the time nobody looked."""
    on_time, late = confidence.detection_limit(1, [spy()]), confidence.detection_limit(1, [spy(late_seconds=15.0)])
    assert on_time.catch_interval_seconds is not None
    assert late.catch_interval_seconds == pytest.approx(on_time.catch_interval_seconds * 0.75)
    assert late.needed[0].duration_seconds == pytest.approx(on_time.needed[0].duration_seconds / 0.75)


def test_lost_samples_are_said_and_need_longer() -> None:
    lossy = confidence.detection_limit(1, [Origin("py-spy", rate=100, duration=60.0, samples=750, errors=250)])
    assert lossy.lost_share == 0.25
    assert lossy.needed[0].duration_seconds == pytest.approx(
        confidence.detection_limit(1, [spy()]).needed[0].duration_seconds / 0.75
    )
    assert confidence.detection_limit(1, [Origin("py-spy")]).lost_share is None


def test_recordings_of_several_rates_are_weighed_by_their_length() -> None:
    slow = Origin("py-spy", rate=50, duration=60.0)
    both = confidence.detection_limit(1, [spy(), slow]).needed[0].duration_seconds
    alone = [confidence.detection_limit(1, [one]).needed[0].duration_seconds for one in (spy(), slow)]
    assert min(alone) < both < max(alone)


@pytest.mark.parametrize(
    "origin",
    [
        Origin("py-spy", rate=10**400, duration=1.0),
        Origin("py-spy", rate=100, duration=10**400),
        Origin("py-spy", rate=100, duration=60.0, late_seconds=10**400),
        Origin("py-spy", rate=100, duration=60.0, samples=10**400, errors=10**400),
        Origin("py-spy", rate=100, duration=float("nan")),
        Origin("py-spy", rate=100, duration=-5.0),
        Origin("py-spy", rate=-100, duration=5.0),
    ],
)
def test_a_damaged_account_of_a_recording_breaks_nothing(origin: Origin) -> None:
    confidence.detection_limit(1, [origin])
