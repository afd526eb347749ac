"""A comparison to one HTML file that opens anywhere, offline: the verdict, then each finding before and after."""

from __future__ import annotations

from asyncspy import __version__
from asyncspy.model.analysis import Analysis
from asyncspy.model.comparisons import ChangeKind, ComparedFinding, Comparison, FindingChange
from asyncspy.report.html.bars import interval
from asyncspy.report.html.page import document
from asyncspy.report.html.tags import Html, el
from asyncspy.report.present import comparison_words
from asyncspy.report.present.place_names import has_line, relative
from asyncspy.report.view import View

TONES: dict[ChangeKind, str] = {
    "new": "bad",
    "more": "bad",
    "not-seen-before": "warn",
    "same": "cost",
    "less": "good",
    "not-seen-yet": "warn",
    "gone": "good",
}


def render(comparison: Comparison, view: View) -> str:
    """The page; it has no script, and its policy allows none."""
    shares = [s.share.high for d in comparison.differences for s in (d.before, d.after) if s is not None and s.share]
    cards = [
        _card(difference, comparison.after, max(shares, default=0.0), view) for difference in comparison.differences
    ]
    how = el("section", el("h2", "How this was compared"), el("p", comparison_words.HOW)) if cards else None
    main = el("main", _head(comparison), cards, how)
    foot = el("footer", el("span", f"asyncspy {__version__}"))
    return document(f"asyncspy: {comparison_words.verdict(comparison)}", [main, foot])


def _head(comparison: Comparison) -> Html:
    changes = {difference.change for difference in comparison.differences}
    tone = (
        "bad"
        if changes & comparison_words.BAD
        else "calm"
        if changes & comparison_words.GOOD or not changes
        else "none"
    )
    return el(
        "header",
        el("h1", comparison_words.verdict(comparison)),
        [_recorded(label, one) for label, one in (("before", comparison.before), ("after", comparison.after))],
        [el("p", el("b", "Note "), warning, class_="warning") for warning in comparison_words.warnings(comparison)],
        class_=f"verdict {tone}",
        id="top",
    )


def _recorded(label: str, analysis: Analysis) -> Html:
    return el(
        "ul", el("li", el("b", label)), [el("li", fact) for fact in comparison_words.recorded(analysis)], class_="chips"
    )


def _card(difference: FindingChange, after: Analysis, scale: float, view: View) -> Html:
    tone = TONES[difference.change]
    frame = difference.finding.culprit.frame
    name = relative(frame.file, view.root) or "file not recorded"
    place = f"{name}:{frame.line}" if has_line(frame) else name
    title = el(
        "summary",
        el(
            "h2",
            el("span", place, class_="place"),
            el("span", f"{frame.function} ▸ {difference.finding.call}", class_="name"),
        ),
        el("span", comparison_words.TITLES[difference.change], class_=f"badge {tone}"),
    )
    dash = view.glyphs.dash
    rows = [
        el("dt", "before"),
        el(
            "dd",
            comparison_words.side(difference.before, difference.work_before, dash),
            _drawn(difference.before, scale, tone),
        ),
        el("dt", "after"),
        el(
            "dd",
            comparison_words.side(difference.after, difference.work_after, dash),
            _drawn(difference.after, scale, tone),
        ),
    ]
    if difference.moved and difference.before is not None:
        rows += [el("dt", "moved"), el("dd", f"it was on line {difference.before.culprit.frame.line}")]
    for label, said in (
        ("chance", comparison_words.chance(difference)),
        ("so", comparison_words.conclusion(difference, after)),
    ):
        rows += [el("dt", label), el("dd", said)] if said else []
    return el("details", title, el("div", el("dl", rows), class_="inner"), class_=f"finding {tone}", open=True)


def _drawn(side: ComparedFinding | None, scale: float, tone: str) -> Html | None:
    return interval(side.share, scale, tone) if side is not None and side.share else None
