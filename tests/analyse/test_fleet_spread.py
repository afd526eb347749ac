"""Recordings of several hosts: hosts, workers and versions that show a finding are told, though all are pid 1."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from asyncspy import report
from asyncspy.analyse import analyse
from asyncspy.analyse.fleet_spread import with_fleet_spread
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import FleetGroup, FleetSpread
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Origin, Profile, Stack
from asyncspy.read.profile_sum import merge_profiles
from asyncspy.report import FORMATS, View
from asyncspy.report.present.evidence import fleet_groups, fleet_spread
from tests.analyse.stack_samples import ASYNCIO, COUNT, HANDLER, frames

SCHEMA = Path(report.__file__).parent / "schema" / "report-1.json"
GUILTY = frames(ASYNCIO, HANDLER, "checkout (shop/views.py:25)", COUNT)
RIGHT = frames(ASYNCIO, HANDLER, "listed (shop/views.py:9)")
IDLE = frames(ASYNCIO, "select (selectors.py:468)")


def recording(host: str | None, container: str, guilty: int, right: int, django: str = "5.2.19") -> Profile:
    target = Worker(1, 0, "worker", certain=True, server="uvicorn", container=container, django=django, python="3.12")
    origin = Origin("py-spy", "gil", 100, 60.0, samples=guilty + right, host=host, target=target)
    stacks = {Stack(GUILTY, 1): guilty, Stack(RIGHT, 1): right, Stack(IDLE, 1): 500}
    return Profile({stack: weight for stack, weight in stacks.items() if weight}, (origin,))


FLEET = [
    recording("web-1", "aa", 50, 950),
    recording("web-1", "bb", 0, 1000),
    recording("web-2", "cc", 0, 1000),
    recording("web-2", "dd", 0, 1000, django="4.2.30"),
    recording("web-3", "ee", 1, 1999),
]


def told(recordings: list[Profile]) -> Analysis:
    whole = merge_profiles(recordings)
    return with_fleet_spread(whole, analyse(whole))


def fleet_of(analysis: Analysis) -> FleetSpread:
    (finding,) = analysis.findings
    assert finding.fleet is not None
    return finding.fleet


def by(fleet: FleetSpread, grouping: str) -> list[tuple[str, int, int, int, float | None]]:
    return [
        (one.name, one.workers, one.seen_in, one.samples, round(one.share.share, 4) if one.share else None)
        for one in fleet.groups
        if one.by == grouping
    ]


def test_hosts_workers_and_versions_are_told_apart() -> None:
    fleet = fleet_of(told(FLEET))
    assert fleet[:4] == (5, 2, 3, 2)
    assert by(fleet, "host") == [("web-1", 2, 1, 50, 0.025), ("web-3", 1, 1, 1, 0.0005)]
    assert by(fleet, "worker") == [("web-1 aa pid 1", 1, 1, 50, 0.05), ("web-3 ee pid 1", 1, 1, 1, 0.0005)]
    assert by(fleet, "versions") == [
        ("Django 5.2.19, Python 3.12", 4, 2, 51, 0.0102),
        ("Django 4.2.30, Python 3.12", 1, 0, 0, 0.0),
    ]


def test_the_order_of_the_recordings_does_not_matter() -> None:
    assert fleet_of(told(FLEET)) == fleet_of(told(FLEET[::-1]))


def test_a_worker_that_was_recorded_twice_is_one() -> None:
    assert fleet_of(told([*FLEET, FLEET[0]]))[:2] == (5, 2)


def test_what_differs_by_more_than_chance_is_named() -> None:
    (finding,) = told(FLEET).findings
    assert fleet_spread(finding) == "in 2 of 5 workers, on 2 of 3 hosts"
    rows = dict(fleet_groups(finding, View()))
    assert [line.partition(":")[0] for line in rows["by host"]] == ["web-1"]
    assert [line.partition(":")[0] for line in rows["by worker"]] == ["web-1 aa pid 1"]
    assert len(rows["by version"]) == 2


def test_what_does_not_differ_is_not_listed() -> None:
    (finding,) = told([recording(f"web-{n}", "x", 20, 980) for n in range(4)]).findings
    assert fleet_spread(finding) == "in 4 of 4 workers, on 4 of 4 hosts"
    assert fleet_groups(finding, View()) == []


def test_many_are_counted_and_not_listed() -> None:
    share = {"samples": 90, "workers": 1, "seen_in": 1}
    (finding,) = told(FLEET).findings
    assert finding.share is not None
    high = finding.share._replace(low=0.9)
    groups = tuple(FleetGroup("host", f"web-{n}", share=high, **share) for n in range(9))
    finding = replace(finding, fleet=FleetSpread(9, 9, 9, 9, groups))
    assert fleet_groups(finding, View())[0][1][-1] == "… 4 more"
    assert len(fleet_groups(finding, View(show_all=True))[0][1]) == 9


@pytest.mark.parametrize("recordings", [FLEET[:1], FLEET[:2], FLEET[2:3] * 2], ids=["one", "one-host", "the-same"])
def test_of_one_host_and_one_version_nothing_is_added(recordings: list[Profile]) -> None:
    whole = merge_profiles(recordings)
    assert with_fleet_spread(whole, analyse(whole)) == analyse(whole)


def test_recordings_that_do_not_say_where_they_are_from_are_one_unknown_host() -> None:
    bare = Profile({Stack(GUILTY): 5, Stack(RIGHT): 95}, (Origin("py-spy", "gil"),))
    fleet = fleet_of(told([*FLEET, bare]))
    assert ("unknown", 1, 1, 5, 0.05) in by(fleet, "host")


def test_the_workers_of_one_recording_are_told_apart_by_pid() -> None:
    one, other = recording("web-9", "ff", 30, 70), recording("web-9", "gg", 0, 100)
    target = other.origins[0].target
    assert target is not None
    second = replace(other.origins[0], target=replace(target, pid=2))
    stacks = {**one.stacks, **{stack._replace(pid=2): weight for stack, weight in other.stacks.items()}}
    fleet = fleet_of(told([*FLEET, Profile(stacks, (*one.origins, second))]))
    assert ("web-9 ff pid 1", 1, 1, 30, 0.3) in by(fleet, "worker")
    assert fleet.workers == 7


def test_a_constructors_frame_of_python_313_does_not_hide_a_sample() -> None:
    shim = Frame("__init__", "__init__")
    odd = {Stack((*GUILTY[:-2], shim, *GUILTY[-2:]), 1): 7}
    fleet = fleet_of(told([*FLEET, replace(FLEET[2], stacks=odd)]))
    assert sum(one.samples for one in fleet.groups if one.by == "host") == 51 + 7


def test_every_format_tells_of_it() -> None:
    analysis = told(FLEET)
    for form in ("terminal", "markdown", "html"):
        shown = " ".join(FORMATS[form](analysis, View(width=100)).split())
        assert "in 2 of 5 workers, on 2 of 3 hosts" in shown, form
        assert "web-1" in shown, form
    document = json.loads(FORMATS["json"](analysis, View()))
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert document["findings"][0]["fleet"]["hosts_seen_in"] == 2


def test_names_from_a_recording_are_shown_as_text() -> None:
    analysis = told([recording("\x1b[31mweb\u202e", "aa", 50, 950), recording("web-2", "bb", 0, 1000)])
    for form in ("terminal", "markdown", "html"):
        shown = FORMATS[form](analysis, View())
        assert "\x1b[31m" not in shown
        assert "\u202e" not in shown
