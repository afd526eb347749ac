"""Match the findings of two recordings of one app, mode by mode, with the counts to compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from asyncspy.analyse.compare.pairing import FindingPair, PairedFinding, pair_findings
from asyncspy.analyse.compare.significance import EventCounts
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import UNSAMPLED_MODES, SamplingMode

WAIT_SECONDS = 1.0
"""A wait is assumed to last so long: of samples that count waits, all those of one wait are one event."""


class ComparedRecording(NamedTuple):
    """One side: its analysis, the samples of its other work, and how many samples of a wait make one event."""

    analysis: Analysis
    work: int
    samples_per_wait: int

    def counts(self, finding: Finding | None) -> EventCounts:
        """A finding's independent events, and the work that they are compared with."""
        samples = finding.evidence.samples if finding else 0
        per_event = self.samples_per_wait if finding and finding.kind != "async-unsafe" else 1
        return EventCounts(max(samples // per_event, min(samples, 1)), self.work)

    @property
    def seconds(self) -> float:
        """How long it was sampled."""
        return sum(origin.duration or 0 for origin in self.analysis.origins if origin.mode != "exact")

    @property
    def work_per_sample(self) -> float:
        """Its work, by how often the sampler looked; 0 where that is not known."""
        ticks = sum((origin.duration or 0) * (origin.rate or 0) for origin in self.analysis.origins)
        return self.work / ticks if ticks else 0.0


class MatchedFinding(NamedTuple):
    """One fault in two recordings of one mode."""

    pair: FindingPair
    before: ComparedRecording
    after: ComparedRecording

    @property
    def findings(self) -> list[PairedFinding]:
        """One or both, AFTER's first."""
        return [one for one in (self.pair.after, self.pair.before) if one is not None]

    @property
    def finding(self) -> Finding:
        """AFTER's where it is there."""
        return self.findings[0].finding

    @property
    def counts(self) -> tuple[EventCounts, EventCounts]:
        """Before and after."""
        before, after = (one.finding if one else None for one in self.pair)
        return self.before.counts(before), self.after.counts(after)

    @property
    def is_sampled(self) -> bool:
        """Whether there are samples to compare."""
        return any(one.finding.evidence.samples for one in self.findings)

    @property
    def places(self) -> set[tuple[str, str, int]]:
        """The kind, file and line in each recording."""
        return {(one.finding.kind, one.finding.culprit.frame.file, one.line) for one in self.findings}


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
        matched = list(_match_part(before, after))
        kept += [one for one in matched if not one.places & known]
        known.update(*(one.places for one in matched))
    return kept


def _match_part(before: Analysis, after: Analysis) -> Iterator[MatchedFinding]:
    pairs = [pair for pair in pair_findings(before, after) if not all(one is None or one.faint for one in pair)]
    first = recording_without(before, (pair.before.finding for pair in pairs if pair.before))
    second = recording_without(after, (pair.after.finding for pair in pairs if pair.after))
    return (MatchedFinding(pair, first, second) for pair in pairs)


def recording_without(analysis: Analysis, findings: Iterable[Finding]) -> ComparedRecording:
    """A recording whose other work is what the loop did apart from these findings, and from all waits."""
    wall = analysis.wall
    whole = wall.busy if wall else analysis.samples.loop
    taken = sum(finding.evidence.samples for finding in findings if _is_work(finding))
    rate = max((origin.rate for origin in analysis.origins if origin.rate), default=1)
    return ComparedRecording(analysis, max(0, whole - taken), max(1, round(rate * WAIT_SECONDS)) if wall else 1)


def _is_work(finding: Finding) -> bool:
    """Whether its samples are among those of the loop at work."""
    if finding.wait is not None:
        return not finding.wait.certain
    return finding.kind in {"async-unsafe", "hop-cost"}
