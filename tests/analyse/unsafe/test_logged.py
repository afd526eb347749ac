"""Logged exceptions are joined with sampled findings of the same line and call, and never counted as samples."""

from __future__ import annotations

from asyncspy.analyse import analyse
from asyncspy.model.stacks import Event, Occurrences, Origin, Profile, Stack
from tests.analyse.stack_samples import ASYNCIO, COUNT, GUARD, HANDLER, frames

VIEW = "checkout (shop/views.py:25)\n"
OTHER = "basket (shop/views.py:40)\n"
SAMPLED = {Stack(frames(ASYNCIO, HANDLER, VIEW, COUNT), 7): 2}


def told(line: str, times: int) -> dict[Event, Occurrences]:
    return {Event("async-unsafe", frames(HANDLER, line, COUNT, GUARD.format(line=24))): Occurrences(times)}


def test_more_tracebacks_than_samples() -> None:
    """A log of a day beside a recording of a minute: of which the tracebacks are no share at all."""
    profile = Profile(SAMPLED, (Origin("py-spy"),), events={**told(VIEW, 1000), **told(OTHER, 3000)})
    one, other = analyse(profile).findings
    assert (one.culprit.frame.function, one.evidence.heading, one.evidence.logged) == ("checkout", 2, 1000)
    assert one.share is not None
    assert one.share.share == 1.0
    assert (other.culprit.frame.function, other.evidence.samples, other.evidence.logged) == ("basket", 0, 3000)
    assert (other.share, other.workers, other.allowed) == (None, (), False)


def test_logs_alone() -> None:
    analysis = analyse(Profile({}, events=told(VIEW, 5)))
    assert analysis.verdict == "violations"
    assert [(one.evidence.logged, one.share) for one in analysis.findings] == [(5, None)]


def test_the_same_line_on_several_routes_is_one_finding() -> None:
    by_middleware = frames("timing (shop/middleware.py:8)", VIEW, COUNT, GUARD.format(line=24))
    events = {**told(VIEW, 5), Event("async-unsafe", by_middleware): Occurrences(2)}
    (finding,) = analyse(Profile(SAMPLED, events=events)).findings
    assert finding.evidence.logged == 7
