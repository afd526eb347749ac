"""Findings that cost time say how much, how they are known, and honestly what mending them brings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding, Wait
from asyncspy.report import FORMATS
from asyncspy.report.present.evidence import WAITS_FOR, evidence
from asyncspy.report.present.finding_kinds import findings_verdict
from asyncspy.report.present.loop_time import hop_sentences, wall_sentences
from asyncspy.report.present.presented_finding import conversion_gain
from tests.report import examples
from tests.report.views import view


def text(analysis: Analysis) -> str:
    return " ".join(FORMATS["terminal"](analysis, view(100)).split())


def alone(finding: Finding) -> Analysis:
    return replace(examples.waiting, findings=(finding,))


@pytest.mark.parametrize(
    ("finding", "says"),
    [
        (examples.blocked, "1 line of your code blocks the event loop. No async-unsafe call was seen"),
        (examples.held, "1 line of your code keeps the event loop for long."),
        (examples.full, "1 thread pool is full."),
        (examples.pinned, "1 line of your code is sync-only middleware in an async stack."),
        (examples.hopping, "1 line of your code spends much of the event loop on hops to threads."),
    ],
)
def test_the_verdict_says_the_worst_and_that_nothing_unsafe_was_seen(finding: Finding, says: str) -> None:
    assert findings_verdict([finding]).startswith(says)


def test_violations_are_said_first() -> None:
    said = findings_verdict(examples.costly.findings)
    assert said.startswith("1 line of your code calls async-unsafe Django on the event loop.")
    assert "No async-unsafe call" not in said


@pytest.mark.parametrize(
    ("finding", "says"),
    [
        (examples.blocked, "312 of 1,200 looks at the loop · 26% of the time (95%: 24–29%)"),
        (examples.full, "94% of the time full (95%: 93–95%)"),
        (examples.pinned, "2,810 samples · holds 2.3 threads on average"),
        (examples.hopping, "5,210 of 820 loop samples · 30% (95%: 29–31%)"),
        (examples.blocked, "it waits for somebody at the other end of a socket"),
        (examples.held, "busy or waiting: samples of all threads cannot tell"),
        (examples.full, "the one thread of thread-sensitive work, mostly busy with this line"),
        (replace(examples.full, threads=6.0), "work, all 6 threads, mostly busy with this line"),
    ],
)
def test_how_much_and_how_it_is_known(finding: Finding, says: str) -> None:
    assert says in text(alone(finding))


def test_converting_is_promised_no_more_than_it_brings() -> None:
    drags = conversion_gain(examples.pinned)
    assert "no longer holds a thread" in drags
    assert "6 others run in its thread" in drags
    assert "slower" in drags
    alone_there = conversion_gain(replace(examples.pinned, drags=0))
    assert "Do not expect faster requests" in alone_there
    assert "others" not in alone_there
    assert conversion_gain(examples.blocked) == ""


@pytest.mark.parametrize(("asgiref", "warned"), [("3.11.1", True), ("3.12.0", False), (None, True), ("junk", True)])
def test_the_hang_is_named_where_it_may_happen(asgiref: str | None, warned: bool) -> None:
    origin = examples.origin(target=examples.worker(asgiref=asgiref))
    said = text(replace(alone(examples.pinned), origins=(origin,)))
    assert ("hang the whole worker" in said) == warned


def test_frames_of_django_alone_are_not_django_at_fault() -> None:
    mixin = replace(examples.pinned, culprit=replace(examples.pinned.culprit, package="django"))
    assert "at fault" not in text(alone(mixin))
    foreign = replace(examples.pinned, culprit=replace(examples.pinned.culprit, package="whitenoise"))
    assert "whitenoise is at fault" in text(alone(foreign))


def test_a_full_pool_without_own_code_blames_no_package() -> None:
    said = text(alone(replace(examples.full, culprit=replace(examples.full.culprit, package="asgiref"))))
    assert "at fault" not in said
    assert "calls that have no line of your code" in said


def test_the_hops_are_summed_up_by_who_asks() -> None:
    said = hop_sentences(examples.HOPS, view())
    assert said[0] == "Crossing between loop and threads takes 40% of the loop (95%: 39–41%)."
    assert said[1] == (
        "Of that: shop/rates.py:44 rates 74%, middleware made with MiddlewareMixin 13%, tasks of their own and results "
        "on their way back 7%, Django's handling of requests 4%, others 1%."
    )
    assert said[2] == "Middleware seen at work behind such hops: SessionMiddleware."
    assert hop_sentences(replace(examples.HOPS, samples=0), view()) == []


def test_the_loops_time() -> None:
    assert wall_sentences(examples.WALL) == [
        "The loop's time: 26% in waits that block it, 42% at work, 32% free.",
        "On average 3.3 threads of its pools were busy.",
    ]
    assert len(wall_sentences(replace(examples.WALL, pool_threads=0.01))) == 1


@pytest.mark.parametrize("kind", WAITS_FOR)
def test_every_wait_is_worded(kind: str) -> None:
    finding = replace(examples.blocked, wait=Wait(kind, certain=True))  # type: ignore[arg-type]
    assert evidence(finding, view()).startswith("it waits ")
