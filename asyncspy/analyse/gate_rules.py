"""Judge whether an analysis may pass a gate: what fails it, what a baseline holds already, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import get_args

from asyncspy.analyse import confidence
from asyncspy.errors import AsyncspyError, InputError, UsageError
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding, Interval
from asyncspy.model.gates import Allowance, GateCondition, GateFailure, GateFigure, GateResult
from asyncspy.model.stacks import DUMP_FORMATS, FindingKind

KIND_NAMES: Mapping[str, FindingKind] = MappingProxyType(
    {"violation": "async-unsafe", **{kind: kind for kind in get_args(FindingKind) if kind != "async-unsafe"}}
)
"""The kinds of findings, as --fail-on and the ignore file call them."""

LIMIT = re.compile(r"([a-z-]+)>(\d{1,2}(?:\.\d{1,4})?)%", re.ASCII)

SHOWN_BY_WAITS = frozenset({"blocked-loop", "pool-saturated", "blocked-share"})
SHOWN_BY_GIL = frozenset({"hop-cost", "hop-share"})
"""What only recordings of the one or the other mode show."""

SHOWN_BY_DUMPS: frozenset[FindingKind] = frozenset({"deadlock", "blocked-loop"})

LOG = "log"
"""Logs show violations and sync-only middleware."""

FORMATS_WITHOUT_SAMPLES = frozenset({LOG, *DUMP_FORMATS})


def parse_condition(spelt: str) -> GateCondition:
    """What `violation` or `hop-share>20%` means. Raises ValueError, saying what is allowed."""
    kind = KIND_NAMES.get(spelt)
    if kind is not None:
        return GateCondition(spelt, kind=kind)
    limit = LIMIT.fullmatch(spelt)
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
"""Each figure; its lower bound is compared with the limit, so that chance alone fails no gate."""


def evaluate_gate(
    analysis: Analysis,
    conditions: Sequence[GateCondition],
    *,
    today: date,
    baseline: Analysis | None = None,
    allowances: Sequence[Allowance] = (),
) -> GateResult:
    """Judge an analysis by the conditions. Raises AsyncspyError where it cannot show what one of them asks about."""
    for each in conditions:
        if not _could_show(each, analysis):
            raise _blind_error(each, analysis)
    asked = {each.kind: each for each in conditions if each.kind}
    known = _findings_in_both(baseline, analysis) if baseline is not None else set()
    valid = [one for one in allowances if one.expires >= today]
    judged = [finding for finding in analysis.findings if finding.kind in asked]
    new = [finding for finding in judged if id(finding) not in known]
    allowed = [(finding, next((one for one in valid if covers(one, finding)), None)) for finding in new]
    by_dumps = SHOWN_BY_DUMPS & set(asked)
    return GateResult(
        failures=(
            *(GateFailure(asked[finding.kind], finding) for finding, allowance in allowed if allowance is None),
            *(failure for each in conditions if (failure := _figure_failure(each, analysis))),
            *(GateFailure(asked[hang.verdict], hang=hang) for hang in analysis.hangs if hang.verdict in by_dumps),
        ),
        known=tuple(finding for finding in judged if id(finding) in known),
        let_pass=tuple((finding, allowance) for finding, allowance in allowed if allowance is not None),
        expired=tuple(one for one in allowances if one.expires < today),
        unused=tuple(one for one in valid if not any(covers(one, finding) for finding in analysis.findings)),
    )


def covers(allowance: Allowance, finding: Finding) -> bool:
    """Whether an allowance is for a finding: its file by the end of the path, its function by the last name."""
    frame = finding.culprit.frame
    file = frame.file == allowance.file or frame.file.endswith("/" + allowance.file)
    function = allowance.function in {None, frame.function, frame.function.rpartition(".")[2]}
    return file and function and allowance.call in {None, finding.call} and allowance.kind in {None, finding.kind}


def _findings_in_both(baseline: Analysis, analysis: Analysis) -> set[int]:
    """The ids of the findings that the baseline has as well, however strong they were there."""
    from asyncspy.analyse.compare.pairing import pair_findings  # noqa: PLC0415 - few gates have a baseline

    return {id(pair.after.finding) for pair in pair_findings(baseline, analysis) if pair.before and pair.after}


def _figure_failure(each: GateCondition, analysis: Analysis) -> GateFailure | None:
    share = FIGURES[each.figure](analysis) if each.figure else None
    return GateFailure(each, value=share.low) if share is not None and share.low > each.limit else None


def _could_show(each: GateCondition, analysis: Analysis) -> bool:
    """Whether such an analysis would show what the condition asks about, if it were there."""
    formats = {one.format for one in analysis.inputs}
    sampled = not formats or not formats <= FORMATS_WITHOUT_SAMPLES
    waits = sampled and analysis.wall is not None and analysis.wall.loop > 0
    asked = each.kind or each.figure or ""
    if any(finding.kind == asked for finding in analysis.findings):
        return True
    if asked in SHOWN_BY_WAITS:
        return waits or (asked in SHOWN_BY_DUMPS and bool(analysis.hangs))
    if asked == "deadlock":
        return bool(analysis.hangs)
    if asked in SHOWN_BY_GIL:
        return sampled and analysis.hops is not None
    if asked == "lost-share":
        return analysis.verdict != "no-data" and analysis.reach.lost_share is not None
    return waits or (sampled and analysis.samples.loop > 0) or LOG in formats


def _blind_error(each: GateCondition, analysis: Analysis) -> AsyncspyError:
    """Why a condition cannot be judged: a gate that could not see anything must not pass."""
    asked = each.kind or each.figure or ""
    if asked == "deadlock":
        return UsageError(
            f"--fail-on {each.spelt} can only be judged from stack dumps",
            remedy="take them with: asyncspy dump --pid PID --fail-on deadlock",
        )
    if analysis.verdict != "no-data" and asked in SHOWN_BY_WAITS | SHOWN_BY_GIL:
        mode = "wall" if asked in SHOWN_BY_WAITS else "gil"
        return UsageError(
            f"--fail-on {each.spelt} can only be judged from a recording of --mode {mode}",
            remedy=f"record with: asyncspy attach --pid PID --mode {mode}",
        )
    if analysis.verdict != "no-data" and asked == "lost-share":
        return UsageError(
            f"--fail-on {each.spelt}: the recording does not say how many samples were lost",
            remedy="leave it out, or record with asyncspy attach",
        )
    return InputError(
        f"--fail-on {each.spelt}: nothing could be judged, as no sample ran on an event loop",
        remedy="record while the worker serves requests; asyncspy report FILE says more",
    )
