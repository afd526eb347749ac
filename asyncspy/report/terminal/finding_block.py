"""One finding to the lines of its block: where, how often, the source, the way there, the proof, the remedy."""

from __future__ import annotations

from rich.text import Text

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding, Remedy
from asyncspy.model.stacks import common_django_version
from asyncspy.report.present import cost_words, finding_words, fleet_words, log_words
from asyncspy.report.present.excerpt import excerpt
from asyncspy.report.present.figures import count, rough_percent
from asyncspy.report.present.path import Step, is_culprit, steps
from asyncspy.report.present.place_names import outside, place
from asyncspy.report.terminal.layout import (
    ALARM,
    CODE,
    FAINT,
    NAME,
    PLACE,
    columns,
    flow,
    indented,
    labelled,
    prose_room,
    wrap,
    wrap_code,
)
from asyncspy.report.view import View

LABEL = 7
"""Width of the labels before the rows of a block."""

WORKERS = 8
"""How many processes are listed one by one."""

ENTRIES = 5
"""How many ways onto the loop are listed before the rest is summed up."""


def block(number: int, finding: Finding, analysis: Analysis, view: View) -> list[Text]:
    """All that a person needs to mend this one."""
    mark = f"{number}  "
    indent = len(mark)
    rows = [
        *_row("owner", _package(finding, view, indent), indent),
        *_row("from", _entries(finding, view, indent), indent),
        *_row("path", _path(finding, view, indent), indent),
        *_row("", _completed(finding, view, indent), indent),
        *_fleet(finding, view, indent),
        *_row("seen", _prose(_evidence(finding, view), view, indent), indent),
        *_row("gain", _prose(gain, view, indent) if (gain := cost_words.gain(finding)) else [], indent),
        *(_row("risk", _prose(finding_words.ALLOWED, view, indent), indent, ALARM) if finding.allowed else []),
        *_row(
            "risk", _prose(risk, view, indent) if (risk := cost_words.risk(finding, analysis)) else [], indent, ALARM
        ),
        Text(),
        *_remedies(finding, analysis, view, indent),
    ]
    return [*_title(mark, finding, view), *_strength(finding, analysis, view, indent), *_source(finding, view), *rows]


def _row(label: str, lines: list[Text], indent: int, style: str = FAINT) -> list[Text]:
    return labelled(label, lines, indent, LABEL, style) if lines else []


def _prose(sentence: str, view: View, indent: int, style: str = "") -> list[Text]:
    return wrap(Text(sentence, style), prose_room(view, indent + LABEL))


def _title(mark: str, finding: Finding, view: View) -> list[Text]:
    """File, line and function; on two lines where one is too short."""
    room = view.columns - len(mark)
    where = Text(place(finding.culprit.frame, view, room), f"{NAME} {PLACE}")
    lines = flow([where, Text(outside(finding.culprit.frame.function, view), NAME)], room, "  ")
    return labelled(mark, lines, 0, len(mark), NAME)


def _strength(finding: Finding, analysis: Analysis, view: View, indent: int) -> list[Text]:
    dash = view.glyphs.dash
    unsafe = finding.kind == "async-unsafe"
    said = (
        finding_words.strength(finding, analysis.samples, dash)
        if unsafe
        else cost_words.strength(finding, analysis, dash)
    )
    parts = [Text(part) for part in said]
    return indented(flow(parts, view.columns - indent, f" {view.glyphs.dot} "), indent)


def _source(finding: Finding, view: View) -> list[Text]:
    lines = excerpt(finding.culprit.frame, view)
    return [Text(), *lines, Text()] if lines else [Text()]


def _evidence(finding: Finding, view: View) -> str:
    said = finding_words.evidence(finding) if finding.kind == "async-unsafe" else cost_words.evidence(finding, view)
    return outside(said, view)


def _package(finding: Finding, view: View, indent: int) -> list[Text]:
    package = finding.culprit.package
    if finding.kind == "pool-saturated" or (finding.kind != "async-unsafe" and package == "django"):
        return []
    return [line for said in finding_words.owner(finding.culprit) for line in _prose(outside(said, view), view, indent)]


def _fleet(finding: Finding, view: View, indent: int) -> list[Text]:
    """Who shows it: which processes of one host, or how many workers of several, and which of them more than others."""
    spread = fleet_words.spread(finding)
    if spread is None:
        return _row("by pid", _workers(finding, view, indent), indent)
    rows = _row("fleet", _prose(spread, view, indent), indent)
    for label, parts in fleet_words.where(finding, view):
        rows += _row("", [Text(label, FAINT), *(line for part in parts for line in _prose(part, view, indent))], indent)
    return rows


def _workers(finding: Finding, view: View, indent: int) -> list[Text]:
    """What each process has of it; nothing where they are alike."""
    parts = [Text(part) for part in finding_words.workers(finding, view.glyphs.dash)]
    lines = flow(parts[:WORKERS], view.columns - indent - LABEL, f" {view.glyphs.dot} ") if parts else []
    rest = len(parts) - WORKERS
    return [*lines, Text(f"{view.glyphs.dots} {count(rest)} more", FAINT)] if rest > 0 else lines


def _entries(finding: Finding, view: View, indent: int) -> list[Text]:
    """Each way onto the loop with its share; side by side where all fit, else each flowing on its own."""
    room = view.columns - indent - LABEL
    shown = finding.entries if view.show_all else finding.entries[:ENTRIES]
    whole = sum(entry.weight for entry in finding.entries)
    rows = [
        [
            Text(rough_percent(entry.weight, whole)),
            Text(outside(entry.kind, view)),
            Text(place(entry.frame, view, room), PLACE),
            Text(outside(entry.frame.function, view)),
        ]
        for entry in shown
    ]
    lines = columns(rows, right=(0,)) if rows else []
    if any(line.cell_len > room for line in lines):
        lines = [line for row in rows for line in flow(row, room, "  ", lead="  ")]
    rest = finding.entries[len(shown) :]
    if rest:
        share = rough_percent(sum(entry.weight for entry in rest), whole)
        lines.append(Text(f"{view.glyphs.dots} {count(len(rest))} more, {share} together", FAINT))
    return lines


def _completed(finding: Finding, view: View, indent: int) -> list[Text]:
    """Which part of the way the log does not hold."""
    if not finding.completed or not finding.chain:
        return []
    return _prose(log_words.COMPLETED, view, indent, FAINT)


def _path(finding: Finding, view: View, indent: int) -> list[Text]:
    """The way in one flow, or with everything unfolded, frame by frame; a pool's work has none that is its own."""
    if finding.kind == "pool-saturated":
        return []
    room = view.columns - indent - LABEL
    if not view.show_all or not finding.chain:
        arrow = f"{view.glyphs.arrow} "
        parts = [_station(step) for step in steps(finding, view)]
        return flow(parts, room, f" {arrow}", lead=arrow)
    rows = [
        [
            Text(place(link, view, room), PLACE),
            Text(outside(link.function, view), NAME if is_culprit(link, finding) else ""),
        ]
        for link in finding.chain
    ]
    lines = columns(rows)
    if all(line.cell_len <= room for line in lines):
        return lines
    return [line for row in rows for line in flow(row, room, "  ", lead="  ")]


def _station(step: Step) -> Text:
    text = Text(step.text, FAINT if step.folded else NAME if step.culprit else "")
    return Text.assemble(text, " (", (step.place, PLACE), ")") if step.place else text


def _remedies(finding: Finding, analysis: Analysis, view: View, indent: int) -> list[Text]:
    """The line to type first where it is known, then what it does and since when; alternatives after `or`."""
    django = common_django_version(analysis.origins)
    lines: list[Text] = []
    for remedy in finding.remedies:
        lines += _row("or" if lines else "fix", _remedy(remedy, django, view, indent), indent, NAME)
    return lines or _row("fix", _prose("None is known for this call.", view, indent), indent, NAME)


def _remedy(remedy: Remedy, django: str | None, view: View, indent: int) -> list[Text]:
    """The code and what remains to be said beside it; without code, the text that says it all."""
    room = view.columns - indent - LABEL
    code: list[Text] = []
    for line in (remedy.code or "").split("\n"):
        code += wrap_code(outside(line, view), room, CODE) if line.strip() else []
    said = [outside((remedy.note if code else remedy.text) or "", view)]
    if remedy.since:
        said.append(finding_words.since(outside(remedy.since, view), outside(django or "", view)))
    beside = f" {view.glyphs.dot} ".join(filter(None, said))
    return [*code, *(_prose(beside, view, indent) if beside else [])]
