"""What is said of a finding and of a recording, beyond what every report says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asyncspy.analyse import confidence
from asyncspy.model.findings import Culprit, DetectionLimit, NeededDuration, WorkerShare
from asyncspy.model.stacks import ENDED_WORKERS_PID, Frame
from asyncspy.model.third_party import Distribution
from asyncspy.report import FORMATS
from asyncspy.report.present.evidence import process_name
from asyncspy.report.present.presented_finding import owner_sentences
from asyncspy.report.present.recording_summary import recording_warnings
from tests.report import examples
from tests.report.views import view


def report(analysis: object) -> str:
    return " ".join(FORMATS["terminal"](analysis, view()).split())  # type: ignore[arg-type]


def part(pid: int | None, hits: int, loop: int) -> WorkerShare:
    return WorkerShare(pid, hits, confidence.share(hits, loop))


def test_how_long_a_rarer_call_needs_is_said() -> None:
    reach = replace(
        examples.REACH, needed=(NeededDuration(1.0, 150.0), NeededDuration(60.0, 9000.0), NeededDuration(5.0, 60.0))
    )
    text = report(replace(examples.one, reach=reach))
    assert (
        "At this rate a call made once a second needs about 2m 30s, once a minute needs about 2h 30m, "
        "once in 5s needs about 1m." in text
    )


def test_where_it_is_not_known_nothing_is_said_of_it() -> None:
    assert "needs about" not in report(examples.one)
    assert "needs about" not in report(
        replace(examples.one, reach=DetectionLimit(needed=(NeededDuration(1.0, float("nan")),)))
    )


def test_workers_are_told_apart_where_they_differ_by_more_than_chance() -> None:
    apart = replace(examples.own, workers=(part(48291, 44, 1000), part(48292, 0, 1000)))
    text = report(replace(examples.one, findings=(apart,)))
    assert "by pid 48291: 4.4% of its loop" in text
    assert "48292: 0% of its loop" in text


@pytest.mark.parametrize(
    "workers", [(), (part(48291, 44, 1000),), (part(1, 44, 1000), part(2, 41, 1000)), (part(1, 1, 3), part(2, 0, 3))]
)
def test_workers_that_may_be_alike_are_not_listed(workers: tuple[WorkerShare, ...]) -> None:
    assert "by pid" not in report(replace(examples.one, findings=(replace(examples.own, workers=workers),)))


def test_a_package_is_named_as_pip_knows_it() -> None:
    frame = Frame("TenantMiddleware.__call__", "/v/lib/python3.12/site-packages/tenants/middleware.py", 14)
    assert (
        "package django-tenants 3.5.0 is at fault"
        in owner_sentences(Culprit(frame, "tenants", Distribution("django-tenants", "3.5.0")))[0]
    )
    assert "package tenants is at fault" in owner_sentences(Culprit(frame, "tenants"))[0]


def test_where_names_alone_decided_that_is_said_with_what_to_do() -> None:
    (said,) = owner_sentences(Culprit(Frame("checkout", "views.py", 3), by_name=True))
    assert "names alone" in said
    assert "--full-filenames" in said
    assert "--app-root" in said
    assert owner_sentences(Culprit(Frame("checkout", "/srv/shop/views.py", 3))) == []


@pytest.mark.parametrize(("errors", "warned"), [(0, False), (5, False), (250, True)])
def test_a_lossy_recording_is_warned_of(errors: int, warned: bool) -> None:
    said = recording_warnings((examples.origin(samples=1000 - errors, errors=errors),))
    assert any("could not read" in one for one in said) is warned


def test_workers_that_ended_long_ago_are_listed_as_such() -> None:
    assert [process_name(pid) for pid in (48291, ENDED_WORKERS_PID, None)] == [
        "48291",
        "earlier ones",
        "unknown",
    ]
