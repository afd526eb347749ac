"""Recordings of several workers and runs as one: each worker's part is told, and what all of them could have seen."""

from __future__ import annotations

import json

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.analysis import Analysis
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin, Profile, Stack
from asyncspy.read.profile_sum import ProfileSum, merge_profiles
from asyncspy.report import FORMATS, View
from tests.analyse.stack_samples import ASYNCIO, COUNT, HANDLER, frames

GUILTY = frames(ASYNCIO, HANDLER, "checkout (shop/views.py:25)", COUNT)
RIGHT = frames(ASYNCIO, HANDLER, "listed (shop/views.py:9)")


def run(
    pid: int, guilty: int, right: int, *, seconds: float = 10, lost: int = 0, late: float = 0.0, began: float = 1e9
) -> Profile:
    """One recording of one worker."""
    target = Worker(pid, 1, "worker", True, "uvicorn", started_at=began)
    samples = guilty + right
    origin = Origin("py-spy 0.4.3", "gil", 100, seconds, samples=samples, errors=lost, late_seconds=late, target=target)
    stacks = {Stack(GUILTY, pid): guilty, Stack(RIGHT, pid): right}
    return Profile({stack: weight for stack, weight in stacks.items() if weight}, (origin,))


def parts(analysis: Analysis) -> list[tuple[int | None, int, float]]:
    (finding,) = analysis.findings
    return [(one.pid, one.samples, round(one.share.share, 3) if one.share else -1) for one in finding.workers]


def test_two_workers_of_unequal_load() -> None:
    """The busy one has fewer faults for its time: its part is of its own time, and not of both."""
    analysis = analyse(merge_profiles([run(11, 10, 990), run(12, 30, 70)]))
    assert parts(analysis) == [(12, 30, 0.3), (11, 10, 0.01)]
    assert analysis.findings[0].share is not None
    assert round(analysis.findings[0].share.share, 4) == round(40 / 1100, 4)
    shown = FORMATS["terminal"](analysis, View())
    assert "by pid" in shown
    assert "12: 30% of its loop" in shown
    assert "11: 1.0% of its loop" in shown
    workers = json.loads(FORMATS["json"](analysis, View()))["findings"][0]["workers"]
    assert [(one["pid"], one["samples"], one["share"]["share"]) for one in workers] == [(12, 30, 0.3), (11, 10, 0.01)]


def test_a_worker_without_the_fault_is_told_too() -> None:
    assert parts(analyse(merge_profiles([run(11, 20, 80), run(12, 0, 500)]))) == [(11, 20, 0.2), (12, 0, 0.0)]


def test_one_alone_is_itself_and_another_may_still_come() -> None:
    first, second = run(11, 20, 80), run(12, 5, 5)
    both = ProfileSum()
    both.add(first)
    assert both.profile() == first
    both.add(second)
    assert both.profile() == merge_profiles([first, second])
    assert [list(part.weights) for part in both.profile().parts] == [[20, 80], [5, 5]]
    assert merge_profiles([]).stacks == {}


def test_workers_that_are_alike_are_not_listed_to_a_person() -> None:
    analysis = analyse(merge_profiles([run(11, 10, 90), run(12, 11, 89)]))
    assert len(parts(analysis)) == 2
    assert "by pid" not in FORMATS["terminal"](analysis, View())


def test_two_runs_of_one_worker_are_one_worker_watched_for_longer() -> None:
    once, twice = analyse(run(11, 5, 95)), analyse(merge_profiles([run(11, 5, 95), run(11, 10, 190, seconds=20)]))
    assert parts(twice) == [(11, 15, 0.05)]
    assert twice.reach.catch_interval_seconds == pytest.approx(3 * (once.reach.catch_interval_seconds or 0))
    longest = [[round(one.duration_seconds) for one in analysis.reach.needed] for analysis in (once, twice)]
    assert longest[0] == longest[1] != []
    narrow, wide = twice.findings[0].share, once.findings[0].share
    assert narrow is not None
    assert wide is not None
    assert narrow.high - narrow.low < wide.high - wide.low


def test_what_a_run_lost_and_when_it_was_late_counts_for_that_run() -> None:
    good = analyse(merge_profiles([run(11, 5, 95), run(12, 5, 95)]))
    bad = analyse(merge_profiles([run(11, 5, 95), run(12, 5, 95, lost=100, late=5.0)]))
    assert bad.reach.lost_share == pytest.approx(100 / 300)
    # of the second run a half was late, and of the rest half was lost
    assert bad.reach.catch_interval_seconds == pytest.approx((good.reach.catch_interval_seconds or 0) * 1.25 / 2)
    shown = " ".join(FORMATS["terminal"](bad, View()).split())
    assert "py-spy fell 5s behind" in shown
    assert "could not read 33% of its samples" in shown
    assert "33% lost" in shown


@pytest.mark.parametrize("second", [{"began": 2e9}, {"container": "web-2"}])
def test_processes_that_only_share_a_pid_are_not_one_worker(second: dict[str, object]) -> None:
    """Of two containers, or before and after a restart: the pid does not say whose samples they are."""
    one, other = run(7, 5, 95), run(7, 50, 50)
    target = other.origins[0].target
    assert target is not None
    kept = {"started_at": second.get("began", target.started_at), "container": second.get("container")}
    moved = Worker(target.pid, target.ppid, target.role, certain=True, server=target.server, **kept)  # type: ignore[arg-type]
    origin = Origin("py-spy 0.4.3", "gil", 100, 10, samples=100, target=moved)
    assert parts(analyse(merge_profiles([one, Profile(other.stacks, (origin,))]))) == []
    assert parts(analyse(one)) == [(7, 5, 0.05)]


def test_modes_that_measure_different_things_are_not_added() -> None:
    wall = Profile({}, (Origin("py-spy", "wall"),))
    with pytest.raises(ValueError, match="gil and wall"):
        merge_profiles([run(11, 1, 1), wall])
