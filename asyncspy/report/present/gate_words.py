"""A gate's judgement to the lines that say why it is open or closed, and what to do."""

from __future__ import annotations

from asyncspy.model.findings import Finding
from asyncspy.model.gates import Allowance, GateFailure, GateResult
from asyncspy.report.inert import inert
from asyncspy.report.present.figures import percent, plural
from asyncspy.report.present.place_names import has_line, relative

LISTED = 20
"""How many are named; the report has them all."""


def told(judgement: GateResult, root: str | None) -> list[str]:
    """Closed or open first, then each reason, then what was let pass and what of the ignore file is of no use."""
    failures = judgement.failures
    lines = [f"gate: closed, {plural(len(failures), 'reason')}"] if failures else ["gate: open"]
    lines += [f"  {_why(failure, root)}" for failure in failures[:LISTED]]
    lines += [f"  and {len(failures) - LISTED:,} more, as reported"] if len(failures) > LISTED else []
    if judgement.known:
        lines.append(f"  in the baseline too, let pass: {_listed(judgement.known, root)}")
    for finding, allowance in judgement.let_pass[:LISTED]:
        lines.append(f"  ignored until {allowance.expires}: {_place(finding, root)} ({inert(allowance.reason)})")
    lines += [
        f"  no longer ignored since {one.expires}: {_named(one)}; mend it, or renew the date"
        for one in judgement.expired
    ]
    return lines + [f"  nothing to ignore: {_named(one)}; take the entry out" for one in judgement.unused]


def _why(failure: GateFailure, root: str | None) -> str:
    if failure.hang is not None:
        return f"{failure.condition.spelt}: process {failure.hang.pid}, {inert('; '.join(failure.hang.grounds[:1]))}"
    if failure.finding is not None:
        finding = failure.finding
        return f"{failure.condition.spelt}: {_place(finding, root)}, {inert(finding.call)}"
    return f"{failure.condition.spelt}: it is at least {percent(failure.value or 0.0)}"


def _place(finding: Finding, root: str | None) -> str:
    frame = finding.culprit.frame
    line = f":{frame.line}" if has_line(frame) else ""
    return f"{inert(relative(frame.file, root)) or 'file not recorded'}{line} {inert(frame.function)}"


def _listed(findings: tuple[Finding, ...], root: str | None) -> str:
    shown = ", ".join(_place(finding, root) for finding in findings[:LISTED])
    return shown if len(findings) <= LISTED else f"{shown} and {len(findings) - LISTED:,} more"


def _named(allowance: Allowance) -> str:
    parts = (allowance.file, allowance.function, allowance.call)
    return inert(" ".join(part for part in parts if part))
