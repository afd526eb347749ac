"""What a gate fails on, what it lets pass, and what it refuses to judge."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from asyncspy.analyse.gate_rules import KIND_NAMES, evaluate_gate, parse_condition
from asyncspy.errors import InputError, UsageError
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Culprit, DetectionLimit, HopCosts, Interval, LoopTime, SampleCounts
from asyncspy.model.gates import Allowance, GateResult
from asyncspy.model.stacks import InputFile
from tests.report import examples

TODAY = date(2026, 11, 21)
ALLOWED = Allowance("SHOP-12", date(2026, 12, 31), "shop/pricing.py")
VIOLATES = examples.one
CLEAN = replace(
    examples.none_seen, hops=HopCosts(4_000, Interval(0.22, 0.21, 0.23)), reach=DetectionLimit(lost_share=0.03)
)
WAITING = replace(CLEAN, hops=None, wall=LoopTime(1_000, 600, 300, 100))


def judged(analysis: Analysis, *spelt: str, **more: object) -> GateResult:
    return evaluate_gate(analysis, [parse_condition(each) for each in spelt], today=TODAY, **more)  # type: ignore[arg-type]


def closed(analysis: Analysis, *spelt: str, **more: object) -> bool:
    return bool(judged(analysis, *spelt, **more).failures)


def test_a_violation_closes_the_gate_that_asks_for_it() -> None:
    assert closed(VIOLATES, "violation")
    assert not closed(VIOLATES, "sync-middleware")
    assert not closed(CLEAN, "violation")


@pytest.mark.parametrize(
    ("spelt", "shut"), [("hop-share>20%", True), ("hop-share>21.5%", False), ("lost-share>2%", True)]
)
def test_a_figure_is_held_to_its_limit_by_its_lower_bound(spelt: str, shut: bool) -> None:
    assert closed(CLEAN, spelt) is shut


def test_waits_are_held_to_theirs() -> None:
    assert closed(WAITING, "blocked-share>25%")
    assert not closed(WAITING, "blocked-share>29%")


@pytest.mark.parametrize(
    "spelt",
    ["", "violations", "Violation", "hop-share", "hop-share>", "hop-share>20", "hop-share>=20%", "hop-share>-1%",
     "hop-share>100%", "hop-share> 20%", "speed>20%", "hop-share>1e1%", "hop-share>٢٠%", "violation>1%"],
)  # fmt: skip
def test_conditions_are_read_strictly(spelt: str) -> None:
    with pytest.raises(ValueError, match="none of violation, "):
        parse_condition(spelt)


def test_every_kind_of_finding_can_be_asked_for() -> None:
    assert {parse_condition(name).kind for name in KIND_NAMES} == set(KIND_NAMES.values())


@pytest.mark.parametrize(
    ("analysis", "spelt", "mode"),
    [(CLEAN, "blocked-loop", "wall"), (CLEAN, "pool-saturated", "wall"), (CLEAN, "blocked-share>1%", "wall"),
     (WAITING, "hop-cost", "gil"), (WAITING, "hop-share>20%", "gil")],
)  # fmt: skip
def test_a_gate_that_cannot_see_is_not_open(analysis: Analysis, spelt: str, mode: str) -> None:
    with pytest.raises(UsageError, match=f"only be judged from a recording of --mode {mode}"):
        judged(analysis, spelt)


@pytest.mark.parametrize("form", ["log", "dump", "dump --json", "looks"])
def test_what_holds_no_samples_is_no_recording(form: str) -> None:
    told = replace(CLEAN, wall=WAITING.wall, inputs=(InputFile("what.txt", form, 1),))
    for spelt in ("hop-share>20%", "blocked-share>1%"):
        with pytest.raises(UsageError, match="only be judged from a recording of --mode"):
            judged(told, spelt)
        beside = replace(told, inputs=(*told.inputs, InputFile("run.json", "speedscope", 1)))
        assert closed(beside, spelt)


def test_a_recording_of_nothing_is_no_pass() -> None:
    with pytest.raises(InputError, match="nothing could be judged"):
        judged(Analysis("no-data", SampleCounts()), "violation")


def test_what_the_baseline_has_does_not_fail_though_its_line_moved() -> None:
    frame = examples.own.culprit.frame
    moved = replace(examples.own, culprit=Culprit(frame._replace(line=frame.line + 3)))
    verdict = judged(VIOLATES, "violation", baseline=replace(VIOLATES, findings=(moved,)))
    assert not verdict.failures
    assert verdict.known == VIOLATES.findings


def test_what_is_beyond_the_baseline_fails() -> None:
    verdict = judged(examples.typical, "violation", baseline=VIOLATES)
    assert examples.own in verdict.known
    assert [f.finding for f in verdict.failures if f.finding is examples.own] == []
    assert verdict.failures


@pytest.mark.parametrize(
    "changed",
    [{}, {"function": "helper_count"}, {"call": "QuerySet.count"}, {"kind": "async-unsafe"}, {"expires": TODAY}],
)
def test_an_allowance_lets_its_finding_pass(changed: dict[str, object]) -> None:
    allowance = replace(ALLOWED, **changed)  # type: ignore[arg-type]
    verdict = judged(VIOLATES, "violation", allowances=[allowance])
    assert not verdict.failures
    assert verdict.let_pass == ((examples.own, allowance),)


@pytest.mark.parametrize(
    "changed",
    [{"file": "pricing.p"}, {"file": "icing.py"}, {"function": "count"}, {"call": "count"}, {"kind": "hop-cost"}],
)
def test_an_allowance_lets_nothing_else_pass_and_is_said_to_be_unused(changed: dict[str, object]) -> None:
    allowance = replace(ALLOWED, **changed)  # type: ignore[arg-type]
    verdict = judged(VIOLATES, "violation", allowances=[allowance])
    assert verdict.failures
    assert verdict.unused == (allowance,)


def test_an_allowance_ends() -> None:
    over = replace(ALLOWED, expires=date(2026, 11, 20))
    verdict = judged(VIOLATES, "violation", allowances=[over])
    assert verdict.failures
    assert verdict.expired == (over,)


def test_a_deadlock_closes_the_gate_and_only_dumps_can_tell() -> None:
    (failure,) = judged(examples.hung, "deadlock").failures
    assert failure.hang is examples.stuck
    slow = replace(examples.hung, hangs=(replace(examples.stuck, verdict="slow"),))
    assert not closed(slow, "deadlock")
    assert closed(replace(examples.hung, hangs=(replace(examples.stuck, verdict="blocked-loop"),)), "blocked-loop")
    with pytest.raises(UsageError, match="only be judged from stack dumps"):
        judged(VIOLATES, "deadlock")


def test_a_run_in_both_modes_can_be_asked_for_everything() -> None:
    both = replace(WAITING, hops=CLEAN.hops)
    assert closed(both, "hop-share>20%")
    assert closed(both, "blocked-share>25%")
    assert not closed(both, "violation")
