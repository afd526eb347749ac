"""What becomes of planted findings between two recordings: gone, less, same, more, new, or nothing that can be told."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.compare.comparison import compare, compare_parts, seen_functions
from asyncspy.model.analysis import Analysis
from asyncspy.model.comparisons import Comparison, FindingChange
from asyncspy.model.findings import Culprit, Entry, Evidence, Finding, LoopTime, SampleCounts, Wait
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import FindingKind, Frame, Occurrences, Origin, Profile
from asyncspy.read import load

FIXTURES = Path(__file__).parents[3] / "fixtures"
VIEW = Frame("checkout", "/srv/shop/shop/views.py", 25)


def found(
    samples: int,
    *,
    line: int = 22,
    file: str = "/srv/shop/shop/pricing.py",
    kind: FindingKind = "async-unsafe",
    **more: object,
) -> Finding:
    culprit = Frame(str(more.pop("function", "helper_count")), file, line)
    evidence = Evidence(heading=samples) if kind == "async-unsafe" else Evidence(sampled=samples)
    known: dict[str, object] = {
        "evidence": evidence,
        "allowed": False,
        "culprit": Culprit(culprit),
        "call": "QuerySet.count",
        "sink": None,
        "entries": (Entry("async view", VIEW, samples),),
        "chain": (),
    }
    return Finding(kind, **{**known, **more})  # type: ignore[arg-type]


def recorded(
    *findings: Finding, loop: int = 10_000, seconds: float = 100.0, cwd: str = "/srv/shop", **more: object
) -> Analysis:
    worker = Worker(7, 1, "worker", certain=True, server="uvicorn", cwd=cwd)
    origin = Origin("py-spy 0.4.3", mode="gil", rate=100, duration=seconds, target=worker)
    known = Analysis("violations", SampleCounts(loop, loop), findings, origins=(origin,))
    return replace(known, **more)  # type: ignore[arg-type]


def only(comparison: Comparison) -> FindingChange:
    (difference,) = comparison.differences
    return difference


def test_a_mended_line_is_gone() -> None:
    gone = only(compare(recorded(found(44)), recorded()))
    assert gone.change == "gone"
    assert gone.chance is not None
    assert gone.chance < 1e-6
    assert gone.after is None


def test_an_untouched_line_is_the_same() -> None:
    assert only(compare(recorded(found(44)), recorded(found(40)))).change == "same"


def test_a_line_that_was_not_there_is_new() -> None:
    assert only(compare(recorded(), recorded(found(44)))).change == "new"


def test_much_less_and_much_more_are_told() -> None:
    assert only(compare(recorded(found(300)), recorded(found(100)))).change == "less"
    assert only(compare(recorded(found(100)), recorded(found(300)))).change == "more"


def test_a_short_after_says_how_long_it_must_be_and_that_is_enough() -> None:
    before = recorded(found(20))
    unseen = only(compare(before, recorded(loop=500, seconds=5)))
    assert unseen.change == "not-seen-yet"
    assert unseen.needed_seconds is not None
    assert 5 < unseen.needed_seconds < 100
    longer = recorded(loop=round(500 * unseen.needed_seconds / 5), seconds=unseen.needed_seconds)
    assert only(compare(before, longer)).change == "gone"


def test_what_is_seen_once_may_always_have_been_there() -> None:
    assert only(compare(recorded(), recorded(found(1)))).change == "not-seen-before"


@pytest.mark.parametrize("factor", [0.1, 0.5, 2, 10])
def test_neither_length_nor_load_matters(factor: float) -> None:
    other = recorded(found(round(400 * factor)), loop=round(10_000 * factor))
    assert only(compare(recorded(found(400)), other)).change == "same"


def test_mending_one_does_not_make_the_others_grow() -> None:
    """The big one takes half of the loop: without it, the share of the small one doubles, but not its cost."""
    big, small = found(5_000), found(500, line=70, function="small")
    changes = {
        d.finding.culprit.frame.function: d.change for d in compared(recorded(big, small), recorded(small, loop=5_000))
    }
    assert changes == {"helper_count": "gone", "small": "same"}


def compared(before: Analysis, after: Analysis) -> tuple[FindingChange, ...]:
    return compare(before, after).differences


def test_a_line_that_moved_is_the_same_finding() -> None:
    moved = only(compare(recorded(found(44, line=22)), recorded(found(41, line=25))))
    assert (moved.change, moved.moved) == ("same", True)


def test_two_calls_of_one_function_that_moved_are_told_apart() -> None:
    before = recorded(found(300, line=10), found(50, line=12))
    after = recorded(found(300, line=12), found(50, line=14))
    assert [(d.change, d.before and d.before.samples) for d in compared(before, after)] == [("same", 300), ("same", 50)]


def test_of_two_calls_the_one_that_stayed_is_found() -> None:
    before = recorded(found(300, line=10), found(50, line=12))
    changes = {d.finding.culprit.frame.line: d.change for d in compared(before, recorded(found(52, line=12)))}
    assert changes == {10: "gone", 12: "same"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/srv/releases/41/shop/pricing.py", "/srv/releases/42/shop/pricing.py"),
        ("/srv/shop/shop/pricing.py", "shop/pricing.py"),
        ("/srv/a/views.py", "/srv/b/views.py"),
    ],
)
def test_a_release_in_another_folder_is_the_same_app(before: str, after: str) -> None:
    first = recorded(found(44, file=before), cwd="/srv/a")
    assert only(compare(first, recorded(found(44, file=after), cwd="/srv/b"))).change == "same"


def test_an_app_that_lies_in_the_root_folder_is_known_elsewhere() -> None:
    first = recorded(found(44, file="/main.py"), cwd="/")
    assert only(compare(first, recorded(found(44, file="/srv/b/main.py"), cwd="/srv/b"))).change == "same"


def test_other_files_of_the_same_name_are_others() -> None:
    before = recorded(found(44, file="/srv/shop/one/views.py"))
    after = recorded(found(44, file="/srv/shop/two/views.py"))
    assert [d.change for d in compared(before, after)] == ["new", "gone"]


def test_a_line_whose_way_in_was_not_taken_is_not_gone() -> None:
    unseen = only(compare(recorded(found(44)), recorded(), ran=lambda _frame: False))
    assert (unseen.change, unseen.doubt) == ("not-seen-yet", "entry-not-seen")
    assert only(compare(recorded(found(44)), recorded(), ran=lambda frame: frame == VIEW)).change == "gone"


def test_callbacks_have_no_way_in_that_must_be_taken() -> None:
    callback = found(44, entries=(Entry("callback", VIEW, 44),))
    assert only(compare(recorded(callback), recorded(), ran=lambda _frame: False)).change == "gone"


def test_what_became_too_weak_to_report_is_less_and_not_gone() -> None:
    hops = found(3_000, kind="hop-cost", call="SyncToAsync.__call__")
    weak = recorded(faint=(found(300, kind="hop-cost", call="submit"),))
    assert only(compare(recorded(hops), weak)).change == "less"
    assert compared(weak, weak) == ()


def waits(samples: int, busy: int, idle: int) -> Analysis:
    wait = found(samples, kind="blocked-loop", call="sleep", wait=Wait("sleep", certain=True))
    origin = Origin("py-spy 0.4.3", mode="wall", rate=20, duration=100)
    findings = (wait,) if samples else ()
    return Analysis(
        "none-seen", SampleCounts(2_000, 2_000), findings, origins=(origin,), wall=LoopTime(2_000, idle, samples, busy)
    )


def test_one_long_wait_is_one_event_and_no_twenty() -> None:
    assert only(compare(waits(20, 300, 1_600), waits(0, 300, 1_700))).change == "not-seen-yet"
    assert only(compare(waits(400, 300, 1_300), waits(0, 300, 1_700))).change == "gone"


def test_a_worker_that_did_nothing_proves_nothing() -> None:
    assert only(compare(waits(400, 300, 1_300), waits(0, 2, 1_998))).change == "not-seen-yet"


def test_what_only_logs_tell_of_is_not_judged() -> None:
    told = found(0, evidence=Evidence(logged=3), logged=Occurrences(3))
    for before, after, change in ((told, told, "same"), (told, None, "not-seen-yet"), (None, told, "not-seen-before")):
        difference = only(compare(recorded(*filter(None, [before])), recorded(*filter(None, [after]))))
        assert (difference.change, difference.doubt, difference.chance) == (change, "not-sampled", None)


def test_different_modes_are_refused() -> None:
    wall = replace(recorded(), origins=(Origin("py-spy", mode="wall"),), wall=LoopTime(5, 1, 1, 3))
    with pytest.raises(ValueError, match="mode gil, AFTER in the mode wall"):
        compare(recorded(), wall)
    unknown = replace(wall, origins=(Origin("py-spy"),))
    with pytest.raises(ValueError, match="mode gil, AFTER in the mode wall"):
        compare(recorded(), unknown)


def test_runs_in_two_modes_are_compared_mode_by_mode_and_judged_together() -> None:
    """What both modes tell of counts once; what one run lacks is said."""
    gil, wall = recorded(found(44)), waits(400, 300, 1_300)
    wall = replace(wall, findings=(*wall.findings, found(3)))
    mended = waits(0, 300, 1_700)
    both = compare_parts((gil, wall), (recorded(), mended), gil, gil, ran=lambda _frame: True)
    assert [(d.finding.kind, d.change) for d in both.differences] == [
        ("blocked-loop", "gone"),
        ("async-unsafe", "gone"),
    ]
    assert both.left_out == ()
    one = compare_parts((gil, wall), (recorded(),), gil, gil, ran=lambda _frame: True)
    assert [d.finding.kind for d in one.differences] == ["async-unsafe"]
    assert one.left_out == ("wall",)


PAIRS = 200
BY_GIL = ("matrix/django5.2.8-asgiref3.10.0-py3.11-uvicorn-asyncio-syncmw.json", "hops/gil-hops_often.json")


@cache
def real(name: str) -> Profile:
    return load(FIXTURES / name)


def drawn(profile: Profile, draw: random.Random, size: float = 1.0) -> Profile:
    """Another recording of the same app: as many samples, each any of the recorded ones."""
    stacks, weights = list(profile.stacks), list(profile.stacks.values())
    return replace(profile, stacks=Counter(draw.choices(stacks, weights, k=round(sum(weights) * size))))


@pytest.mark.parametrize("name", BY_GIL)
def test_of_two_hundred_pairs_of_an_unchanged_app_hardly_any_is_told_to_differ(name: str) -> None:
    draw = random.Random(9)
    recordings = [analyse(drawn(real(name), draw, draw.choice((0.5, 1, 2)))) for _ in range(40)]
    wrong = told = 0
    for _ in range(PAIRS):
        changes = {each.change for each in compared(*draw.sample(recordings, 2))}
        wrong += bool(changes & {"new", "gone", "more", "less"})
        told += "same" in changes
    assert wrong <= PAIRS * 0.05
    assert told >= PAIRS * 0.95  # it was not silence that kept it from being wrong


def test_in_a_real_recording_a_fault_that_is_taken_out_is_gone_and_no_other() -> None:
    before = drawn(real(BY_GIL[0]), random.Random(3), 4)
    mended = {
        s: n for s, n in before.stacks.items() if not any(f.function == "session" and f.line == 36 for f in s.frames)
    }
    after = drawn(replace(before, stacks=mended), random.Random(4))
    differences = compare(analyse(before), analyse(after), ran=seen_functions(real(BY_GIL[0]).stacks)).differences
    changes = {d.finding.culprit.frame.function: d.change for d in differences}
    assert changes.pop("session") == "gone"
    assert set(changes.values()) == {"same"}
