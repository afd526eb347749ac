"""Two passes of one run make one analysis: each finding once, each figure from the pass that can know it."""

from __future__ import annotations

from dataclasses import replace

from asyncspy.analyse import analyse
from asyncspy.analyse.combine_modes import analyse_modes, combine_modes
from asyncspy.analyse.stop_condition import reached_goal
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Culprit, DetectionLimit, Evidence, Finding, LoopTime, SampleCounts
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import FindingKind, Frame, Origin, Profile


def finding(kind: FindingKind, line: int, samples: int = 1) -> Finding:
    seen = Evidence(heading=samples) if kind == "async-unsafe" else Evidence(sampled=samples)
    return Finding(kind, seen, False, Culprit(Frame("f", "/srv/a.py", line)), "QuerySet.count", None, (), ())


GIL = Analysis("none-seen", SampleCounts(900, 700), (), DetectionLimit(0.01), (Origin("py-spy", "gil"),))
WALL = Analysis(
    "none-seen", SampleCounts(50, 50), (), DetectionLimit(0.9), (Origin("py-spy", "wall"),), wall=LoopTime(50, 40, 5, 5)
)


def with_findings(analysis: Analysis, *findings: Finding) -> Analysis:
    verdict = "violations" if any(one.kind == "async-unsafe" for one in findings) else analysis.verdict
    return Analysis(verdict, analysis.samples, findings, analysis.reach, analysis.origins, wall=analysis.wall)


def test_figures_come_from_the_pass_that_can_know_them() -> None:
    both = combine_modes(GIL, WALL)
    assert (both.samples, both.reach, both.wall) == (GIL.samples, GIL.reach, WALL.wall)
    assert [origin.mode for origin in both.origins] == ["gil", "wall"]
    assert both.verdict == "none-seen"


def test_a_violation_that_both_saw_is_told_once_with_the_figures_of_the_gil() -> None:
    seen = finding("async-unsafe", 3, samples=40)
    both = combine_modes(with_findings(GIL, seen), with_findings(WALL, finding("async-unsafe", 3)))
    assert both.findings == (seen,)


def test_a_violation_that_only_waits_show_is_told() -> None:
    both = combine_modes(GIL, with_findings(WALL, finding("async-unsafe", 3)))
    assert both.verdict == "violations"
    assert len(both.findings) == 1


def test_a_middleware_that_both_saw_is_told_once() -> None:
    pinned = finding("sync-middleware", 5)
    assert combine_modes(
        with_findings(GIL, pinned), with_findings(WALL, finding("sync-middleware", 5, 9))
    ).findings == (pinned,)


def test_violations_come_first_then_what_blocks() -> None:
    both = combine_modes(
        with_findings(GIL, finding("hop-cost", 1)),
        with_findings(WALL, finding("blocked-loop", 2), finding("async-unsafe", 3)),
    )
    assert [one.kind for one in both.findings] == ["async-unsafe", "blocked-loop", "hop-cost"]


def test_what_is_faint_in_either_is_kept() -> None:
    hop, sleep = finding("hop-cost", 3), finding("blocked-loop", 4)
    both = combine_modes(replace(GIL, faint=(hop,)), replace(WALL, faint=(sleep,)))
    assert both.faint == (hop, sleep)


def test_nothing_seen_by_either_is_no_data() -> None:
    nothing = Analysis("no-data", SampleCounts())
    assert combine_modes(nothing, nothing).verdict == "no-data"
    assert combine_modes(nothing, WALL).verdict == "none-seen"


def test_enough_is_a_sure_finding_or_so_many_samples() -> None:
    weak, sure = with_findings(GIL, finding("async-unsafe", 3, 2)), with_findings(GIL, finding("async-unsafe", 3, 3))
    assert reached_goal(weak, [None]) is None
    assert "found: 1 line" in (reached_goal(sure, [None]) or "")
    assert reached_goal(sure, [701]) is None
    assert "700 samples of the loop" in (reached_goal(sure, [5000, 700]) or "")
    assert reached_goal(with_findings(GIL, finding("blocked-loop", 3, 99)), [None]) is None


def test_a_django_version_counts_only_where_all_targets_run_it() -> None:
    def of(*versions: str | None) -> Profile:
        targets = (Worker(1, 0, "worker", certain=True, server="uvicorn", django=django) for django in versions)
        return Profile({}, tuple(Origin("py-spy", "gil", target=target) for target in targets))

    def together(running: Profile, waiting: Profile | None) -> str | None:
        found, _ = analyse_modes(
            running, waiting, source=lambda _file: None, app_roots=(), distribution=lambda _file: None
        )
        return found.django

    assert together(of("5.2", None), None) == "5.2"
    assert together(of("5.2", "4.2"), None) is None
    assert together(of("5.2"), of("5.2")) == "5.2"
    assert together(of("5.2"), of("4.2")) is None


def test_the_target_is_the_process_of_one_folder() -> None:
    def of(*folders: str) -> Profile:
        targets = (Worker(pid, 0, "worker", certain=True, server="uvicorn", cwd=cwd) for pid, cwd in enumerate(folders))
        return Profile({}, tuple(Origin("py-spy", "gil", target=target) for target in targets))

    both = [analyse(of(*folders)).target for folders in (("/srv", "/srv"), ("/srv", "/opt"), ())]
    assert [target.cwd if target else None for target in both] == ["/srv", None, None]
