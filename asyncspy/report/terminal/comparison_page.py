"""A comparison to the text that a person reads in a terminal: the verdict first, then each finding with its proof."""

from __future__ import annotations

from rich.text import Text

from asyncspy.model.comparisons import Comparison, FindingChange
from asyncspy.report.present import comparison_words
from asyncspy.report.present.place_names import outside, place
from asyncspy.report.terminal.layout import (
    ALARM,
    CODE,
    FAINT,
    NAME,
    PLACE,
    flow,
    indented,
    labelled,
    page,
    prose_room,
    wrap,
)
from asyncspy.report.view import View

LABEL = 8
INDENT = 2


def render(comparison: Comparison, view: View) -> str:
    """The comparison."""
    lines = _head(comparison, view)
    for difference in comparison.differences:
        lines += [Text(), *_block(difference, comparison, view)]
    if comparison.differences:
        lines += [Text(), Text("How this was compared", NAME)]
        lines += indented(wrap(Text(comparison_words.HOW), prose_room(view, INDENT)), INDENT)
    return page(lines, view)


def _head(comparison: Comparison, view: View) -> list[Text]:
    joint = f" {view.glyphs.dot} "
    bad = any(difference.change in comparison_words.BAD for difference in comparison.differences)
    lines = wrap(Text(comparison_words.verdict(comparison), ALARM if bad else NAME), view.columns)
    for label, one in (("before", comparison.before), ("after", comparison.after)):
        facts = [Text(part, FAINT) for part in comparison_words.recorded(one)]
        lines += labelled(label, flow(facts, view.columns - LABEL, joint), 0, LABEL)
    for warning in comparison_words.warnings(comparison):
        lines += labelled("!", wrap(Text(warning), prose_room(view, 2)), 0, 2, ALARM)
    return lines


def _block(difference: FindingChange, comparison: Comparison, view: View) -> list[Text]:
    room = view.columns - INDENT - LABEL
    dash = view.glyphs.dash
    rows = [
        *_row("before", comparison_words.side(difference.before, difference.work_before, dash), view),
        *_row("after", comparison_words.side(difference.after, difference.work_after, dash), view),
    ]
    if difference.moved and difference.before is not None:
        rows += _row("moved", f"it was on line {difference.before.culprit.frame.line}", view)
    rows += _row("chance", comparison_words.chance(difference), view)
    rows += _row("so", comparison_words.conclusion(difference, comparison.after), view)
    return [*_title(difference, view, room), *rows]


def _title(difference: FindingChange, view: View, room: int) -> list[Text]:
    """What became of it, where it is, and what it calls."""
    change = difference.change
    style = ALARM if change in comparison_words.BAD else f"{NAME} {CODE}" if change in comparison_words.GOOD else NAME
    culprit = difference.finding.culprit.frame
    arrow = view.glyphs.arrow
    call = Text(f"{outside(culprit.function, view)} {arrow} {outside(difference.finding.call, view)}")
    parts = [
        Text(comparison_words.TITLES[change].upper(), style),
        Text(place(culprit, view, room), f"{NAME} {PLACE}"),
        call,
    ]
    return flow(parts, view.columns, "  ", lead=" " * INDENT)


def _row(label: str, sentence: str | None, view: View) -> list[Text]:
    return (
        []
        if sentence is None
        else labelled(label, wrap(Text(sentence), prose_room(view, INDENT + LABEL)), INDENT, LABEL)
    )
