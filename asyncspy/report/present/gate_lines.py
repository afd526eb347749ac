"""Word the result of a gate: why it is open or closed, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from asyncspy.model.findings import Finding
from asyncspy.model.gates import Allowance, GateFailure, GateResult
from asyncspy.report.present.figures import percent, plural
from asyncspy.report.present.places import has_line, relative
from asyncspy.report.view import escape

MAX_LISTED = 20
"""How many are named; the report has them all."""


def gate_lines(result: GateResult, root: str | None) -> list[str]:
    """Open or closed first, then each reason, what was let pass, and which entries of the ignore file do nothing."""
    failures = result.failures
    lines = [f"gate: closed, {plural(len(failures), 'reason')}"] if failures else ["gate: open"]
    lines += [f"  {_reason(failure, root)}" for failure in failures[:MAX_LISTED]]
    lines += [f"  and {len(failures) - MAX_LISTED:,} more, as reported"] if len(failures) > MAX_LISTED else []
    if result.known:
        lines.append(f"  in the baseline too, let pass: {_places(result.known, root)}")
    for finding, allowance in result.let_pass[:MAX_LISTED]:
        reason = escape(allowance.reason)
        lines.append(f"  ignored until {allowance.expires}: {_place(finding, root)} ({reason})")
    lines += [
        f"  no longer ignored since {one.expires}: {_entry(one)}; fix it, or renew the date" for one in result.expired
    ]
    return lines + [f"  nothing to ignore: {_entry(one)}; remove the entry" for one in result.unused]


def _reason(failure: GateFailure, root: str | None) -> str:
    condition = failure.condition.spelt
    if failure.hang is not None:
        grounds = escape("; ".join(failure.hang.grounds[:1]))
        return f"{condition}: process {failure.hang.pid}, {grounds}"
    if failure.finding is not None:
        return f"{condition}: {_place(failure.finding, root)}, {escape(failure.finding.call)}"
    return f"{condition}: it is at least {percent(failure.value or 0.0)}"


def _place(finding: Finding, root: str | None) -> str:
    frame = finding.culprit.frame
    file = escape(relative(frame.file, root)) or "file not recorded"
    line = f":{frame.line}" if has_line(frame) else ""
    return f"{file}{line} {escape(frame.function)}"


def _places(findings: Sequence[Finding], root: str | None) -> str:
    shown = ", ".join(_place(finding, root) for finding in findings[:MAX_LISTED])
    return shown if len(findings) <= MAX_LISTED else f"{shown} and {len(findings) - MAX_LISTED:,} more"


def _entry(allowance: Allowance) -> str:
    return escape(" ".join(filter(None, (allowance.file, allowance.function, allowance.call))))
