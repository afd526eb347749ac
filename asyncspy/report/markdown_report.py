"""Lay out reports and comparisons in Markdown, for an incident channel or a pull request: the verdict first."""

from __future__ import annotations

from asyncspy.model.analysis import Analysis
from asyncspy.model.comparisons import Comparison
from asyncspy.model.stacks import Frame
from asyncspy.report.markdown_escape import code, code_block, plain
from asyncspy.report.present.figures import plural
from asyncspy.report.present.path_steps import PathStep
from asyncspy.report.present.places import Place, excerpt, place_of
from asyncspy.report.present.presented_comparison import HOW_COMPARED, PresentedChange, present_comparison
from asyncspy.report.present.presented_finding import PresentedFinding, PresentedRemedy, share_of_rest
from asyncspy.report.present.presented_hang import PresentedHang
from asyncspy.report.present.presented_report import PresentedInput, PresentedReport, present_findings, present_report
from asyncspy.report.present.recording_summary import Section
from asyncspy.report.view import View

MAX_ENTRIES = 5
MAX_FINDINGS = 20
"""How many are shown in full: a comment on a pull request has a limit."""


def render(analysis: Analysis, view: View) -> str:
    """The Markdown report."""
    report = present_report(analysis, view)
    lines = [line for hang in report.hangs for line in [*_hang(hang, view), ""]]
    lines += [] if report.only_dumps else _head(report)
    for finding in present_findings(report, analysis, view, limit=MAX_FINDINGS):
        lines += ["", *_finding(finding, view)]
    rest = report.findings[MAX_FINDINGS:]
    if rest:
        lines += ["", f"And {plural(len(rest), 'more finding')}:", ""]
        lines += [f"- {_where_of(one.culprit.frame, view)} {code(one.call)}" for one in rest]
    if not report.only_dumps:
        lines += _section(report.middleware) + _section(report.lateness) + _section(report.waiting)
        lines += ["", f"{report.limits.title}: {plain(' '.join(report.limits.sentences))}"]
        inputs = [_input(read) for read in report.inputs if read.damaged or read.notes]
        lines += ["", *inputs] if inputs else []
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(section: Section) -> list[str]:
    """A title and a list; nothing where there are no sentences."""
    return ["", f"{section.title}:", "", *(f"- {plain(one)}" for one in section.sentences)] if section.sentences else []


def _head(report: PresentedReport) -> list[str]:
    lines = [f"**asyncspy: {plain(report.verdict)}**", "", f"- {plain(' · '.join(report.facts))}"]
    lines += [f"- pid {', '.join(target.pids)}: {', '.join(map(code, target.runs))}" for target in report.targets]
    return lines + [f"- **!** {plain(warning)}" for warning in report.warnings]


def _hang(hang: PresentedHang, view: View) -> list[str]:
    lines = [f"**asyncspy: {plain(hang.headline)}**", "", f"- {plain(' · '.join(hang.facts))}"]
    lines += [f"- {plain(ground)}" for ground in hang.grounds]
    for wait in hang.waits:
        lines.append(f"- {plain(wait.who)} {plain(wait.waits)} at {_where_of(wait.threads.line.frame, view)}")
    lines += [f"- now: {code(action.command)} ({plain(action.purpose)})" for action in hang.hang.now]
    return lines + [
        f"- later: {plain(remedy.text)}{' ' + code(remedy.code) if remedy.code else ''}" for remedy in hang.later
    ]


def _finding(finding: PresentedFinding, view: View) -> list[str]:
    points = [
        *map(plain, finding.owner),
        *_entries(finding),
        *([f"way: {' ▸ '.join(map(_step, finding.path))}"] if finding.path else []),
        f"seen: {plain(finding.evidence)}",
        *([plain(finding.spread)] if finding.spread else []),
        *(plain(f"{label}: {', '.join(parts)}") for label, parts in finding.groups),
        *([f"gain: {plain(finding.gain)}"] if finding.gain else []),
        *(f"**risk: {plain(risk)}**" for risk in finding.risks),
    ]
    return [
        f"### {finding.number}. {_where(finding.place, finding.function)}",
        "",
        plain(" · ".join(finding.strength)),
        "",
        *_source(finding.finding.culprit.frame, view),
        *(f"- {line}" for line in points),
        "",
        *_remedies(finding),
    ]


def _where(place: Place, function: str) -> str:
    return f"{code(str(place))} {code(function)}"


def _where_of(frame: Frame, view: View) -> str:
    return _where(place_of(frame, view), frame.function)


def _entries(finding: PresentedFinding) -> list[str]:
    parts = [
        f"{plain(entry.kind)} {code(entry.function)} ({code(entry.place.file)}, {entry.share})"
        for entry in finding.entries[:MAX_ENTRIES]
    ]
    rest = len(finding.entries) - len(parts)
    parts += [f"{rest:,} more ({share_of_rest(finding.entries, MAX_ENTRIES)})"] if rest else []
    return [f"from: {', '.join(parts)}"] if parts else []


def _step(step: PathStep) -> str:
    if step.folded:
        return plain(step.text)
    return f"{code(step.text)} ({code(step.place)})" if step.place else code(step.text)


def _source(frame: Frame, view: View) -> list[str]:
    lines = excerpt(frame, view)
    width = max((len(str(line.number)) for line in lines), default=0)
    rows = [f"{'>' if line.to_change else ' '} {line.number:>{width}} | {line.text}".rstrip() for line in lines]
    return code_block(rows, "text")


def _remedies(finding: PresentedFinding) -> list[str]:
    lines: list[str] = []
    for remedy in finding.remedies:
        lines += [f"{'or' if lines else 'Fix'}: {plain(_about(remedy))}", ""]
        lines += code_block(remedy.code.split("\n"), "python") if remedy.code else []
    return lines or ["No remedy is known for this call.", ""]


def _about(remedy: PresentedRemedy) -> str:
    return " · ".join(filter(None, [remedy.beside_code or remedy.text, remedy.since]))


def _input(read: PresentedInput) -> str:
    return f"- read {code(read.path)}: {plain('; '.join([read.summary, *read.notes]))}"


def render_comparison(comparison: Comparison, view: View) -> str:
    """The verdict, a table, and what follows for each finding."""
    shown = present_comparison(comparison, view)
    lines = [f"**asyncspy: {plain(shown.verdict)}**", ""]
    for label, facts in (("before", shown.before), ("after", shown.after)):
        lines.append(f"- {label}: {plain(' · '.join(facts))}")
    lines += [f"- ⚠ {plain(warning)}" for warning in shown.warnings]
    if shown.changes:
        lines += ["", "| what became of it | where | call | before | after |", "| --- | --- | --- | --- | --- |"]
        lines += [*map(_row, shown.changes), ""]
        for number, change in enumerate(shown.changes, 1):
            text = ". ".join(filter(None, [change.chance, change.conclusion]))
            lines.append(f"{number}. {_where(change.place, change.function)}: {plain(text)}")
        lines += ["", plain(HOW_COMPARED)]
    lines += _section(shown.waiting)
    return "\n".join(lines) + "\n"


def _row(change: PresentedChange) -> str:
    moved = f" (was line {change.old_line})" if change.old_line is not None else ""
    cells = [
        f"**{change.words.title}**",
        f"{_where(change.place, change.function)}{moved}",
        code(change.call),
        plain(change.before.text),
        plain(change.after.text),
    ]
    return f"| {' | '.join(cells)} |"
