"""Lay out a comparison for a terminal: the verdict first, then each finding with what that rests on."""

from __future__ import annotations

from rich.text import Text

from asyncspy.model.comparisons import Comparison
from asyncspy.report.present.presented_comparison import (
    HOW_COMPARED,
    PresentedChange,
    PresentedComparison,
    Tone,
    present_comparison,
)
from asyncspy.report.terminal.layout import (
    ALARM,
    CODE,
    NAME,
    PLACE,
    faint_facts,
    fit_place,
    flow,
    labelled,
    page,
    prose,
    section,
    warnings,
    wrap,
)
from asyncspy.report.view import View

LABEL_WIDTH = 8
INDENT = 2

STYLES: dict[Tone, str] = {"bad": ALARM, "doubtful": NAME, "same": NAME, "good": f"{NAME} {CODE}"}


def render(comparison: Comparison, view: View) -> str:
    """The comparison."""
    shown = present_comparison(comparison, view)
    how = section("How this was compared", [HOW_COMPARED], view) if shown.changes else []
    return page(
        [_head(shown, view), *(_block(change, view) for change in shown.changes), section(*shown.waiting, view), how],
        view,
    )


def _head(shown: PresentedComparison, view: View) -> list[Text]:
    lines = wrap(Text(shown.verdict, ALARM if shown.tone == "bad" else NAME), view.columns)
    for label, facts in (("before", shown.before), ("after", shown.after)):
        lines += labelled(label, faint_facts(facts, view, view.columns - LABEL_WIDTH), 0, LABEL_WIDTH)
    return lines + warnings(shown.warnings, view)


def _block(change: PresentedChange, view: View) -> list[Text]:
    title = [
        Text(change.words.title.upper(), STYLES[change.words.tone]),
        Text(fit_place(change.place, view, view.columns - INDENT - LABEL_WIDTH), f"{NAME} {PLACE}"),
        Text(f"{view.escape(change.function)} {view.glyphs.arrow} {view.escape(change.call)}"),
    ]
    lines = flow(title, view.columns, "  ", lead=" " * INDENT)
    for label, text in [("before", change.before.text), ("after", change.after.text), *change.notes]:
        lines += labelled(label, prose(text, view, INDENT + LABEL_WIDTH), INDENT, LABEL_WIDTH)
    return lines
