"""Processes that were dumped to cards: whether each hangs, why, who waits for whom, what to do."""

from __future__ import annotations

from asyncspy.model.analysis import Analysis
from asyncspy.model.hangs import Hang, WaitingThreads
from asyncspy.model.stacks import ChainFrame, Frame
from asyncspy.report.html.tags import Html, el, join
from asyncspy.report.present.place_names import has_line, relative
from asyncspy.report.terminal import hang_page
from asyncspy.report.view import View


def hangs(analysis: Analysis, view: View) -> list[Html]:
    """A card for each process."""
    return [_card(each, view) for each in analysis.hangs]


def _card(each: Hang, view: View) -> Html:
    tone = "bad" if each.verdict in hang_page.ALARMING else "cost"
    summary = el(
        "summary",
        el("h2", hang_page.headline(each, view)),
        el("span", each.verdict, class_=f"badge {tone}"),
    )
    inner = [
        el("p", " · ".join(hang_page.facts(each, view)), class_="dim"),
        el("ul", [el("li", ground) for ground in hang_page.grounds(each)], class_="grounds"),
        _waits(each, view),
        _do(each),
    ]
    return el("details", summary, el("div", inner, class_="inner"), class_=f"finding hang {tone}", open=True)


def _waits(each: Hang, view: View) -> Html | None:
    """Each kind of waiting thread, what it waits for, and its own lines."""
    if not each.waits:
        return None
    rows = [el("li", _waiting(waiting, view)) for waiting in each.waits]
    return el("div", el("h3", "Who waits for whom"), el("ul", rows, class_="waits"))


def _waiting(waiting: WaitingThreads, view: View) -> Html:
    own = [link for link in waiting.frames if link.package is None]
    steps = [el("li", _frame(link, waiting.line.frame, view)) for link in own]
    who = join([el("b", hang_page.who(waiting)), f" {hang_page.does(waiting)}"])
    return join([el("div", who), el("ol", steps) if steps else None])


def _frame(link: ChainFrame, line: Frame, view: View) -> Html:
    name = relative(link.file, view.root) or "file not recorded"
    place = f"{name}:{link.line}" if has_line(link) else name
    here = (link.file, link.line) == (line.file, line.line)
    shown = [el("span", link.function, class_="name"), " ", el("span", place, class_="place")]
    return el("div", shown, class_="step culprit" if here else "step")


def _do(each: Hang) -> Html | None:
    """What to do now with this process, and later in the code."""
    now = [
        el(
            "div",
            el("pre", el("code", action.command), class_="code", tabindex=0),
            el("p", action.purpose),
            class_="remedy",
        )
        for action in each.now
    ]
    later = [
        el("div", el("pre", el("code", remedy.code), class_="code", tabindex=0) if remedy.code else None,
           el("p", remedy.text), class_="remedy")
        for remedy in each.later
    ]  # fmt: skip
    if not now and not later:
        return None
    titled = [el("h3", "Now") if now else None, now, el("h3", "Later") if later else None, later]
    return el("div", titled, class_="fix")
