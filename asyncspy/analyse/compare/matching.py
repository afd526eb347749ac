"""Match the findings of two recordings of one app, mode by mode, with the counts to compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from asyncspy.analyse.compare.pairing import FindingPair, PairedFinding, pair_findings
from asyncspy.analyse.compare.significance import EventCounts
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import UNSAMPLED_MODES, SamplingMode

WAIT_SECONDS = 1.0
"""A wait is assumed to last so long."""


class MatchedFinding(NamedTuple):
    """One fault in two recordings of one mode, with its counts in each, and how long AFTER was sampled."""

    pair: FindingPair
    before: EventCounts
    after: EventCounts
    seconds: float


def match_modes(first: Sequence[Analysis], second: Sequence[Analysis]) -> list[tuple[Analysis, Analysis]]:
    """Return the parts of two recordings that were sampled alike. Raises ValueError where there are none.

    What only logs tell of has no mode, and is matched with any.
    """
    found = [(one, other) for one in first for other in second if _are_alike(one, other)]
    if not found:
        before, after = (" and ".join(sorted(map(sampling_mode, each))) for each in (first, second))
        raise ValueError(f"BEFORE was recorded in the mode {before}, AFTER in the mode {after}")
    return found[:1] if len(first) == 1 or len(second) == 1 else found


def _are_alike(one: Analysis, other: Analysis) -> bool:
    modes = {sampling_mode(one), sampling_mode(other)}
    both_or_neither_count_waits = (one.wall is None) == (other.wall is None)
    has_no_samples = not (one.samples.total and other.samples.total)
    return len(modes) == 1 or ("unknown" in modes and (both_or_neither_count_waits or has_no_samples))


def sampling_mode(analysis: Analysis) -> SamplingMode:
    """The mode of all its samples; those that count waits are known by that."""
    if analysis.wall is not None:
        return "wall"
    modes = {origin.mode for origin in analysis.origins} - UNSAMPLED_MODES
    return modes.pop() if len(modes) == 1 else "unknown"


def match_findings(parts: Iterable[tuple[Analysis, Analysis]]) -> list[MatchedFinding]:
    """Match the findings of each pair of parts; what several modes show is taken from the first of them."""
    kept: list[MatchedFinding] = []
    known: set[tuple[str, str, int]] = set()
    for before, after in parts:
        pairs = [pair for pair in pair_findings(before, after) if not all(one.faint for one in pair.findings)]
        work_before = other_work(before, [pair.before.finding for pair in pairs if pair.before])
        work_after = other_work(after, [pair.after.finding for pair in pairs if pair.after])
        seconds = sum(origin.duration or 0 for origin in after.origins if origin.mode != "exact")
        for pair in pairs:
            if not pair.places & known:
                first = EventCounts(_events(pair.before, before), work_before)
                second = EventCounts(_events(pair.after, after), work_after)
                kept.append(MatchedFinding(pair, first, second, seconds))
        known.update(*(pair.places for pair in pairs))
    return kept


def other_work(analysis: Analysis, findings: Iterable[Finding]) -> int:
    """The samples of what the loop did apart from these findings, and from all waits."""
    whole = analysis.wall.busy if analysis.wall else analysis.samples.loop
    return max(0, whole - sum(finding.evidence.samples for finding in findings if _is_work(finding)))


def _is_work(finding: Finding) -> bool:
    """Whether its samples are among those of the loop at work."""
    if finding.wait is not None:
        return not finding.wait.certain
    return finding.kind in {"async-unsafe", "hop-cost"}


def _events(paired: PairedFinding | None, analysis: Analysis) -> int:
    """How many independent events the samples of a finding are: all samples of one wait are one event."""
    if paired is None:
        return 0
    samples = paired.finding.evidence.samples
    if analysis.wall is None or paired.finding.kind == "async-unsafe":
        return samples
    rate = max((origin.rate for origin in analysis.origins if origin.rate), default=1)
    return max(samples // max(1, round(rate * WAIT_SECONDS)), min(samples, 1))
