"""Two analyses of one app to what became of each finding, with the probability that chance explains the difference.

A finding's samples are held against the loop's samples that belong to no finding: the app's other work. Time would not
do, since half the load halves the samples; nor would all samples of the loop, since one mended fault makes the share of
every other one grow. Neither rate nor duration matters then, and nor does load as long as its mix stays the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from asyncspy.analyse import odds
from asyncspy.analyse.entries import CALLBACK
from asyncspy.analyse.pattern import last_segment
from asyncspy.analyse.same import Pair, Seen, pairs
from asyncspy.model import Analysis, Change, Comparison, Difference, Doubt, Finding, Frame, Side, Stack

LEVEL = 0.05
"""How often two recordings of an unchanged app may be told to differ."""

SPELL_SECONDS = 1.0
"""A wait is taken to last so long: of samples that count waits, all those of one wait are one event."""

CHANGES: tuple[Change, ...] = ("new", "more", "not-seen-before", "same", "less", "not-seen-yet", "gone")
"""Worst first."""

Ran = Callable[[Frame], bool]
"""Whether a function was seen on any stack of AFTER."""


class Recording(NamedTuple):
    """One side: its analysis, the samples of its other work, and how many samples of a wait make one event."""

    analysis: Analysis
    work: int
    spell: int

    def counts(self, seen: Seen | None, kind: str) -> odds.Counts:
        """A finding's independent events, and the work that they are held against."""
        samples = seen.finding.evidence.samples if seen else 0
        spell = self.spell if kind != "async-unsafe" else 1
        return odds.Counts(max(samples // spell, min(samples, 1)), self.work)


def compare(before: Analysis, after: Analysis, *, ran: Ran = lambda _frame: True) -> Comparison:
    """What became of every finding. Raises ValueError for recordings whose samples mean different things."""
    _refuse_different_modes(before, after)
    found = [pair for pair in pairs(before, after) if not all(one is None or one.faint for one in pair)]
    first = _recording(before, (pair.before for pair in found))
    second = _recording(after, (pair.after for pair in found))
    sampled = [pair for pair in found if any(one is not None and one.finding.evidence.samples for one in pair)]
    chances = odds.together([odds.chance(*_counts(pair, first, second)) for pair in sampled])
    known = dict(zip(sampled, chances, strict=True))
    level = LEVEL / max(1, len(sampled))
    differences = [_difference(pair, known.get(pair), level, first, second, ran) for pair in found]
    return Comparison(before, after, tuple(sorted(differences, key=_rank)), first.work, second.work)


def functions_in(stacks: Mapping[Stack, int]) -> Ran:
    """Which functions these stacks hold, as `compare` asks for them."""
    seen = {(_base(frame), last_segment(frame.function)) for stack in stacks for frame in stack.frames}
    return lambda frame: (_base(frame), last_segment(frame.function)) in seen


def _base(frame: Frame) -> str:
    return frame.file.rpartition("/")[2]


def _refuse_different_modes(before: Analysis, after: Analysis) -> None:
    modes = [{origin.mode for origin in one.origins} - {"unknown"} for one in (before, after)]
    if modes[0] and modes[1] and modes[0] != modes[1]:
        said = [" and ".join(sorted(each)) for each in modes]
        raise ValueError(f"BEFORE was recorded in the mode {said[0]}, AFTER in the mode {said[1]}")
    if before.samples.total and after.samples.total and (before.wall is None) != (after.wall is None):
        one, other = ("BEFORE", "AFTER") if before.wall else ("AFTER", "BEFORE")
        raise ValueError(f"the samples of {one} count waits, those of {other} do not")


def _recording(analysis: Analysis, found: Iterable[Seen | None]) -> Recording:
    """The other work: what the loop did beside the findings, and beside all waits."""
    wall = analysis.wall
    whole = wall.busy if wall else analysis.samples.loop
    taken = sum(one.finding.evidence.samples for one in found if one is not None and _is_work(one.finding))
    rates = [origin.rate for origin in analysis.origins if origin.rate]
    spell = round(max(rates, default=1) * SPELL_SECONDS) if wall else 1
    return Recording(analysis, max(0, whole - taken), max(1, spell))


def _is_work(finding: Finding) -> bool:
    """Whether its samples are among those of the loop at work."""
    if finding.wait is not None:
        return not finding.wait.certain
    return finding.kind in {"async-unsafe", "hop-cost"}


def _counts(pair: Pair, first: Recording, second: Recording) -> tuple[odds.Counts, odds.Counts]:
    kind = next(one.finding.kind for one in pair if one is not None)
    return first.counts(pair.before, kind), second.counts(pair.after, kind)


def _difference(
    pair: Pair, chance: float | None, level: float, first: Recording, second: Recording, ran: Ran
) -> Difference:
    """Judge one pair; what is on one side only is a change only if chance does not explain it."""
    finding = next(one.finding for one in reversed(pair) if one is not None)
    before, after = _counts(pair, first, second)
    grew = after.hits * before.work > before.hits * after.work
    change = _change(pair, grew, certain=chance is not None and chance <= LEVEL)
    doubt: Doubt | None = None if chance is not None else "not-sampled"
    if change in {"gone", "not-seen-yet"} and not _was_entered(finding, ran):
        change, doubt = "not-seen-yet", "entry-not-seen"
    needed = None
    if change == "not-seen-yet" and doubt is None:
        needed = _seconds(odds.work_needed(before, level), second)
    return Difference(change, finding, _side(pair.before), _side(pair.after), chance, needed, doubt)


def _change(pair: Pair, grew: bool, *, certain: bool) -> Change:
    if pair.after is None:
        return "gone" if certain else "not-seen-yet"
    if pair.before is None:
        return "new" if certain else "not-seen-before"
    if not certain:
        return "same"
    return "more" if grew else "less"


def _was_entered(finding: Finding, ran: Ran) -> bool:
    """Whether a way to the finding was taken; callbacks have none that could be known again."""
    ways = [entry.frame for entry in finding.entries if entry.kind != CALLBACK.kind]
    return not ways or len(ways) < len(finding.entries) or any(map(ran, ways))


def _seconds(work: int | None, recording: Recording) -> float | None:
    """How long such a recording must last to hold so much work."""
    lasted = sum(origin.duration or 0 for origin in recording.analysis.origins)
    return lasted * work / recording.work if work is not None and recording.work and lasted else None


def _side(seen: Seen | None) -> Side | None:
    if seen is None:
        return None
    finding = seen.finding
    return Side(finding.culprit, finding.evidence.samples, finding.share, finding.evidence.logged)


def _rank(difference: Difference) -> tuple[int, int, str, int]:
    sides = [side.samples for side in (difference.before, difference.after) if side]
    culprit = difference.finding.culprit.frame
    return CHANGES.index(difference.change), -max(sides, default=0), culprit.file, culprit.line
