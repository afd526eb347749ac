"""Two analyses to pairs of what is the same fault in both, though its line has moved or the app lies elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import PurePosixPath
from typing import NamedTuple

from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding

TELLING = 2
"""Files are the same if so many parts at their ends are: releases lie in folders of their own."""


class PairedFinding(NamedTuple):
    """A finding in one of the two; `faint` if it is too weak to be one there, `file` as seen from the app's folder."""

    finding: Finding
    faint: bool
    file: str

    @property
    def line(self) -> int:
        """The culprit's line."""
        return self.finding.culprit.frame.line


class FindingPair(NamedTuple):
    """One fault; None where it was not seen."""

    before: PairedFinding | None
    after: PairedFinding | None


def pair_findings(before: Analysis, after: Analysis) -> list[FindingPair]:
    """Every finding of either, and what it is in the other."""
    first, second = _by_name(before), _by_name(after)
    return [pair for name in {**first, **second} for pair in _paired(first[name], second[name])]


def _by_name(analysis: Analysis) -> dict[Hashable, list[PairedFinding]]:
    """Findings by all that is the same wherever their file lies and their line stands."""
    roots = [origin.target.cwd for origin in analysis.origins if origin.target and origin.target.cwd]
    named: dict[Hashable, list[PairedFinding]] = defaultdict(list)
    for faint, findings in ((False, analysis.findings), (True, analysis.faint)):
        for finding in findings:
            named[_name(finding)].append(PairedFinding(finding, faint, _within(finding.culprit.frame.file, roots)))
    return named


def _name(finding: Finding) -> Hashable:
    """A pool is itself whatever fills it; hops have no one call, and middleware has no other."""
    if finding.kind == "pool-saturated":
        return finding.kind, finding.call
    call = last_segment(finding.call) if finding.kind not in {"hop-cost", "sync-middleware"} else ""
    return finding.kind, last_segment(finding.culprit.frame.function), call


def _within(file: str, roots: Sequence[str]) -> str:
    above = (root.rstrip("/") + "/" for root in roots)
    return next((file[len(each) :] for each in above if file.startswith(each)), file)


def _paired(before: Sequence[PairedFinding], after: Sequence[PairedFinding]) -> Iterator[FindingPair]:
    """Files first, the likest of them together; then the lines in them."""
    if before and after and before[0].finding.kind == "pool-saturated":
        yield FindingPair(before[0], after[0])
        return
    left, right = _grouped(before), _grouped(after)
    likest = sorted(((_likeness(a, b), a, b) for a in left for b in right), key=lambda one: (-one[0], one[1:]))
    for likeness, a, b in likest:
        if likeness and a in left and b in right:
            yield from _by_line(left.pop(a), right.pop(b))
    yield from (FindingPair(one, None) for each in left.values() for one in each)
    yield from (FindingPair(None, one) for each in right.values() for one in each)


def _grouped(seen: Iterable[PairedFinding]) -> dict[str, list[PairedFinding]]:
    files: dict[str, list[PairedFinding]] = defaultdict(list)
    for one in seen:
        files[one.file].append(one)
    return dict(files)


def _likeness(one: str, other: str) -> int:
    """How many parts at their ends are the same, if that is enough to be one file."""
    parts = [PurePosixPath(file).parts[::-1] for file in (one, other)]
    alike = len(list(takewhile(lambda both: both[0] == both[1], zip(*parts, strict=False))))
    return alike if alike >= min(TELLING, *map(len, parts)) else 0


def _by_line(before: list[PairedFinding], after: list[PairedFinding]) -> Iterator[FindingPair]:
    """As many as there were have only moved, in their order. Otherwise those that stayed are found first."""
    before, after = sorted(before, key=_line), sorted(after, key=_line)
    if len(before) != len(after):
        for one in list(before):
            same = next((other for other in after if other.line == one.line), None)
            if same is not None:
                before.remove(one)
                after.remove(same)
                yield FindingPair(one, same)
    both = min(len(before), len(after))
    yield from map(FindingPair, before[:both], after[:both])
    yield from (FindingPair(one, None) for one in before[both:])
    yield from (FindingPair(None, one) for one in after[both:])


def _line(seen: PairedFinding) -> int:
    return seen.line
