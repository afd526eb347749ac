"""Counted calls are joined with sampled findings of the same line and call."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.findings import CountedCalls, Finding
from asyncspy.model.stacks import Event, Occurrences, Origin, Profile, Stack
from asyncspy.read.profile_sum import merge_profiles
from tests.analyse.stack_samples import ASYNCIO, COUNT, GUARD, HANDLER, frames

VIEW = "checkout (shop/views.py:25)\n"
OTHER = "basket (shop/views.py:40)\n"
MIDDLEWARE = "timing (shop/middleware.py:8)\n"
SAMPLED = {Stack(frames(ASYNCIO, HANDLER, VIEW, COUNT), 7): 2}
GIL = Origin("py-spy", "gil", 100, 60.0)
COUNTED = Origin("asyncspy hook", "exact", duration=60.0, alongside=True)


def counted(*lines: str, times: int, passed: bool = False) -> dict[Event, Occurrences]:
    chain = frames(ASYNCIO, HANDLER, *lines, COUNT, GUARD.format(line=24))
    how = Event("async-unsafe", chain, captured="passed" if passed else "raised")
    return {how: Occurrences(times, "2026-11-21T02:13:00+00:00", "2026-11-21T02:14:00+00:00")}


def found(profile: Profile) -> dict[str, Finding]:
    return {one.culprit.frame.function: one for one in analyse(profile).findings}


def test_counts_and_samples_of_one_line_are_one_finding() -> None:
    events = {**counted(VIEW, times=41), **counted(OTHER, times=90)}
    one, other = analyse(Profile(SAMPLED, (GIL, COUNTED), events=events)).findings
    assert (one.culprit.frame.function, one.evidence.exact, one.evidence.samples, one.share) == ("basket", 90, 0, None)
    assert (other.culprit.frame.function, other.evidence.exact, other.evidence.heading) == ("checkout", 41, 2)
    assert other.captured == CountedCalls(41, 0, 60.0, "2026-11-21T02:13:00+00:00", "2026-11-21T02:14:00+00:00")
    assert other.share is not None
    assert other.share.share == 1.0
    assert not other.allowed


def test_the_ways_in_are_those_that_were_counted() -> None:
    events = {**counted(VIEW, times=30), **counted(MIDDLEWARE, VIEW, times=10)}
    profile = Profile(SAMPLED, (GIL, COUNTED), events=events)
    assert [entry.weight for entry in found(profile)["checkout"].entries] == [30, 10]


def test_what_the_guard_let_pass_is_told_apart() -> None:
    events = {**counted(VIEW, times=30), **counted(VIEW, times=5, passed=True)}
    finding = found(Profile({}, (COUNTED,), events=events))["checkout"]
    assert finding.captured is not None
    assert (finding.captured.times, finding.captured.passed, finding.allowed) == (35, 5, True)


def test_counts_and_tracebacks_of_one_line_are_not_added_up() -> None:
    logged = {Event("async-unsafe", frames(HANDLER, VIEW, COUNT, GUARD.format(line=24))): Occurrences(3)}
    finding = found(Profile({}, (COUNTED,), events={**counted(VIEW, times=41), **logged}))["checkout"]
    assert (finding.evidence.exact, finding.evidence.logged) == (41, 3)


@pytest.mark.parametrize(("origins", "verdict"), [((COUNTED,), "none-seen"), ((), "no-data")])
def test_having_counted_none_is_an_answer(origins: tuple[Origin, ...], verdict: str) -> None:
    assert analyse(Profile({}, origins)).verdict == verdict


def test_counts_can_be_merged_with_samples_of_any_mode() -> None:
    exact = Profile({}, (COUNTED,), events=counted(VIEW, times=1))
    merged = merge_profiles([exact, Profile(SAMPLED, (GIL,)), exact])
    assert merged.modes == {"gil"}
    assert [each.times for each in merged.events.values()] == [2]


def test_counting_beside_samples_changes_nothing_of_what_they_could_see() -> None:
    alone, beside = (analyse(Profile(SAMPLED, origins)).reach for origins in ((GIL,), (GIL, COUNTED)))
    assert alone == beside
