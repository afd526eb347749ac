"""Compare two analyses of one app: what became of each finding, and how likely chance explains the difference.

The samples of a finding are compared with the loop's samples that belong to no finding, the app's other work: with half
the load a finding has half the samples of the same time, and where one fault is fixed, every other one has a larger
share of all samples. So neither rate, duration nor load matter, as long as the mix of the load stays the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from asyncspy.analyse.compare.pairing import (
    MatchedFinding,
    PairedFinding,
    match_findings,
    match_modes,
    other_work,
    sampling_mode,
)
from asyncspy.analyse.compare.significance import chance_of_difference, holm_adjusted, work_needed
from asyncspy.analyse.compare.waiting import compare_waiting
from asyncspy.analyse.stacks.entries import CALLBACK
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.model.analysis import Analysis
from asyncspy.model.comparisons import ChangeKind, ComparedFinding, Comparison, DoubtReason, FindingChange
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Frame, Stack

SIGNIFICANCE_LEVEL = 0.05
"""How often two recordings of an unchanged app may be said to differ."""

CHANGES_WORST_FIRST: tuple[ChangeKind, ...] = ("new", "more", "not-seen-before", "same", "less", "not-seen-yet", "gone")

SeenFunctions = Callable[[Frame], bool]
"""Whether a function is on any stack of AFTER."""


def seen_functions(stacks: Iterable[Stack]) -> SeenFunctions:
    """Tell which functions these stacks hold, wherever the app's folder lies."""
    seen = {_function_key(frame) for stack in stacks for frame in stack.frames}
    return lambda frame: _function_key(frame) in seen


def _function_key(frame: Frame) -> tuple[str, str]:
    return frame.file.rpartition("/")[2], last_segment(frame.function)


def compare(before: Analysis, after: Analysis, *, ran: SeenFunctions = lambda _frame: True) -> Comparison:
    """Compare two analyses. Raises ValueError for recordings whose samples mean different things."""
    return compare_parts((before,), (after,), before, after, ran=ran)


def compare_parts(
    first: Sequence[Analysis], second: Sequence[Analysis], before: Analysis, after: Analysis, *, ran: SeenFunctions
) -> Comparison:
    """Compare recordings in several modes, each with its like, and judge all findings together.

    `before` and `after` are all parts of each as one, as they are shown.
    """
    parts = match_modes(first, second)
    matched = match_findings(parts)
    sampled = [one for one in matched if any(each.finding.evidence.samples for each in one.pair.findings)]
    chances = holm_adjusted([chance_of_difference(one.before, one.after) for one in sampled])
    chance_of = dict(zip(map(id, sampled), chances, strict=True))
    level = SIGNIFICANCE_LEVEL / max(1, len(sampled))
    changes = [_change(one, chance_of.get(id(one)), level, ran) for one in matched]
    used = {id(part) for both in parts for part in both}
    left_out = tuple(sampling_mode(part) for part in (*first, *second) if id(part) not in used and part.samples.total)
    waiting = compare_waiting(before.waiting, after.waiting)
    return Comparison(before, after, tuple(sorted(changes, key=_rank)), _relative_load(*parts[0]), left_out, waiting)


def _relative_load(before: Analysis, after: Analysis) -> float | None:
    """How much work AFTER did per second, relative to BEFORE."""
    first, second = (_work_per_sample(analysis) for analysis in (before, after))
    return second / first if first and second else None


def _work_per_sample(analysis: Analysis) -> float:
    ticks = sum((origin.duration or 0) * (origin.rate or 0) for origin in analysis.origins)
    return other_work(analysis, ()) / ticks if ticks else 0.0


def _change(one: MatchedFinding, chance: float | None, level: float, ran: SeenFunctions) -> FindingChange:
    """Judge one finding; what is on one side only is a change only if chance does not explain it."""
    finding = one.pair.findings[0].finding
    kind = _change_kind(one, certain=chance is not None and chance <= SIGNIFICANCE_LEVEL)
    doubt: DoubtReason | None = None if chance is not None else "not-sampled"
    if kind in {"gone", "not-seen-yet"} and not _was_entered(finding, ran):
        kind, doubt = "not-seen-yet", "entry-not-seen"
    return FindingChange(
        change=kind,
        finding=finding,
        before=_compared_finding(one.pair.before),
        after=_compared_finding(one.pair.after),
        chance=chance,
        needed_seconds=_needed_seconds(one, level) if kind == "not-seen-yet" and doubt is None else None,
        doubt=doubt,
        work_before=one.before.work,
        work_after=one.after.work,
    )


def _needed_seconds(one: MatchedFinding, level: float) -> float | None:
    """How long AFTER would have to be to show that the finding is gone."""
    needed = work_needed(one.before, level)
    return one.seconds * needed / one.after.work if needed is not None and one.after.work and one.seconds else None


def _change_kind(one: MatchedFinding, *, certain: bool) -> ChangeKind:
    if one.pair.after is None:
        return "gone" if certain else "not-seen-yet"
    if one.pair.before is None:
        return "new" if certain else "not-seen-before"
    if not certain:
        return "same"
    return "more" if one.after.hits * one.before.work > one.before.hits * one.after.work else "less"


def _was_entered(finding: Finding, ran: SeenFunctions) -> bool:
    """Whether AFTER shows an entry of the finding; callbacks are not recognised again, so they count as seen."""
    entries = [entry.frame for entry in finding.entries if entry.kind != CALLBACK.kind]
    return not entries or len(entries) < len(finding.entries) or any(map(ran, entries))


def _compared_finding(paired: PairedFinding | None) -> ComparedFinding | None:
    if paired is None:
        return None
    finding, evidence = paired.finding, paired.finding.evidence
    return ComparedFinding(finding.culprit, evidence.samples, finding.share, evidence.logged, evidence.exact)


def _rank(change: FindingChange) -> tuple[int, int, str, int]:
    samples = [side.samples for side in (change.before, change.after) if side]
    culprit = change.finding.culprit.frame
    return CHANGES_WORST_FIRST.index(change.change), -max(samples, default=0), culprit.file, culprit.line
