"""Pair the findings of two recordings that are the same fault, mode by mode, with the counts to compare.

A fault is recognised again even if its line moved, or the folder of the app.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import takewhile, zip_longest
from typing import NamedTuple

from asyncspy.analyse.compare.significance import EventCounts
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import UNSAMPLED_MODES, SamplingMode

WAIT_SECONDS = 1.0
"""How long a wait is assumed to last."""


ENOUGH_PARTS = 2
"""How many last parts of their paths equal files share: each release may lie in a folder of its own."""


class PairedFinding(NamedTuple):
    """A finding in one of the two; `faint` if it is too weak to be reported, `file` relative to the app's folder."""

    finding: Finding
    faint: bool
    file: str

    @property
    def line(self) -> int:
        """The culprit's line."""
        return self.finding.culprit.frame.line


class FindingPair(NamedTuple):
    """One fault in both; None where it was not seen."""

    before: PairedFinding | None
    after: PairedFinding | None

    @property
    def findings(self) -> list[PairedFinding]:
        """One or both, AFTER's first."""
        return [one for one in (self.after, self.before) if one is not None]

    @property
    def places(self) -> set[tuple[str, str, int]]:
        """Their kinds, files and lines."""
        return {(one.finding.kind, one.finding.culprit.frame.file, one.line) for one in self.findings}


def pair_findings(before: Analysis, after: Analysis) -> list[FindingPair]:
    """Pair every finding of either analysis with the same fault in the other."""
    first, second = _by_identity(before), _by_identity(after)
    return [pair for identity in {**first, **second} for pair in _pair_alike(first[identity], second[identity])]


def _by_identity(analysis: Analysis) -> dict[Hashable, list[PairedFinding]]:
    """Group findings by what stays the same wherever their files and lines are."""
    roots = [origin.target.cwd for origin in analysis.origins if origin.target and origin.target.cwd]
    groups: dict[Hashable, list[PairedFinding]] = defaultdict(list)
    for faint, findings in ((False, analysis.findings), (True, analysis.faint)):
        for finding in findings:
            file = _relative_to_roots(finding.culprit.frame.file, roots)
            groups[_identity(finding)].append(PairedFinding(finding, faint, file))
    return groups


def _identity(finding: Finding) -> Hashable:
    """A pool is the same whatever fills it. The call of hops may change, and middleware has only one."""
    if finding.kind == "pool-saturated":
        return finding.kind, finding.call
    call = last_segment(finding.call) if finding.kind not in {"hop-cost", "sync-middleware"} else ""
    return finding.kind, last_segment(finding.culprit.frame.function), call


def _relative_to_roots(file: str, roots: Sequence[str]) -> str:
    folders = (root.rstrip("/") + "/" for root in roots)
    return next((file.removeprefix(folder) for folder in folders if file.startswith(folder)), file)


def _pair_alike(before: Sequence[PairedFinding], after: Sequence[PairedFinding]) -> Iterator[FindingPair]:
    """Pair files first, the most similar ones together; then the lines in them."""
    if before and after and before[0].finding.kind == "pool-saturated":
        yield FindingPair(before[0], after[0])
        return
    left, right = _by_file(before), _by_file(after)
    candidates = ((_common_parts(a, b), a, b) for a in left for b in right)
    for common, a, b in sorted(candidates, key=lambda one: (-one[0], one[1:])):
        if common and a in left and b in right:
            yield from _pair_lines(left.pop(a), right.pop(b))
    yield from (FindingPair(one, None) for each in left.values() for one in each)
    yield from (FindingPair(None, one) for each in right.values() for one in each)


def _by_file(findings: Iterable[PairedFinding]) -> dict[str, list[PairedFinding]]:
    files: dict[str, list[PairedFinding]] = defaultdict(list)
    for one in findings:
        files[one.file].append(one)
    return dict(files)


def _common_parts(one: str, other: str) -> int:
    """How many parts at the ends of two paths are the same; 0 where that is too few to be one file."""
    parts = [_path_parts(file)[::-1] for file in (one, other)]
    common = len(list(takewhile(lambda both: both[0] == both[1], zip(*parts, strict=False))))
    return common if common >= min(ENOUGH_PARTS, *map(len, parts)) else 0


def _path_parts(file: str) -> list[str]:
    """The root, the folders and the name."""
    parts = [part for part in file.split("/") if part not in {"", "."}]
    return ["/", *parts] if file.startswith("/") else parts


def _pair_lines(before: list[PairedFinding], after: list[PairedFinding]) -> Iterator[FindingPair]:
    """Pair the lines of one file: in their order if there are as many; otherwise those that did not move first."""
    before, after = (sorted(each, key=lambda one: one.line) for each in (before, after))
    if len(before) != len(after):
        for one in list(before):
            same = next((other for other in after if other.line == one.line), None)
            if same is not None:
                before.remove(one)
                after.remove(same)
                yield FindingPair(one, same)
    yield from (FindingPair(*both) for both in zip_longest(before, after))


class MatchedFinding(NamedTuple):
    """One fault in two recordings of one mode, with its counts in each, and how long AFTER was sampled."""

    pair: FindingPair
    before: EventCounts
    after: EventCounts
    seconds: float


def match_modes(first: Sequence[Analysis], second: Sequence[Analysis]) -> list[tuple[Analysis, Analysis]]:
    """Return the parts of two recordings that were sampled alike. Raises ValueError where there are none.

    Logs have no mode, and are matched with any.
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
