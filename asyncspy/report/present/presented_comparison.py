"""Present a comparison of two recordings: what became of each finding, and what that rests on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal, NamedTuple

from asyncspy.model.analysis import Analysis
from asyncspy.model.comparisons import ChangeKind, ComparedFinding, Comparison, FindingChange
from asyncspy.model.findings import Interval
from asyncspy.report.present.evidence import share_with_bounds
from asyncspy.report.present.figures import count, percent, percent_bound, plural, span
from asyncspy.report.present.places import Place, place_of
from asyncspy.report.present.recording_summary import Section, recorded_seconds, recording_facts
from asyncspy.report.present.waiting import compared_waiting
from asyncspy.report.view import View

Tone = Literal["bad", "doubtful", "same", "good"]


class ChangeWords(NamedTuple):
    """What a change is called, what became of one and of several findings, and whether that is good."""

    title: str
    of_one: str
    of_several: str
    tone: Tone


CHANGE_WORDS: dict[ChangeKind, ChangeWords] = {
    "gone": ChangeWords("gone", "is gone", "are gone", "good"),
    "not-seen-yet": ChangeWords("not seen yet", "is not seen yet", "are not seen yet", "doubtful"),
    "less": ChangeWords("less", "has shrunk", "have shrunk", "good"),
    "same": ChangeWords("same", "is as it was", "are as they were", "same"),
    "not-seen-before": ChangeWords("not seen before", "was not seen before", "were not seen before", "doubtful"),
    "more": ChangeWords("more", "has grown", "have grown", "bad"),
    "new": ChangeWords("new", "is new", "are new", "bad"),
}
"""In the order in which the verdict names them."""

SMALLEST_CHANCE = 1e-5
LOAD_TO_WARN_OF = 3.0
"""From this factor on, a different load is worth a warning."""

HOW_COMPARED = (
    "Each finding is held against the loop's other work: neither length nor rate nor load matters, as long as the mix "
    "of requests is about the same (a drift of a quarter is allowed for). All that is said to have changed has, with "
    "at least 95%."
)


class PresentedSide(NamedTuple):
    """How much there is of a finding in one of the two recordings."""

    text: str
    share: Interval | None


class PresentedChange(NamedTuple):
    """What became of one finding; names are not escaped."""

    words: ChangeWords
    place: Place
    function: str
    call: str
    before: PresentedSide
    after: PresentedSide
    old_line: int | None
    chance: str
    conclusion: str

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What else there is to say of it, each with its label."""
        moved = f"it was on line {self.old_line}" if self.old_line is not None else ""
        rows = [("moved", moved), ("chance", self.chance), ("so", self.conclusion)]
        return [(label, text) for label, text in rows if text]


@dataclass(frozen=True, slots=True)
class PresentedComparison:
    """A whole comparison in words."""

    verdict: str
    tone: Tone
    before: tuple[str, ...]
    after: tuple[str, ...]
    warnings: tuple[str, ...]
    changes: tuple[PresentedChange, ...]
    waiting: Section


def present_comparison(comparison: Comparison, view: View) -> PresentedComparison:
    """Put a comparison into words."""
    changes = tuple(_change(change, comparison.after, view) for change in comparison.differences)
    tones = {change.words.tone for change in changes}
    return PresentedComparison(
        verdict=_verdict(comparison),
        tone="bad" if "bad" in tones else "good" if "good" in tones or not tones else "doubtful",
        before=tuple(recording_facts(comparison.before)),
        after=tuple(recording_facts(comparison.after)),
        warnings=tuple(_warnings(comparison)),
        changes=changes,
        waiting=compared_waiting(comparison.waiting, view),
    )


def _verdict(comparison: Comparison) -> str:
    counted = Counter(change.change for change in comparison.differences)
    if not counted:
        return "Neither recording has a finding."
    parts: list[str] = []
    for kind, words in CHANGE_WORDS.items():
        if number := counted[kind]:
            noun = "" if parts else " finding" if number == 1 else " findings"
            parts.append(f"{count(number)}{noun} {words.of_one if number == 1 else words.of_several}")
    return ", ".join(parts) + "."


def _warnings(comparison: Comparison) -> list[str]:
    warnings = []
    if any(o.mode == "unknown" for one in (comparison.before, comparison.after) for o in one.origins):
        warnings.append(
            "Not every file says in which mode it was sampled: only recordings of one mode can be compared."
        )
    load = comparison.load
    if load is not None and not 1 / LOAD_TO_WARN_OF < load < LOAD_TO_WARN_OF:
        times = f"{load:.1f} times" if load > 1 else percent(load)
        warnings.append(f"AFTER did {times} of the work per second that BEFORE did: is it the same traffic?")
    if comparison.left_out:
        modes = " and ".join(f"--mode {mode}" for mode in comparison.left_out)
        warnings.append(f"Only one of the two was recorded with {modes}: what that tells is not compared.")
    if comparison.differences and not any(change.work_after for change in comparison.differences):
        warnings.append("AFTER did no other work on its loop, so nothing can be held against it.")
    return warnings


def _change(change: FindingChange, after: Analysis, view: View) -> PresentedChange:
    finding, dash = change.finding, view.glyphs.dash
    return PresentedChange(
        words=CHANGE_WORDS[change.change],
        place=place_of(finding.culprit.frame, view),
        function=finding.culprit.frame.function,
        call=finding.call,
        before=_side(change.before, change.work_before, dash),
        after=_side(change.after, change.work_after, dash),
        old_line=change.before.culprit.frame.line if change.moved and change.before is not None else None,
        chance=_chance(change.chance),
        conclusion=_conclusion(change, after),
    )


def _side(seen: ComparedFinding | None, work: int, dash: str) -> PresentedSide:
    """How much there is of a finding on one side; where it was not seen, how much there may be."""
    if seen is None:
        bound = f"; at most {percent_bound(1 - 0.05 ** (1 / work))} of the loop's work (95%)" if work > 0 else ""
        return PresentedSide(f"none{bound}", None)
    if not seen.samples:
        counted, logged = f"{plural(seen.exact, 'call')} counted", f"{plural(seen.logged, 'traceback')} in a log"
        return PresentedSide(counted if seen.exact else logged, seen.share)
    share = f", {share_with_bounds(seen.share, dash)}" if seen.share is not None else ""
    return PresentedSide(plural(seen.samples, "sample") + share, seen.share)


def _chance(chance: float | None) -> str:
    """How likely an unchanged app gives two such recordings."""
    if chance is None:
        return ""
    probability = f"under {percent(SMALLEST_CHANCE)}" if chance < SMALLEST_CHANCE else percent(chance)
    return f"in {probability} of pairs an unchanged app differs as much"


def _conclusion(change: FindingChange, after: Analysis) -> str:
    """What to make of it where the title does not say it all, and what to do then."""
    if change.doubt == "entry-not-seen":
        return (
            "No way to it was taken while AFTER was recorded: it may be gone, or nobody asked for it. "
            "Record again while its entry is in use."
        )
    if change.doubt == "not-sampled":
        return "Only logs tell of it, and they do not say how much they cover: nothing can be concluded."
    if change.change == "not-seen-yet":
        return f"AFTER is too short to tell. {_record_longer(change, after)}"
    return "BEFORE is too short to tell whether it was there already." if change.change == "not-seen-before" else ""


def _record_longer(change: FindingChange, after: Analysis) -> str:
    recorded, needed = recorded_seconds(after.origins), change.needed_seconds
    if needed is None or needed <= recorded:
        return "Record again, longer."
    more = f"Record {span(needed - recorded)} more at this rate and load ({span(needed)} in all)"
    return f"{more}: without a sample of it then, it is gone."
