"""Lay out one finding for a terminal: where, how often, the source, the way there, the proof, the remedy."""

from __future__ import annotations

from rich.text import Text

from asyncspy.report.present.figures import count
from asyncspy.report.present.path_steps import PathStep, is_culprit
from asyncspy.report.present.places import place_of
from asyncspy.report.present.presented_finding import NO_REMEDY, PresentedFinding, PresentedRemedy, share_of_rest
from asyncspy.report.terminal.layout import (
    ALARM,
    CODE,
    FAINT,
    NAME,
    PLACE,
    columns_or_flow,
    fit_place,
    flow,
    indented,
    labelled,
    prose,
    source_excerpt,
    wrap_code,
)
from asyncspy.report.view import View

LABEL_WIDTH = 7
MAX_PROCESSES = 8
MAX_ENTRIES = 5


def finding_block(finding: PresentedFinding, view: View) -> list[Text]:
    """All that a person needs to fix this one."""
    number = f"{finding.number}  "
    indent = len(number)
    at = indent + LABEL_WIDTH
    room = view.columns - indent
    title = [
        Text(fit_place(finding.place, view, room), f"{NAME} {PLACE}"),
        Text(view.escape(finding.function), NAME),
    ]
    source = source_excerpt(finding.finding.culprit.frame, view)
    rows = [
        ("owner", [line for sentence in finding.owner for line in prose(view.escape(sentence), view, at)], FAINT),
        ("from", _entries(finding, view, view.columns - at), FAINT),
        ("path", _path(finding, view, view.columns - at), FAINT),
        ("", prose(finding.path_note, view, at, FAINT), FAINT),
        *_spread(finding, view, at),
        ("seen", prose(view.escape(finding.evidence), view, at), FAINT),
        ("gain", prose(finding.gain, view, at), FAINT),
        *(("risk", prose(risk, view, at), ALARM) for risk in finding.risks),
    ]
    remedies = [_remedy(remedy, view, at) for remedy in finding.remedies]
    fixes = [line for i, lines in enumerate(remedies) for line in _row("or" if i else "fix", lines, indent, NAME)]
    return [
        *labelled(number, flow(title, room, "  "), 0, indent, NAME),
        *indented(flow([Text(part) for part in finding.strength], room, f" {view.glyphs.dot} "), indent),
        *([Text(), *source] if source else []),
        Text(),
        *(line for label, lines, style in rows for line in _row(label, lines, indent, style)),
        Text(),
        *(fixes or _row("fix", prose(NO_REMEDY, view, at), indent, NAME)),
    ]


def _row(label: str, lines: list[Text], indent: int, style: str = FAINT) -> list[Text]:
    return labelled(label, lines, indent, LABEL_WIDTH, style)


def _spread(finding: PresentedFinding, view: View, at: int) -> list[tuple[str, list[Text], str]]:
    """Which processes of one host show it, or how many workers of several, and which of them more than others."""
    if finding.spread:
        rows = [("fleet", prose(finding.spread, view, at), FAINT)]
        for label, parts in finding.groups:
            lines = [Text(label, FAINT), *(line for part in parts for line in prose(part, view, at))]
            rows.append(("", lines, FAINT))
        return rows
    rows = []
    for label, parts in finding.groups:
        shown = [Text(part) for part in parts[:MAX_PROCESSES]]
        lines = flow(shown, view.columns - at, f" {view.glyphs.dot} ")
        if len(parts) > len(shown):
            lines.append(Text(f"{view.glyphs.dots} {count(len(parts) - len(shown))} more", FAINT))
        rows.append((label, lines, FAINT))
    return rows


def _entries(finding: PresentedFinding, view: View, room: int) -> list[Text]:
    shown = finding.entries if view.show_all else finding.entries[:MAX_ENTRIES]
    rows = [
        [
            Text(entry.share),
            Text(view.escape(entry.kind)),
            Text(fit_place(entry.place, view, room), PLACE),
            Text(view.escape(entry.function)),
        ]
        for entry in shown
    ]
    lines = columns_or_flow(rows, room, right=(0,))
    rest = len(finding.entries) - len(shown)
    if rest:
        share = share_of_rest(finding.entries, len(shown))
        lines.append(Text(f"{view.glyphs.dots} {count(rest)} more, {share} together", FAINT))
    return lines


def _path(finding: PresentedFinding, view: View, room: int) -> list[Text]:
    """The steps in one flow, or with everything unfolded, frame by frame."""
    chain = finding.finding.chain
    if not (view.show_all and chain and finding.path):
        arrow = f"{view.glyphs.arrow} "
        return flow([_step(step) for step in finding.path], room, f" {arrow}", lead=arrow)
    rows = [
        [
            Text(fit_place(place_of(link, view), view, room), PLACE),
            Text(view.escape(link.function), NAME if is_culprit(link, finding.finding) else ""),
        ]
        for link in chain
    ]
    return columns_or_flow(rows, room)


def _step(step: PathStep) -> Text:
    text = Text(step.text, FAINT if step.folded else NAME if step.culprit else "")
    return Text.assemble(text, " (", (step.place, PLACE), ")") if step.place else text


def _remedy(remedy: PresentedRemedy, view: View, at: int) -> list[Text]:
    """The line to type first where it is known, then what it does and since when."""
    code = [
        line
        for written in remedy.code.split("\n")
        if written.strip()
        for line in wrap_code(view.escape(written), view.columns - at, CODE)
    ]
    beside = [view.escape(part) for part in (remedy.beside_code, remedy.since) if part]
    return code + prose(f" {view.glyphs.dot} ".join(beside), view, at)
