"""Lay out a report as a whole page: the verdict, the findings, the flame graph, the figures, the security policy."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from asyncspy import __version__
from asyncspy.model.analysis import Analysis
from asyncspy.report.html.charts import lateness_chart, time_section
from asyncspy.report.html.finding_cards import MAX_CARDS, cards, overview
from asyncspy.report.html.flame_picture import flame_sections
from asyncspy.report.html.hang_cards import hang_card
from asyncspy.report.html.tags import Content, Html, el, join
from asyncspy.report.present.presented_report import (
    PresentedInput,
    PresentedReport,
    PresentedTarget,
    present_findings,
    present_report,
)
from asyncspy.report.present.recording_summary import Section
from asyncspy.report.view import View

_HERE = files("asyncspy.report.html")
STYLE = Html(_HERE.joinpath("style.css").read_text("utf-8"))
SCRIPT = Html(_HERE.joinpath("script.js").read_text("utf-8"))


def render(analysis: Analysis, view: View) -> str:
    """The page. It is complete: it loads nothing, and its policy lets it load nothing."""
    report = present_report(analysis, view)
    findings = list(present_findings(report, analysis, view, limit=MAX_CARDS))
    hangs = [hang_card(hang, view) for hang in report.hangs]
    main: list[Content] = [
        _head(report, analysis),
        el("div", hangs) if hangs else None,
        overview(findings),
        el("div", cards(findings, len(report.findings), view), id="findings") if findings else None,
    ]
    if not report.only_dumps:
        main += [
            section(report.middleware, "middleware"),
            flame_sections(analysis, view),
            time_section(analysis, view),
            lateness_chart(report.lateness, analysis, view),
            section(report.waiting, "tasks"),
            section(report.limits, "reach"),
        ]
    main += [_inputs(report), _next(report)]
    body = [_toolbar(analysis), el("main", main), _foot()]
    return document(f"asyncspy: {report.verdict}", body, scripted=True)


def section(shown: Section, anchor: str) -> Html | None:
    """A title with its sentences; nothing where there are none."""
    sentences = [el("p", one) for one in shown.sentences]
    return el("section", el("h2", shown.title), sentences, id=anchor) if sentences else None


def document(title: str, body: list[Html], *, scripted: bool = False) -> str:
    """A whole page; its policy comes first, since it holds for what follows it."""
    policy = [
        "default-src 'none'",
        f"style-src '{_hash(STYLE)}'",
        *([f"script-src '{_hash(SCRIPT)}'"] if scripted else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content="; ".join(policy)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", title),
        el("style", STYLE),
    )
    script = el("script", SCRIPT) if scripted else None
    return f"<!doctype html>\n{el('html', head, el('body', body, script), lang='en')}\n"


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def notes(warnings: tuple[str, ...]) -> list[Html]:
    """What makes a page's figures doubtful."""
    return [el("p", el("b", "Note "), warning, class_="warning") for warning in warnings]


def _toolbar(analysis: Analysis) -> Html:
    """What only a script can do; hidden without one."""
    fold = el("button", "Fold all", id="fold", type="button", aria_pressed="false") if analysis.findings else None
    search = el(
        "input", id="search", type="search", placeholder="Search functions and files  ( / )", aria_label="Search",
        autocomplete="off", spellcheck="false",
    )  # fmt: skip
    theme = el("button", "Dark", id="theme", type="button", aria_label="Switch between light and dark")
    brand = el("a", "async", el("b", "spy"), class_="brand", href="#top")
    return el("nav", brand, el("span", search, class_="grow"), el("output", id="hits", for_="search"), fold, theme)


def _head(report: PresentedReport, analysis: Analysis) -> Html:
    tone = "bad" if report.alarming else "none" if analysis.verdict == "no-data" else "calm"
    # Words with a hyphen are kept whole: no line of the verdict ends inside of "async-unsafe".
    words = [[el("span", word) if "-" in word else word, " "] for word in report.verdict.split(" ")]
    return el(
        "header",
        el("h1", words),
        el("ul", [el("li", fact) for fact in report.facts], class_="chips"),
        [_target(target) for target in report.targets],
        notes(report.warnings),
        class_=f"verdict {tone}",
        id="top",
    )


def _target(target: PresentedTarget) -> Html:
    pids = f"pid{'s' if len(target.pids) > 1 else ''} {', '.join(target.pids)}"
    return el("p", [el("span", part) for part in (pids, *target.runs)], class_="target")


def _inputs(report: PresentedReport) -> Html | None:
    rows = [_input(read) for read in report.inputs]
    listed = el("ul", rows, class_="plain")
    return el("section", el("h2", "What was read"), listed, id="inputs") if rows else None


def _input(read: PresentedInput) -> Html:
    remarks = [el("p", note, class_="dim") for note in read.notes]
    return el("li", el("code", read.path), f" {read.summary}", remarks)


def _next(report: PresentedReport) -> Html | None:
    rows = [el("li", el("code", one.command), el("span", one.purpose, class_="dim")) for one in report.next_steps]
    return el("section", el("h2", "Next"), el("ul", rows, class_="steps"), id="next") if rows else None


def _foot() -> Html:
    keys = [("/", "search"), ("Esc", "whole graph"), ("↑ ↓ ← →", "walk the graph"), ("Enter", "zoom in")]
    shown = [join([el("kbd", key), f" {does}  "]) for key, does in keys]
    return el("footer", el("span", f"asyncspy {__version__}"), el("span", shown, class_="keys"))
