"""The parts of a comparison to plain sentences, the same in every format."""

from __future__ import annotations

from collections import Counter

from asyncspy.model.analysis import Analysis
from asyncspy.model.comparisons import ChangeKind, ComparedFinding, Comparison, FindingChange
from asyncspy.report.present import sampling_words
from asyncspy.report.present.figures import count, percent, percent_bound, percent_interval, plural, span
from asyncspy.untrusted import finite

IS: dict[ChangeKind, tuple[str, str]] = {
    "new": ("is new", "are new"),
    "more": ("has grown", "have grown"),
    "not-seen-before": ("was not seen before", "were not seen before"),
    "same": ("is as it was", "are as they were"),
    "less": ("has shrunk", "have shrunk"),
    "not-seen-yet": ("is not seen yet", "are not seen yet"),
    "gone": ("is gone", "are gone"),
}
"""What became of findings: of one, of several."""

TITLES: dict[ChangeKind, str] = {
    "new": "new",
    "more": "more",
    "not-seen-before": "not seen before",
    "same": "same",
    "less": "less",
    "not-seen-yet": "not seen yet",
    "gone": "gone",
}

GOOD: frozenset[ChangeKind] = frozenset({"gone", "less"})
BAD: frozenset[ChangeKind] = frozenset({"new", "more"})

LEAST = 1e-5
OTHER_LOAD = 3.0
"""From this factor on, a different load is worth a warning."""

HOW = (
    "Each finding is held against the loop's other work: neither length nor rate nor load matters, as long as the mix "
    "of requests is about the same (a drift of a quarter is allowed for). All that is said to have changed has, with "
    "at least 95%."
)


def verdict(comparison: Comparison) -> str:
    """1 finding is gone, 2 are as they were."""
    counted = Counter(difference.change for difference in comparison.differences)
    if not counted:
        return "Neither recording has a finding."
    order = [change for change in reversed(IS) if counted[change]]
    parts = [f"{count(counted[change])} {IS[change][counted[change] > 1]}" for change in order]
    first, _, rest = parts[0].partition(" ")
    parts[0] = f"{first} finding{'' if first == '1' else 's'} {rest}"
    return ", ".join(parts) + "."


def recorded(analysis: Analysis) -> list[str]:
    """What one of the two is."""
    return sampling_words.recording(analysis.origins, analysis.samples)


def warnings(comparison: Comparison) -> list[str]:
    """What makes the comparison less good than it looks."""
    said = []
    if not all(o.mode != "unknown" for one in (comparison.before, comparison.after) for o in one.origins):
        said.append("Not every file says in which mode it was sampled: only recordings of one mode can be compared.")
    if comparison.load is not None and not 1 / OTHER_LOAD < comparison.load < OTHER_LOAD:
        said.append(
            f"AFTER did {_times(comparison.load)} of the work per second that BEFORE did: is it the same traffic?"
        )
    if comparison.left_out:
        modes = " and ".join(f"--mode {mode}" for mode in comparison.left_out)
        said.append(f"Only one of the two was recorded with {modes}: what that tells is not compared.")
    if comparison.differences and not any(difference.work_after for difference in comparison.differences):
        said.append("AFTER did no other work on its loop, so nothing can be held against it.")
    return said


def _times(factor: float) -> str:
    return f"{factor:.1f} times" if factor > 1 else percent(factor)


def side(seen: ComparedFinding | None, work: int, dash: str) -> str:
    """How much there is of a finding on one side; of none, how much there may be."""
    if seen is None:
        bound = 1 - 0.05 ** (1 / work) if work > 0 else None
        return f"none; at most {percent_bound(bound)} of the loop's work (95%)" if bound is not None else "none"
    if not seen.samples and seen.exact:
        return f"{plural(seen.exact, 'call')} counted"
    if not seen.samples:
        return f"{plural(seen.logged, 'traceback')} in a log"
    parts = plural(seen.samples, "sample")
    if seen.share is None:
        return parts
    share = seen.share
    return f"{parts}, {percent(share.share)} (95%: {percent_interval(share.low, share.high, share.share, dash)})"


def chance(difference: FindingChange) -> str | None:
    """How likely an unchanged app gives two such recordings."""
    if difference.chance is None:
        return None
    probability = f"under {percent(LEAST)}" if difference.chance < LEAST else percent(difference.chance)
    return f"in {probability} of pairs an unchanged app differs as much"


def conclusion(difference: FindingChange, after: Analysis) -> str | None:
    """What to make of it where the title does not say it all, and what to do then."""
    if difference.doubt == "entry-not-seen":
        return (
            "No way to it was taken while AFTER was recorded: it may be gone, or nobody asked for it. "
            "Record again while its entry is in use."
        )
    if difference.doubt == "not-sampled":
        return "Only logs tell of it, and they do not say how much they cover: nothing can be concluded."
    if difference.change == "not-seen-yet":
        return f"AFTER is too short to tell. {_longer(difference, after)}"
    if difference.change == "not-seen-before":
        return "BEFORE is too short to tell whether it was there already."
    return None


def _longer(difference: FindingChange, after: Analysis) -> str:
    """How much more must be recorded."""
    lasted = sum(finite(o.duration) or 0 for o in after.origins)
    if difference.needed_seconds is None or difference.needed_seconds <= lasted:
        return "Record again, longer."
    more, whole = span(difference.needed_seconds - lasted), span(difference.needed_seconds)
    return f"Record {more} more at this rate and load ({whole} in all): without a sample of it then, it is gone."
