"""The figures of an analysis to bars: where the threads were by role, what the loop did, who asks for hops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import CodeShare, HopCosts, LoopTime, SampleCounts
from asyncspy.report.html.bars import bar, stacked
from asyncspy.report.html.tags import Html, el
from asyncspy.report.present import cost_words
from asyncspy.report.present.figures import plural, rough_percent
from asyncspy.report.present.place_names import has_line, relative
from asyncspy.report.view import View

LISTED = 8


def time(analysis: Analysis, view: View) -> Html | None:
    """The section; nothing where nothing was sampled."""
    if not analysis.samples.total:
        return None
    parts = [_threads(analysis.samples)]
    if analysis.wall is not None and analysis.wall.loop:
        parts.append(_wall(analysis.wall))
    if analysis.hops is not None and analysis.hops.samples:
        parts += _hops(analysis.hops, view)
    return el("section", el("h2", "Where the time goes"), parts, id="time")


def _threads(samples: SampleCounts) -> Html:
    """All samples by what their thread was there for."""
    roles = [
        ("loop", "event loop", samples.loop),
        ("pool", "thread pools", samples.pool),
        ("sync", "synchronous code", samples.sync),
        ("idle", "waiting for work", samples.idle),
        ("rest", "start-up, not Python", samples.other),
    ]
    return _parts("Threads by role", plural(samples.total, "sample"), roles)


def _wall(wall: LoopTime) -> Html:
    does = [
        ("waiting", "in waits that block it", wall.waiting),
        ("loop", "at work", wall.busy),
        ("idle", "free", wall.idle),
    ]
    return _parts("The loop's time", plural(wall.loop, "look"), does)


def _parts(title: str, whole: str, parts: Sequence[tuple[str, str, int]]) -> Html:
    """Parts of a whole, as one bar and in words."""
    total = sum(number for *_, number in parts)
    shown = [(tone, name, number) for tone, name, number in parts if number]
    legend = [
        el("li", el("i", class_=f"swatch {tone}"), f"{name} ", el("b", rough_percent(number, total)))
        for tone, name, number in shown
    ]
    drawn = stacked([(tone, number / total) for tone, _, number in shown])
    return el("div", el("h3", title, " ", el("span", whole, class_="dim")), drawn, el("ul", legend, class_="legend"))


def _hops(hops: HopCosts, view: View) -> list[Html]:
    """What crossing costs, who asks for it, and what it is for."""
    callers: Counter[str] = Counter()
    for portion in hops.callers:
        callers[cost_words.caller(portion, view)] += portion.weight
    work: Counter[str] = Counter()
    for portion in hops.work:
        work[_named(portion, view)] += portion.weight
    said = [el("p", sentence) for sentence in cost_words.hops(hops, view)[:1]]
    asks = el("div", el("h3", "Hops by caller"), said, _ranked(callers))
    return [asks, el("div", el("h3", "What ran in the threads"), _ranked(work))] if work else [asks]


def _named(portion: CodeShare, view: View) -> str:
    if portion.frame is None:
        return "start and end of the thread"
    place = relative(portion.frame.file, view.root)
    line = f":{portion.frame.line}" if has_line(portion.frame) else ""
    return f"{portion.frame.function} ({place}{line})" if place else portion.frame.function


def _ranked(counted: Counter[str]) -> Html:
    """The strongest, each with its bar."""
    whole = counted.total()
    top = counted.most_common(LISTED)
    rest = whole - sum(number for _, number in top)
    rows = [*top, ("others", rest)] if rest else top
    return el(
        "ul",
        [
            el("li", bar(number / whole), el("span", rough_percent(number, whole), class_="figure"),
               el("span", name, class_="what"), class_="entry")
            for name, number in rows
        ],
        class_="plain",
    )  # fmt: skip
