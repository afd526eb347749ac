"""Draw shares as bars, with attributes alone: the page's policy forbids styles on elements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import CodeShare, HopCosts, Interval, LoopTime, SampleCounts
from asyncspy.report.html.tags import Html, el
from asyncspy.report.present.figures import percent, plural, rough_percent
from asyncspy.report.present.lateness import delay, loop_name
from asyncspy.report.present.loop_time import hop_callers, hop_sentences
from asyncspy.report.present.places import has_line, relative
from asyncspy.report.present.recording_summary import Section
from asyncspy.report.view import View

MAX_ROWS = 8


def _width(share: float) -> str:
    """A share as an attribute: 12.34%."""
    return f"{min(max(share, 0.0), 1.0) * 100:.2f}%"


def _svg(*pieces: Html, wide: bool = False) -> Html:
    return el("svg", pieces, class_="bar wide" if wide else "bar", aria_hidden="true", focusable="false")


def bar(share: float) -> Html:
    """One bar."""
    ground = el("rect", class_="ground", width="100%", height="100%")
    return _svg(ground, el("rect", class_="part", width=_width(share), height="100%"))


def interval_bar(share: Interval | None, scale: float, tone: str) -> Html | None:
    """A share with its bounds, drawn so wide that `scale` fills the bar."""
    if share is None:
        return None
    at, low, high = (value / scale if scale else 0.0 for value in share)
    return _svg(
        el("rect", class_="ground", width="100%", height="100%"),
        el("rect", class_=f"part {tone}", width=_width(at), height="100%"),
        el("rect", class_="bounds", x=_width(low), width=_width(high - low), y="35%", height="30%"),
    )


def _stacked_bar(parts: Sequence[tuple[str, float]]) -> Html:
    pieces, at = list[Html](), 0.0
    for tone, share in parts:
        pieces.append(el("rect", class_=f"part {tone}", x=_width(at), width=_width(share), height="100%"))
        at += share
    return _svg(*pieces, wide=True)


def share_row(tag: str, share: float, figure: str, *what: Html | str) -> Html:
    """A share among others: its bar, its figure, and what it is of."""
    return el(tag, bar(share), el("span", figure, class_="figure"), el("span", *what, class_="what"), class_="entry")


def time_section(analysis: Analysis, view: View) -> Html | None:
    """Where the threads were by role, what the loop did, who asks for hops; nothing where nothing was sampled."""
    if not analysis.samples.total:
        return None
    parts = [_threads(analysis.samples)]
    if analysis.wall is not None and analysis.wall.loop:
        parts.append(_wall(analysis.wall))
    if analysis.hops is not None and analysis.hops.samples:
        parts += _hops(analysis.hops, view)
    return el("section", el("h2", "Where the time goes"), parts, id="time")


def lateness_chart(section: Section, analysis: Analysis, view: View) -> Html | None:
    """How late the loops were: in words, and for the latest of them how much of the time by how much."""
    if not section.sentences:
        return None
    loop = analysis.lateness[0]
    ends = [start for start, _ in loop.bands[1:]]
    names = [f"under {delay(ends[0])}", *map("{} to {}".format, map(delay, ends), map(delay, ends[1:]))]
    names.append(f"{delay(ends[-1])} or more")
    rows = [
        share_row("li", share, percent(share), f"of the time {name}")
        for (_, share), name in zip(loop.bands, names, strict=True)
        if share
    ]
    title = el("h3", loop_name(loop, analysis.lateness, view), " was late by")
    chart = el("div", title, el("ul", rows, class_="plain"))
    return el("section", el("h2", section.title), [el("p", one) for one in section.sentences], chart, id="lateness")


def _threads(samples: SampleCounts) -> Html:
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
    total = sum(number for *_, number in parts)
    shown = [(tone, name, number) for tone, name, number in parts if number]
    legend = [
        el("li", el("i", class_=f"swatch {tone}"), f"{name} ", el("b", rough_percent(number, total)))
        for tone, name, number in shown
    ]
    drawn = _stacked_bar([(tone, number / total) for tone, _, number in shown])
    return el("div", el("h3", title, " ", el("span", whole, class_="dim")), drawn, el("ul", legend, class_="legend"))


def _hops(hops: HopCosts, view: View) -> list[Html]:
    work: Counter[str] = Counter()
    for portion in hops.work:
        work[_named(portion, view)] += portion.weight
    cost = [el("p", sentence) for sentence in hop_sentences(hops, view)[:1]]
    asks = el("div", el("h3", "Hops by caller"), cost, _ranked(hop_callers(hops, view)))
    return [asks, el("div", el("h3", "What ran in the threads"), _ranked(work))] if work else [asks]


def _named(portion: CodeShare, view: View) -> str:
    if portion.frame is None:
        return "start and end of the thread"
    place = relative(portion.frame.file, view.root)
    line = f":{portion.frame.line}" if has_line(portion.frame) else ""
    return f"{portion.frame.function} ({place}{line})" if place else portion.frame.function


def _ranked(counted: Counter[str]) -> Html:
    whole = counted.total()
    top = counted.most_common(MAX_ROWS)
    rest = whole - sum(number for _, number in top)
    rows = [*top, ("others", rest)] if rest else top
    listed = [share_row("li", number / whole, rough_percent(number, whole), name) for name, number in rows]
    return el("ul", listed, class_="plain")
