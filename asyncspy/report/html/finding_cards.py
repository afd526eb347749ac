"""Lay out findings as an overview and as cards: where, how sure, the source, the remedies, the way there as a tree."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from asyncspy.model.findings import Finding
from asyncspy.model.stacks import ChainFrame, Frame
from asyncspy.report.html.charts import interval_bar, share_row
from asyncspy.report.html.tags import Content, Html, el, join
from asyncspy.report.present.figures import percent, plural
from asyncspy.report.present.finding_kinds import Severity
from asyncspy.report.present.path_steps import is_culprit, is_package_call
from asyncspy.report.present.places import excerpt, folded_frames, place_of
from asyncspy.report.present.presented_finding import NO_REMEDY, PresentedFinding, PresentedRemedy
from asyncspy.report.view import View

TONES: dict[Severity, str] = {"error": "bad", "warning": "warn", "note": "cost"}

MAX_CARDS = 200
"""Findings that get a card; the rest is counted."""

MAX_ENTRIES = 8
MAX_PROCESSES = 8

SHORTEST_FOLD = 2
"""So many frames of packages in a row are folded."""


def overview(findings: Sequence[PresentedFinding]) -> Html | None:
    """One line for each finding, to jump from."""
    if len(findings) <= 1:
        return None
    scale = _scale(findings)
    return el("ol", [_row(finding, scale) for finding in findings], class_="overview", aria_label="Findings")


def _scale(findings: Sequence[PresentedFinding]) -> float:
    return max((one.finding.share.high for one in findings if one.finding.share), default=0.0)


def _row(finding: PresentedFinding, scale: float) -> Html:
    tone, share = TONES[finding.kind.severity], finding.finding.share
    return el(
        "li",
        el(
            "a",
            el("span", str(finding.number), class_=f"number {tone}"),
            el("span", str(finding.place), class_="place"),
            el("span", finding.function, class_="name"),
            el("span", percent(share.share) if share else "", class_="figure"),
            interval_bar(share, scale, tone) or el("span"),
            href=f"#f{finding.number}",
        ),
    )


def cards(findings: Sequence[PresentedFinding], total: int, view: View) -> Html:
    """A card for each finding, and how many more there are."""
    scale = _scale(findings)
    made = [_card(finding, scale, view) for finding in findings]
    rest = total - len(findings)
    return join([*made, el("p", f"and {plural(rest, 'more finding')}") if rest else None])


def _card(finding: PresentedFinding, scale: float, view: View) -> Html:
    tone = TONES[finding.kind.severity]
    title = el(
        "summary",
        el("span", str(finding.number), class_=f"number {tone}"),
        el(
            "h2",
            el("span", str(finding.place), class_="place"),
            el("span", finding.function, class_="name"),
        ),
        el("span", finding.kind.badge, class_=f"badge {tone}"),
    )
    measure = [
        el("p", " · ".join(finding.strength), class_="strength"),
        interval_bar(finding.finding.share, scale, tone),
        el("p", finding.evidence, class_="dim"),
    ]
    inner = [
        el("div", measure, class_="measure"),
        [el("p", el("b", "Risk "), risk, class_="warning") for risk in finding.risks],
        _source(finding.finding.culprit.frame, view),
        el("div", el("h3", "Fix"), [_remedy(one) for one in finding.remedies] or el("p", NO_REMEDY), class_="fix"),
        _facts(finding, view),
        _way(finding.finding, view) if finding.path else None,
    ]
    body = el("div", inner, class_="inner")
    return el("details", title, body, class_=f"finding {tone}", id=f"f{finding.number}", open=True)


def _source(frame: Frame, view: View) -> Html | None:
    lines = [
        el("span", el("i", str(line.number)), line.text, class_="line hit" if line.to_change else "line")
        for line in excerpt(frame, view)
    ]
    return el("pre", lines, class_="source", tabindex=0, aria_label="source") if lines else None


def code_block(code: str) -> Html | None:
    """Code to type; nothing where there is none."""
    return el("pre", el("code", code), class_="code", tabindex=0) if code else None


def _remedy(remedy: PresentedRemedy) -> Html:
    text = remedy.beside_code
    since = el("span", remedy.since, class_="since") if remedy.since else None
    beside = el("p", text, " " if text else "", since) if text or since else None
    return el("div", code_block(remedy.code), beside, class_="remedy")


def _facts(finding: PresentedFinding, view: View) -> Html | None:
    rows: list[tuple[str, Content]] = []
    if entries := _entries(finding, view):
        rows.append(("Comes in by", entries))
    rows += [("Owner", sentence) for sentence in finding.owner]
    rows += [("Gain", finding.gain)] if finding.gain else []
    rows += [("Seen", finding.spread)] if finding.spread else []
    for label, parts in finding.groups:
        rows += [(label.capitalize(), part) for part in (parts if finding.spread else parts[:MAX_PROCESSES])]
    logged = finding.finding.logged
    rows += [("In logs", f"from {logged.first} to {logged.last}")] if logged and logged.first else []
    return el("dl", [[el("dt", label), el("dd", content)] for label, content in rows]) if rows else None


def _entries(finding: PresentedFinding, view: View) -> list[Html]:
    whole = sum(entry.weight for entry in finding.entries)
    shown = finding.entries if view.show_all else finding.entries[:MAX_ENTRIES]
    rows = [
        share_row(
            "div",
            entry.weight / whole if whole else 0,
            entry.share,
            f"{entry.kind} ",
            el("b", entry.function),
            " ",
            el("span", str(entry.place), class_="place"),
        )
        for entry in shown
    ]
    rest = len(finding.entries) - len(shown)
    return [*rows, el("div", f"and {plural(rest, 'more way')}", class_="dim")] if rest else rows


def _way(finding: Finding, view: View) -> Html | None:
    """The chain as a tree: each frame inside the one that called it, runs of packages' frames folded."""
    if not finding.chain:
        return None
    entries = {entry.frame[:2] for entry in finding.entries}
    last = len(finding.chain) - 1

    def folds(numbered: tuple[int, ChainFrame]) -> bool:
        index, link = numbered
        kept = index in {0, last} or link[:2] in entries or is_package_call(link, finding)
        return link.package is not None and not kept

    groups = [(fold, [link for _, link in run]) for fold, run in groupby(enumerate(finding.chain), folds)]
    inside: Html | None = None
    for fold, links in reversed(groups):
        if fold and len(links) >= SHORTEST_FOLD:
            inside = el("ul", el("li", _fold(links, view), inside))
        else:
            for link in reversed(links):
                inside = el("ul", el("li", _step(link, finding, view), inside))
    summary = el("summary", "The way there ", el("span", plural(len(finding.chain), "frame"), class_="dim"))
    return el("details", summary, el("div", inside, class_="tree"), class_="way", open=True)


def _fold(links: Sequence[ChainFrame], view: View) -> Html:
    rows = [el("li", _frame(link, view)) for link in links]
    return el("details", el("summary", folded_frames(links, view)), el("ol", rows), class_="fold")


def _step(link: ChainFrame, finding: Finding, view: View) -> Html:
    here = is_culprit(link, finding)
    mark = el("span", "the line to change", class_="badge") if here else None
    return el("div", _frame(link, view), mark, class_="step culprit" if here else "step")


def _frame(link: ChainFrame, view: View) -> Html:
    repeats = f" {view.glyphs.times}{link.repeats}" if link.repeats > 1 else ""
    name = el("span", link.function + repeats, class_="name")
    return join([name, " ", el("span", str(place_of(link, view)), class_="place")])
