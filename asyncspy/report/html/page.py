"""An analysis to the whole page: the verdict, the findings, the flame graph, the figures, and its security policy."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from asyncspy import __version__
from asyncspy.model.analysis import Analysis
from asyncspy.report.html.finding_cards import cards, overview
from asyncspy.report.html.flame_picture import flames
from asyncspy.report.html.hang_cards import hangs
from asyncspy.report.html.tags import Html, Piece, el, join
from asyncspy.report.html.time_bars import time
from asyncspy.report.present import finding_words, sampling_words
from asyncspy.report.present.next_step import next_steps
from asyncspy.report.terminal import hang_page
from asyncspy.report.view import View

_HERE = files("asyncspy.report.html")
STYLE = Html(_HERE.joinpath("style.css").read_text("utf-8"))
SCRIPT = Html(_HERE.joinpath("script.js").read_text("utf-8"))


def render(analysis: Analysis, view: View) -> str:
    """The page. All that it holds is on it: it asks for nothing, and its policy lets it ask for nothing."""
    if analysis.hangs and not analysis.samples.loop:
        main: list[Piece] = [_head(analysis, view), el("div", hangs(analysis, view), id="findings"), _inputs(analysis)]
    else:
        main = _sections(analysis, view)
    body = [_toolbar(analysis), el("main", main), _foot()]
    return document(f"asyncspy: {verdict(analysis, view)}", body, scripted=True)


def document(title: str, body: list[Html], *, scripted: bool = False) -> str:
    """A whole page; what it may do is said before anything else."""
    script = el("script", SCRIPT) if scripted else None
    page = el("html", el("head", _meta(title, scripted=scripted)), el("body", body, script), lang="en")
    return f"<!doctype html>\n{page}\n"


def verdict(analysis: Analysis, view: View) -> str:
    """The answer; of dumps, that on the process that is worst off."""
    if analysis.hangs and not analysis.samples.loop:
        return hang_page.headline(analysis.hangs[0], view)
    return finding_words.verdict(analysis)


def _sections(analysis: Analysis, view: View) -> list[Piece]:
    """All that a recording tells, the answer first."""
    return [
        _head(analysis, view),
        el("div", hangs(analysis, view)) if analysis.hangs else None,
        overview(analysis, view),
        el("div", cards(analysis, view), id="findings"),
        flames(analysis, view),
        time(analysis, view),
        _reach(analysis),
        _inputs(analysis),
        _next(analysis, view),
    ]


def _meta(title: str, *, scripted: bool) -> Html:
    """The policy comes first: it holds for what follows it."""
    policy = [
        "default-src 'none'",
        f"style-src '{_hash(STYLE)}'",
        *([f"script-src '{_hash(SCRIPT)}'"] if scripted else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return join(
        [
            el("meta", charset="utf-8"),
            el("meta", http_equiv="Content-Security-Policy", content="; ".join(policy)),
            el("meta", name="viewport", content="width=device-width, initial-scale=1"),
            el("meta", name="color-scheme", content="light dark"),
            el("meta", name="referrer", content="no-referrer"),
            el("title", title),
            el("style", STYLE),
        ]
    )


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


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


def _head(analysis: Analysis, view: View) -> Html:
    """The verdict in one sentence, what was recorded, of whom, and what makes it doubtful."""
    bad = analysis.findings or any(each.verdict in hang_page.ALARMING for each in analysis.hangs)
    tone = "bad" if bad else "none" if analysis.verdict == "no-data" else "calm"
    facts = [el("li", fact) for fact in sampling_words.recording(analysis.origins, analysis.samples)]
    return el(
        "header",
        el("h1", _unbroken(verdict(analysis, view))),
        el("ul", facts, class_="chips"),
        [el("p", parts, class_="target") for parts in _targets(analysis)],
        [el("p", el("b", "Note "), warning, class_="warning") for warning in sampling_words.warnings(analysis.origins)],
        class_=f"verdict {tone}",
        id="top",
    )


def _unbroken(verdict: str) -> Html:
    """The verdict, with no line ending inside a word of two."""
    return join([join([el("span", word) if "-" in word else word, " "]) for word in verdict.split(" ")])


def _targets(analysis: Analysis) -> list[list[Html]]:
    """The watched processes, those that run the same together."""
    shown: dict[tuple[str, ...], list[str]] = {}
    for target in (origin.target for origin in analysis.origins if origin.target):
        shown.setdefault(tuple(sampling_words.runs(target)), []).append(finding_words.process(target.pid))
    return [
        [
            el("span", f"pid{'s' if len(set(pids)) > 1 else ''} {', '.join(dict.fromkeys(pids))}"),
            *(el("span", part) for part in runs),
        ]
        for runs, pids in shown.items()
    ]


def _reach(analysis: Analysis) -> Html:
    """What was not seen: of a recording without findings this is the answer itself."""
    if analysis.verdict == "no-data":
        title, said = "Why", list(sampling_words.no_data(analysis.samples))
    elif analysis.verdict == "none-seen":
        title, said = (
            sampling_words.no_clean_bill(analysis),
            [*sampling_words.none_seen(analysis.samples), *sampling_words.unseen(analysis)],
        )
    else:
        title, said = sampling_words.UNSEEN, sampling_words.unseen(analysis)
    return el("section", el("h2", title), [el("p", sentence) for sentence in said], id="reach")


def _inputs(analysis: Analysis) -> Html | None:
    """What was read, and what of it could not be used."""
    if not analysis.inputs:
        return None
    rows = [
        el(
            "li",
            el("code", read.path),
            f" {read.format}, {read.stacks:,} stacks"
            + (f", {read.dropped:,} could not be used" if read.dropped else ""),
            [el("p", note, class_="dim") for note in read.notes],
        )
        for read in analysis.inputs
    ]
    return el("section", el("h2", "What was read"), el("ul", rows, class_="plain"), id="inputs")


def _next(analysis: Analysis, view: View) -> Html | None:
    steps = next_steps(analysis, view)
    rows = [el("li", el("code", step.command), el("span", step.purpose, class_="dim")) for step in steps]
    return el("section", el("h2", "Next"), el("ul", rows, class_="steps"), id="next") if rows else None


def _foot() -> Html:
    keys = [("/", "search"), ("Esc", "whole graph"), ("↑ ↓ ← →", "walk the graph"), ("Enter", "zoom in")]
    shown = [join([el("kbd", key), f" {does}  "]) for key, does in keys]
    return el("footer", el("span", f"asyncspy {__version__}"), el("span", shown, class_="keys"))
