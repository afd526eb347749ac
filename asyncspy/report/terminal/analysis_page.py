"""Lay out a report for a terminal: the verdict first, then what to change and why."""

from __future__ import annotations

from rich.text import Text

from asyncspy.model.analysis import Analysis
from asyncspy.report.present.figures import count
from asyncspy.report.present.loop_time import loop_time_sentences
from asyncspy.report.present.presented_report import (
    PresentedInput,
    PresentedReport,
    PresentedTarget,
    present_findings,
    present_report,
)
from asyncspy.report.terminal.finding_block import finding_block
from asyncspy.report.terminal.layout import (
    ALARM,
    NAME,
    PLACE,
    commands,
    faint_facts,
    flow,
    indented,
    labelled,
    page,
    prose,
    section,
    warnings,
    wrap,
)
from asyncspy.report.view import View

INDENT = 2
LABEL_WIDTH = 7
MAX_PIDS = 4
"""How many watched processes are named one by one."""


def render(analysis: Analysis, view: View) -> str:
    """The terminal report."""
    report = present_report(analysis, view)
    sections = _hangs(report, view)
    sections += [] if report.only_dumps else [_head(report, view)]
    sections += [
        finding_block(finding, view)
        for finding in present_findings(report, analysis, view)
        if not report.only_dumps or finding.finding.kind == "async-unsafe"  # what blocks is in the hang's section
    ]
    if not report.only_dumps:
        sections.append(section(*report.middleware, view))
        sections.append(section("Where the loop's time goes", loop_time_sentences(analysis, view), view))
        sections.append(section(*report.lateness, view))
        sections.append(section(*report.waiting, view))
        sections.append(section(*report.limits, view))
    return page([*sections, _inputs(report, view), _end(report, view)], view)


def _hangs(report: PresentedReport, view: View) -> list[list[Text]]:
    """Imported when there is a dump: most reports have none."""
    if not report.hangs:
        return []
    from asyncspy.report.terminal.hang_page import hang_sections  # noqa: PLC0415

    return hang_sections(report.hangs, view)


def _head(report: PresentedReport, view: View) -> list[Text]:
    style = ALARM if report.findings else NAME
    lines = wrap(Text(report.verdict, style), view.columns) + faint_facts(map(view.escape, report.facts), view)
    for target in report.targets:
        lines += faint_facts([_pids(target), *map(view.escape, target.runs)], view)
    return lines + warnings(report.warnings, view)


def _pids(target: PresentedTarget) -> str:
    pids = target.pids
    if len(pids) == 1:
        return f"pid {pids[0]}"
    shown = ", ".join(pids[:MAX_PIDS])
    return f"pids {shown}" if len(pids) <= MAX_PIDS else f"pids {shown} and {count(len(pids) - MAX_PIDS)} more"


def _inputs(report: PresentedReport, view: View) -> list[Text]:
    shown = [read for read in report.inputs if view.show_all or read.damaged or (read.notes and not report.only_dumps)]
    lines = [line for read in shown for line in _input(read, view)]
    return [Text("What was read", NAME), *indented(lines, INDENT)] if lines else []


def _input(read: PresentedInput, view: View) -> list[Text]:
    parts = [Text(view.escape(read.path), PLACE), Text(view.escape(read.summary))]
    lines = flow(parts, view.columns - INDENT, "  ", lead="  ")
    for note in read.notes:
        lines += indented(prose(view.escape(note), view, INDENT + 2), 2)
    return lines


def _end(report: PresentedReport, view: View) -> list[Text]:
    saved = wrap(Text(view.escape(view.saved or ""), PLACE), view.columns - LABEL_WIDTH) if view.saved else []
    return labelled("Saved", saved, 0, LABEL_WIDTH, NAME) + commands("Next", report.next_steps, view)
