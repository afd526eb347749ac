"""Two analyses of one app to what became of each finding, with the probability that chance explains the difference.

A finding's samples are held against the loop's samples that belong to no finding: the app's other work. Time would not
do, since half the load halves the samples; nor would all samples of the loop, since one mended fault makes the share of
every other one grow. Neither rate nor duration matters then, and nor does load as long as its mix stays the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from asyncspy.analyse.compare import significance
from asyncspy.analyse.compare.pairing import FindingPair, PairedFinding, pair_findings
from asyncspy.analyse.stacks.entries import CALLBACK
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.model.analysis import Analysis
from asyncspy.model.comparisons import ChangeKind, ComparedFinding, Comparison, DoubtReason, FindingChange
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import UNSAMPLED_MODES, Frame, SamplingMode, Stack

LEVEL = 0.05
"""How often two recordings of an unchanged app may be told to differ."""

SPELL_SECONDS = 1.0
"""A wait is taken to last so long: of samples that count waits, all those of one wait are one event."""

CHANGES: tuple[ChangeKind, ...] = ("new", "more", "not-seen-before", "same", "less", "not-seen-yet", "gone")
"""Worst first."""

SeenFunctions = Callable[[Frame], bool]
"""Whether a function was seen on any stack of AFTER."""


class RecordingSide(NamedTuple):
    """One side: its analysis, the samples of its other work, and how many samples of a wait make one event."""

    analysis: Analysis
    work: int
    spell: int

    def counts(self, seen: PairedFinding | None, kind: str) -> significance.EventCounts:
        """A finding's independent events, and the work that they are held against."""
        samples = seen.finding.evidence.samples if seen else 0
        spell = self.spell if kind != "async-unsafe" else 1
        return significance.EventCounts(max(samples // spell, min(samples, 1)), self.work)


class MatchedFinding(NamedTuple):
    """One fault in the two recordings of one mode."""

    pair: FindingPair
    before: RecordingSide
    after: RecordingSide

    @property
    def finding(self) -> Finding:
        """AFTER's where it is there."""
        return next(one.finding for one in reversed(self.pair) if one is not None)

    @property
    def counts(self) -> tuple[significance.EventCounts, significance.EventCounts]:
        """Before and after."""
        kind = self.finding.kind
        return self.before.counts(self.pair.before, kind), self.after.counts(self.pair.after, kind)

    @property
    def sampled(self) -> bool:
        """Whether there is anything to count."""
        return any(one is not None and one.finding.evidence.samples for one in self.pair)


def compare(before: Analysis, after: Analysis, *, ran: SeenFunctions = lambda _frame: True) -> Comparison:
    """What became of every finding. Raises ValueError for recordings whose samples mean different things."""
    return compare_parts((before,), (after,), before, after, ran=ran)


def compare_parts(
    first: Sequence[Analysis], second: Sequence[Analysis], before: Analysis, after: Analysis, *, ran: SeenFunctions
) -> Comparison:
    """The same of runs in several modes: each is compared with its like, and all is judged together.

    `before` and `after` are the parts of each as one, as they are shown.
    """
    pairs_of_parts = _alike(first, second)
    matched = _without_twins(_matched(*part) for part in pairs_of_parts)
    sampled = [one for one in matched if one.sampled]
    chances = significance.holm_adjusted([significance.chance_of_difference(*one.counts) for one in sampled])
    known = dict(zip(map(id, sampled), chances, strict=True))
    level = LEVEL / max(1, len(sampled))
    differences = [_difference(one, known.get(id(one)), level, ran) for one in matched]
    used = {id(part) for both in pairs_of_parts for part in both}
    left_out = tuple(_mode(part) for part in (*first, *second) if id(part) not in used and part.samples.total)
    return Comparison(before, after, tuple(sorted(differences, key=_rank)), _load(*pairs_of_parts[0]), left_out)


def _alike(first: Sequence[Analysis], second: Sequence[Analysis]) -> list[tuple[Analysis, Analysis]]:
    """The parts that both have. What only logs tell of has no mode, and goes with anything."""
    found = [
        (one, other)
        for one in first
        for other in second
        if _mode(one) == _mode(other) or ("unknown" in {_mode(one), _mode(other)} and _counting(one, other))
    ]
    if not found:
        said = [" and ".join(sorted(map(_mode, each))) for each in (first, second)]
        raise ValueError(f"BEFORE was recorded in the mode {said[0]}, AFTER in the mode {said[1]}")
    return found[:1] if len(first) == 1 or len(second) == 1 else found


def _counting(one: Analysis, other: Analysis) -> bool:
    """Whether both count waits, or neither does; what has no samples counts nothing."""
    return (one.wall is None) == (other.wall is None) or not (one.samples.total and other.samples.total)


def _mode(analysis: Analysis) -> SamplingMode:
    """The mode of all its samples; those that count waits are known by that."""
    modes = {origin.mode for origin in analysis.origins} - UNSAMPLED_MODES
    if analysis.wall is not None:
        return "wall"
    return modes.pop() if len(modes) == 1 else "unknown"


def _matched(before: Analysis, after: Analysis) -> list[MatchedFinding]:
    """What is a finding on either side."""
    found = [pair for pair in pair_findings(before, after) if not all(one is None or one.faint for one in pair)]
    first = _recording(before, (pair.before for pair in found))
    second = _recording(after, (pair.after for pair in found))
    return [MatchedFinding(pair, first, second) for pair in found]


def _without_twins(by_mode: Iterable[list[MatchedFinding]]) -> list[MatchedFinding]:
    """Of what several modes tell of, what the first of them tells."""
    kept: list[MatchedFinding] = []
    seen: set[tuple[str, str, int]] = set()
    for matched in by_mode:
        kept += [one for one in matched if not _places(one) & seen]
        seen.update(place for one in matched for place in _places(one))
    return kept


def _places(one: MatchedFinding) -> set[tuple[str, str, int]]:
    return {(each.finding.kind, each.finding.culprit.frame.file, each.line) for each in one.pair if each is not None}


def functions_in(stacks: Iterable[Stack]) -> SeenFunctions:
    """Which functions these stacks hold, as `compare` asks for them."""
    seen = {(_base(frame), last_segment(frame.function)) for stack in stacks for frame in stack.frames}
    return lambda frame: (_base(frame), last_segment(frame.function)) in seen


def _base(frame: Frame) -> str:
    return frame.file.rpartition("/")[2]


def _recording(analysis: Analysis, found: Iterable[PairedFinding | None]) -> RecordingSide:
    """The other work: what the loop did beside the findings, and beside all waits."""
    wall = analysis.wall
    whole = wall.busy if wall else analysis.samples.loop
    taken = sum(one.finding.evidence.samples for one in found if one is not None and _is_work(one.finding))
    rates = [origin.rate for origin in analysis.origins if origin.rate]
    spell = round(max(rates, default=1) * SPELL_SECONDS) if wall else 1
    return RecordingSide(analysis, max(0, whole - taken), max(1, spell))


def _is_work(finding: Finding) -> bool:
    """Whether its samples are among those of the loop at work."""
    if finding.wait is not None:
        return not finding.wait.certain
    return finding.kind in {"async-unsafe", "hop-cost"}


def _load(before: Analysis, after: Analysis) -> float | None:
    """How much work a second AFTER did, to BEFORE's."""
    rates = [_recording(one, ()).work / ticks if (ticks := _ticks(one)) else 0.0 for one in (before, after)]
    return rates[1] / rates[0] if all(rates) else None


def _ticks(analysis: Analysis) -> float:
    """How often it was looked."""
    return sum((origin.duration or 0) * (origin.rate or 0) for origin in analysis.origins)


def _difference(one: MatchedFinding, chance: float | None, level: float, ran: SeenFunctions) -> FindingChange:
    """Judge one pair; what is on one side only is a change only if chance does not explain it."""
    before, after = one.counts
    grew = after.hits * before.work > before.hits * after.work
    change = _change(one.pair, grew, certain=chance is not None and chance <= LEVEL)
    doubt: DoubtReason | None = None if chance is not None else "not-sampled"
    if change in {"gone", "not-seen-yet"} and not _was_entered(one.finding, ran):
        change, doubt = "not-seen-yet", "entry-not-seen"
    needed = None
    if change == "not-seen-yet" and doubt is None:
        needed = _seconds(significance.work_needed(before, level), one.after)
    sides = _side(one.pair.before), _side(one.pair.after)
    return FindingChange(change, one.finding, *sides, chance, needed, doubt, before.work, after.work)


def _change(pair: FindingPair, grew: bool, *, certain: bool) -> ChangeKind:
    if pair.after is None:
        return "gone" if certain else "not-seen-yet"
    if pair.before is None:
        return "new" if certain else "not-seen-before"
    if not certain:
        return "same"
    return "more" if grew else "less"


def _was_entered(finding: Finding, ran: SeenFunctions) -> bool:
    """Whether a way to the finding was taken; callbacks have none that could be known again."""
    ways = [entry.frame for entry in finding.entries if entry.kind != CALLBACK.kind]
    return not ways or len(ways) < len(finding.entries) or any(map(ran, ways))


def _seconds(work: int | None, recording: RecordingSide) -> float | None:
    """How long such a recording must last to hold so much work."""
    lasted = sum(origin.duration or 0 for origin in recording.analysis.origins if origin.mode != "exact")
    return lasted * work / recording.work if work is not None and recording.work and lasted else None


def _side(seen: PairedFinding | None) -> ComparedFinding | None:
    if seen is None:
        return None
    finding = seen.finding
    return ComparedFinding(
        finding.culprit, finding.evidence.samples, finding.share, finding.evidence.logged, finding.evidence.exact
    )


def _rank(difference: FindingChange) -> tuple[int, int, str, int]:
    sides = [side.samples for side in (difference.before, difference.after) if side]
    culprit = difference.finding.culprit.frame
    return CHANGES.index(difference.change), -max(sides, default=0), culprit.file, culprit.line
