"""Lay out a comparison as a page: the verdict, then a card for each finding, before and after."""

from __future__ import annotations

from asyncspy import __version__
from asyncspy.model.comparisons import Comparison
from asyncspy.report.html.charts import interval_bar
from asyncspy.report.html.page import document, notes, section
from asyncspy.report.html.tags import Html, el
from asyncspy.report.present.presented_comparison import (
    HOW_COMPARED,
    PresentedChange,
    PresentedComparison,
    Tone,
    present_comparison,
)
from asyncspy.report.view import View

CARD_TONES: dict[Tone, str] = {"bad": "bad", "doubtful": "warn", "same": "cost", "good": "good"}
VERDICT_TONES: dict[Tone, str] = {"bad": "bad", "doubtful": "none", "same": "none", "good": "calm"}


def render(comparison: Comparison, view: View) -> str:
    """The page; it has no script, and its policy allows none."""
    shown = present_comparison(comparison, view)
    shares = [side.share.high for one in shown.changes for side in (one.before, one.after) if side.share]
    cards = [_card(change, max(shares, default=0.0)) for change in shown.changes]
    how = el("section", el("h2", "How this was compared"), el("p", HOW_COMPARED)) if cards else None
    foot = el("footer", el("span", f"asyncspy {__version__}"))
    return document(
        f"asyncspy: {shown.verdict}", [el("main", _head(shown), cards, section(shown.waiting, "tasks"), how), foot]
    )


def _head(shown: PresentedComparison) -> Html:
    recordings = [
        el("ul", el("li", el("b", label)), [el("li", fact) for fact in facts], class_="chips")
        for label, facts in (("before", shown.before), ("after", shown.after))
    ]
    return el(
        "header",
        el("h1", shown.verdict),
        recordings,
        notes(shown.warnings),
        class_=f"verdict {VERDICT_TONES[shown.tone]}",
        id="top",
    )


def _card(change: PresentedChange, scale: float) -> Html:
    tone = CARD_TONES[change.words.tone]
    where = el("span", str(change.place), class_="place")
    what = el("span", f"{change.function} ▸ {change.call}", class_="name")
    title = el("summary", el("h2", where, what), el("span", change.words.title, class_=f"badge {tone}"))
    rows = [
        [el("dt", label), el("dd", side.text, interval_bar(side.share, scale, tone))]
        for label, side in (("before", change.before), ("after", change.after))
    ]
    rows += [[el("dt", label), el("dd", text)] for label, text in change.notes]
    return el("details", title, el("div", el("dl", rows), class_="inner"), class_=f"finding {tone}", open=True)
