"""Compare where tasks wait in two recordings: each line's share of all waits, by as many waits as were seen of each."""

from __future__ import annotations

from asyncspy.analyse.compare.significance import EventCounts, chance_of_difference, holm_adjusted
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.model.comparisons import ChangeKind, WaitingChange
from asyncspy.model.waiting import Waiting, WaitingLine

SIGNIFICANCE_LEVEL = 0.05
SMALLEST_SHARE = 0.01
"""A line whose share is smaller in both is not compared."""

FILE_PARTS = 2
"""How many last parts of their paths equal files share: each release may lie in a folder of its own."""

CHANGED_FIRST: tuple[ChangeKind, ...] = ("new", "more", "gone", "less", "not-seen-before", "not-seen-yet", "same")

LineIdentity = tuple[tuple[str, ...], str, str, str | None]


def compare_waiting(before: Waiting | None, after: Waiting | None) -> tuple[WaitingChange, ...]:
    """What became of each line that waits, what changed first; nothing where one of them was not looked at."""
    if before is None or after is None:
        return ()
    first, second = _by_identity(before), _by_identity(after)
    pairs = [(first.get(identity), second.get(identity)) for identity in {**second, **first}]
    pairs = [pair for pair in pairs if any(one and one.share.share >= SMALLEST_SHARE for one in pair)]
    chances = holm_adjusted([chance_of_difference(_counts(one, before), _counts(other, after)) for one, other in pairs])
    changes = [_change(one, other, chance) for (one, other), chance in zip(pairs, chances, strict=True)]
    return tuple(sorted(changes, key=_rank))


def _by_identity(waiting: Waiting) -> dict[LineIdentity, WaitingLine]:
    """The lines by what stays the same if they move; of several in one function that await one thing, the largest."""
    lines: dict[LineIdentity, WaitingLine] = {}
    for line in waiting.lines:
        frame = line.culprit.frame
        file = tuple(frame.file.replace("\\", "/").split("/")[-FILE_PARTS:])
        lines.setdefault((file, last_segment(frame.function), line.kind, line.package), line)
    return lines


def _counts(line: WaitingLine | None, waiting: Waiting) -> EventCounts:
    hits = round(waiting.evidence * line.share.share) if line else 0
    return EventCounts(hits, max(0, round(waiting.evidence) - hits))


def _change(before: WaitingLine | None, after: WaitingLine | None, chance: float) -> WaitingChange:
    line = after or before
    assert line is not None  # noqa: S101 - one of a pair is there
    first, second = (one.share if one else None for one in (before, after))
    return WaitingChange(_kind(before, after, certain=chance <= SIGNIFICANCE_LEVEL), line, first, second, chance)


def _kind(before: WaitingLine | None, after: WaitingLine | None, *, certain: bool) -> ChangeKind:
    if after is None:
        return "gone" if certain else "not-seen-yet"
    if before is None:
        return "new" if certain else "not-seen-before"
    if not certain:
        return "same"
    return "more" if after.share.share > before.share.share else "less"


def _rank(change: WaitingChange) -> tuple[int, float, str, int]:
    share = max(side.share for side in (change.before, change.after) if side)
    frame = change.line.culprit.frame
    return CHANGED_FIRST.index(change.change), -share, frame.file, frame.line
