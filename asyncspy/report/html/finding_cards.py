"""Findings to an overview and to cards: where, how sure, the source, the remedies, and the way there as a tree."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from textwrap import dedent

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding, Remedy
from asyncspy.model.stacks import ChainFrame, Frame
from asyncspy.report.html.bars import bar, interval
from asyncspy.report.html.tags import Html, el, join
from asyncspy.report.present import cost_words, finding_words, fleet_words
from asyncspy.report.present.figures import percent, plural, rough_percent
from asyncspy.report.present.path import LABELS, is_culprit
from asyncspy.report.present.place_names import has_line, relative
from asyncspy.report.view import View

BADGES = {
    "async-unsafe": ("async-unsafe", "bad"),
    "deadlock": ("deadlock", "bad"),
    "blocked-loop": ("blocks the loop", "warn"),
    "pool-saturated": ("full thread pool", "warn"),
    "sync-middleware": ("sync-only middleware", "cost"),
    "hop-cost": ("costly hops", "cost"),
}
"""What each kind is called on its card, and how it looks."""

MOST = 200
"""Findings that get a card; the rest is counted."""

ENTRIES = 8
NAMED = 2
"""How many packages of a fold are named."""

FOLD = 2
"""So many frames of others in a row are folded."""


def overview(analysis: Analysis, view: View) -> Html | None:
    """One line for each finding, to jump from."""
    if len(analysis.findings) <= 1:
        return None
    scale = max((f.share.high for f in analysis.findings if f.share), default=0.0)
    rows = [_row(number, finding, scale, view) for number, finding in enumerate(analysis.findings[:MOST], 1)]
    return el("ol", rows, class_="overview", aria_label="Findings")


def _row(number: int, finding: Finding, scale: float, view: View) -> Html:
    _, tone = BADGES[finding.kind]
    share = finding.share
    return el(
        "li",
        el(
            "a",
            el("span", str(number), class_=f"number {tone}"),
            el("span", _place(finding.culprit.frame, view), class_="place"),
            el("span", finding.culprit.frame.function, class_="name"),
            el("span", percent(share.share) if share else "", class_="figure"),
            interval(share, scale, tone) if share else el("span"),
            href=f"#f{number}",
        ),
    )


def cards(analysis: Analysis, view: View) -> Html:
    """A card for each finding."""
    shown = analysis.findings[:MOST]
    scale = max((f.share.high for f in shown if f.share), default=0.0)
    made = [_card(number, finding, analysis, scale, view) for number, finding in enumerate(shown, 1)]
    rest = len(analysis.findings) - len(shown)
    return join([*made, el("p", f"and {plural(rest, 'more finding')}") if rest else None])


def _card(number: int, finding: Finding, analysis: Analysis, scale: float, view: View) -> Html:
    badge, tone = BADGES[finding.kind]
    frame = finding.culprit.frame
    title = el(
        "summary",
        el("span", str(number), class_=f"number {tone}"),
        el("h2", el("span", _place(frame, view), class_="place"), el("span", frame.function, class_="name")),
        el("span", badge, class_=f"badge {tone}"),
    )
    inner = [
        _strength(finding, analysis, scale, tone, view),
        _risks(finding, analysis),
        _source(finding, view),
        _remedies(finding, analysis),
        _facts(finding, view),
        _way(finding, view),
    ]
    return el("details", title, el("div", inner, class_="inner"), class_=f"finding {tone}", id=f"f{number}", open=True)


def _place(frame: Frame | ChainFrame, view: View) -> str:
    name = relative(frame.file, view.root) or "file not recorded"
    return f"{name}:{frame.line}" if has_line(frame) else name


def _strength(finding: Finding, analysis: Analysis, scale: float, tone: str, view: View) -> Html:
    """How much there is of it, with its bounds drawn."""
    unsafe, dash = finding.kind == "async-unsafe", view.glyphs.dash
    said = (
        finding_words.strength(finding, analysis.samples, dash)
        if unsafe
        else cost_words.strength(finding, analysis, dash)
    )
    drawn = interval(finding.share, scale, tone) if finding.share else None
    seen = finding_words.evidence(finding) if unsafe else cost_words.evidence(finding, view)
    return el("div", el("p", " · ".join(said), class_="strength"), drawn, el("p", seen, class_="dim"), class_="measure")


def _risks(finding: Finding, analysis: Analysis) -> list[Html]:
    said = [finding_words.ALLOWED] if finding.allowed else []
    risk = cost_words.risk(finding, analysis)
    return [el("p", el("b", "Risk "), sentence, class_="warning") for sentence in [*said, *([risk] if risk else [])]]


def _source(finding: Finding, view: View) -> Html | None:
    """The line to change, lit, between its neighbours."""
    frame = finding.culprit.frame
    found = view.source(frame.file, frame.line) if view.source is not None and has_line(frame) else []
    if not any(number == frame.line for number, _ in found):
        return None
    texts = dedent("\n".join(line.expandtabs(4) for _, line in found)).split("\n")
    lines = [
        el("span", el("i", str(number)), line, class_="line hit" if number == frame.line else "line")
        for (number, _), line in zip(found, texts, strict=True)
    ]
    return el("pre", lines, class_="source", tabindex=0, aria_label="source")


def _remedies(finding: Finding, analysis: Analysis) -> Html:
    versions = {origin.target.django for origin in analysis.origins if origin.target is not None}
    django = versions.pop() if len(versions) == 1 else None
    made = [_remedy(remedy, django) for remedy in finding.remedies]
    return el("div", el("h3", "Fix"), made or el("p", "None is known for this call."), class_="fix")


def _remedy(remedy: Remedy, django: str | None) -> Html:
    code = el("pre", el("code", remedy.code), class_="code", tabindex=0) if remedy.code else None
    said = (remedy.note or "" if code else remedy.text) or ""
    since = el("span", finding_words.since(remedy.since, django), class_="since") if remedy.since else None
    return el("div", code, el("p", said, " " if said else "", since) if said or since else None, class_="remedy")


def _facts(finding: Finding, view: View) -> Html | None:
    """Whose it is, the ways in, what a fix brings, what each process has of it."""
    rows = [("Owner", said) for said in finding_words.owner(finding.culprit)]
    gain = cost_words.gain(finding)
    rows += [("Gain", gain)] if gain else []
    rows += _fleet(finding, view)
    if finding.logged and finding.logged.first:
        rows.append(("In logs", f"from {finding.logged.first} to {finding.logged.last}"))
    listed = [join([el("dt", label), el("dd", said)]) for label, said in rows]
    entries = _entries(finding, view)
    entered = join([el("dt", "Comes in by"), el("dd", entries)]) if entries else None
    return el("dl", entered, listed) if listed or entered else None


def _fleet(finding: Finding, view: View) -> list[tuple[str, str]]:
    spread = fleet_words.spread(finding)
    if spread is None:
        return [("By pid", said) for said in finding_words.workers(finding, view.glyphs.dash)[:ENTRIES]]
    listed = [(label.capitalize(), said) for label, parts in fleet_words.where(finding, view) for said in parts]
    return [("Seen", spread), *listed]


def _entries(finding: Finding, view: View) -> list[Html]:
    whole = sum(entry.weight for entry in finding.entries)
    shown = finding.entries if view.show_all else finding.entries[:ENTRIES]
    made = [
        el(
            "div",
            bar(entry.weight / whole if whole else 0),
            el("span", rough_percent(entry.weight, whole), class_="figure"),
            el("span", f"{entry.kind} ", el("b", entry.frame.function), " ", el("span", _place(entry.frame, view),
               class_="place"), class_="what"),
            class_="entry",
        )
        for entry in shown
    ]  # fmt: skip
    rest = len(finding.entries) - len(shown)
    return [*made, el("div", f"and {plural(rest, 'more way')}", class_="dim")] if rest else made


def _way(finding: Finding, view: View) -> Html | None:
    """The chain as a tree: each frame inside the one that called it, runs of others' frames folded."""
    if not finding.chain or finding.kind == "pool-saturated":
        return None
    entries = {entry.frame[:2] for entry in finding.entries}
    last = len(finding.chain) - 1

    def plumbing(numbered: tuple[int, ChainFrame]) -> bool:
        index, link = numbered
        return link.package is not None and index not in {0, last} and link[:2] not in entries

    groups = [(fold, [link for _, link in run]) for fold, run in groupby(enumerate(finding.chain), plumbing)]
    inside: Html | None = None
    for fold, links in reversed(groups):
        if fold and len(links) >= FOLD:
            inside = el("ul", el("li", _fold(links, view), inside))
        else:
            for link in reversed(links):
                inside = el("ul", el("li", _step(link, finding, view), inside))
    depth = el("span", plural(len(finding.chain), "frame"), class_="dim")
    return el(
        "details", el("summary", "The way there ", depth), el("div", inside, class_="tree"), class_="way", open=True
    )


def _fold(links: Sequence[ChainFrame], view: View) -> Html:
    packages = [LABELS.get(package) or package for package in dict.fromkeys(link.package for link in links) if package]
    rows = [el("li", _frame(link, view)) for link in links]
    of = " and ".join([*packages[:NAMED], *(["others"] if packages[NAMED:] else [])])
    name = f"{plural(len(links), 'frame')} of {of}"
    return el("details", el("summary", name), el("ol", rows), class_="fold")


def _step(link: ChainFrame, finding: Finding, view: View) -> Html:
    here = is_culprit(link, finding)
    mark = el("span", "the line to change", class_="badge") if here else None
    return el("div", _frame(link, view), mark, class_="step culprit" if here else "step")


def _frame(link: ChainFrame, view: View) -> Html:
    repeats = f" {view.glyphs.times}{link.repeats}" if link.repeats > 1 else ""
    name = el("span", link.function + repeats, class_="name")
    return join([name, " ", el("span", _place(link, view), class_="place")])
