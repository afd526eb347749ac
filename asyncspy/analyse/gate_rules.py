"""An analysis, and what must not be in it, to a judgement: what fails, what is known already, what is let pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import get_args

from asyncspy.analyse import confidence
from asyncspy.analyse.compare.pairing import pair_findings
from asyncspy.errors import InputError, UsageError
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding, Interval
from asyncspy.model.gates import Allowance, GateCondition, GateFailure, GateFigure, GateResult
from asyncspy.model.stacks import DUMP_FORMATS, FindingKind

KIND_NAMES: Mapping[str, FindingKind] = MappingProxyType(
    {"violation": "async-unsafe", **{kind: kind for kind in get_args(FindingKind) if kind != "async-unsafe"}}
)
"""The kinds of findings, as --fail-on and the ignore file call them."""

_LIMIT = re.compile(r"([a-z-]+)>(\d{1,2}(?:\.\d{1,4})?)%", re.ASCII)

BY_WAITS: frozenset[str] = frozenset({"blocked-loop", "pool-saturated", "blocked-share"})
BY_GIL: frozenset[str] = frozenset({"hop-cost", "hop-share"})
"""What only recordings of the one or the other mode can tell of."""


LOG = "log"
"""Logs tell of violations and of sync-only middleware."""

UNSAMPLED = frozenset({LOG, *DUMP_FORMATS})
"""Formats of inputs that hold no samples."""

OF_DUMPS: frozenset[FindingKind] = frozenset({"deadlock", "blocked-loop"})
"""What dumps tell of as well."""


def parse_condition(spelt: str) -> GateCondition:
    """What `violation` or `hop-share>20%` means. Raises ValueError, saying what is allowed."""
    kind = KIND_NAMES.get(spelt)
    if kind is not None:
        return GateCondition(spelt, kind=kind)
    limit = _LIMIT.fullmatch(spelt)
    figure = next((name for name in FIGURES if limit and limit[1] == name), None)
    if limit is None or figure is None:
        raise ValueError(f"{spelt!r} is none of {', '.join(KIND_NAMES)}, nor a limit: {'>20%, '.join(FIGURES)}>20%")
    return GateCondition(spelt, figure=figure, limit=float(limit[2]) / 100)


def _hop_share(analysis: Analysis) -> Interval | None:
    return analysis.hops.share if analysis.hops else None


def _blocked_share(analysis: Analysis) -> Interval | None:
    return confidence.share(analysis.wall.waiting, analysis.wall.loop) if analysis.wall else None


def _lost_share(analysis: Analysis) -> Interval | None:
    lost = analysis.reach.lost_share
    return Interval(lost, lost, lost) if lost is not None else None


FIGURES: Mapping[GateFigure, Callable[[Analysis], Interval | None]] = MappingProxyType(
    {"hop-share": _hop_share, "blocked-share": _blocked_share, "lost-share": _lost_share}
)
"""Each figure; its lower bound is what a limit is held against, so that chance closes no gate."""


def evaluate_gate(
    analysis: Analysis,
    conditions: Sequence[GateCondition],
    *,
    today: date,
    baseline: Analysis | None = None,
    allowances: Sequence[Allowance] = (),
) -> GateResult:
    """Hold an analysis against the conditions. Raises AsyncspyError where it cannot tell of one: that is no pass."""
    for each in conditions:
        _refuse_blind(each, analysis)
    asked = {each.kind: each for each in conditions if each.kind}
    known = _in_both(baseline, analysis) if baseline is not None else set()
    alive = [one for one in allowances if one.expires >= today]
    judged = [finding for finding in analysis.findings if finding.kind in asked]
    old = tuple(finding for finding in judged if id(finding) in known)
    new = [finding for finding in judged if id(finding) not in known]
    covered = [(finding, next((one for one in alive if covers(one, finding)), None)) for finding in new]
    return GateResult(
        failures=(
            *(GateFailure(asked[finding.kind], finding) for finding, allowed in covered if allowed is None),
            *(failure for each in conditions if (failure := _above(each, analysis))),
            *(
                GateFailure(asked[hang.verdict], hang=hang)
                for hang in analysis.hangs
                if hang.verdict in OF_DUMPS & set(asked)
            ),
        ),
        known=old,
        let_pass=tuple((finding, allowed) for finding, allowed in covered if allowed is not None),
        expired=tuple(one for one in allowances if one.expires < today),
        unused=tuple(one for one in alive if not any(covers(one, finding) for finding in analysis.findings)),
    )


def covers(allowance: Allowance, finding: Finding) -> bool:
    """Whether a finding is one of those that are let pass; a file is known by its end, a function by its last name."""
    frame = finding.culprit.frame
    file = frame.file == allowance.file or frame.file.endswith("/" + allowance.file)
    function = allowance.function in {None, frame.function, frame.function.rpartition(".")[2]}
    return file and function and allowance.call in {None, finding.call} and allowance.kind in {None, finding.kind}


def _in_both(baseline: Analysis, analysis: Analysis) -> set[int]:
    """The findings that the baseline has as well, however strong they were there."""
    return {id(pair.after.finding) for pair in pair_findings(baseline, analysis) if pair.before and pair.after}


def _above(each: GateCondition, analysis: Analysis) -> GateFailure | None:
    share = FIGURES[each.figure](analysis) if each.figure else None
    return GateFailure(each, value=share.low) if share is not None and share.low > each.limit else None


def _refuse_blind(each: GateCondition, analysis: Analysis) -> None:
    """A gate that cannot see is not open. What was found was seen."""
    asked = each.kind or each.figure or ""
    if _tells_of(asked, analysis) or any(finding.kind == each.kind for finding in analysis.findings):
        return
    if asked == "deadlock":
        raise UsageError(
            f"--fail-on {each.spelt} can only be judged from stack dumps",
            remedy="take them with: asyncspy dump --pid PID --fail-on deadlock",
        )
    if analysis.verdict != "no-data" and asked in BY_WAITS | BY_GIL:
        mode = "wall" if asked in BY_WAITS else "gil"
        raise UsageError(
            f"--fail-on {each.spelt} can only be judged from a recording of --mode {mode}",
            remedy=f"record with: asyncspy attach --pid PID --mode {mode}",
        )
    if analysis.verdict != "no-data" and asked == "lost-share":
        raise UsageError(
            f"--fail-on {each.spelt}: the recording does not say how many samples were lost",
            remedy="leave it out, or record with asyncspy attach",
        )
    raise InputError(
        f"--fail-on {each.spelt}: nothing could be judged, as no sample ran on an event loop",
        remedy="record while the worker serves requests; asyncspy report FILE says more",
    )


def _tells_of(asked: str, analysis: Analysis) -> bool:
    """Whether such an analysis would hold it, if there were any."""
    formats = {one.format for one in analysis.inputs}
    sampled = not formats or not formats <= UNSAMPLED
    waited = sampled and analysis.wall is not None and analysis.wall.loop > 0
    if asked in BY_WAITS:
        return waited or (asked in OF_DUMPS and bool(analysis.hangs))
    if asked == "deadlock":
        return bool(analysis.hangs)
    if asked in BY_GIL:
        return sampled and analysis.hops is not None
    if asked == "lost-share":
        return analysis.verdict != "no-data" and analysis.reach.lost_share is not None
    return waited or (sampled and analysis.samples.loop > 0) or LOG in formats
