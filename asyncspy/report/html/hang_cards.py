"""Lay out dumped processes as cards: whether each hangs, why, who waits for whom, what to do."""

from __future__ import annotations

from asyncspy.report.html.finding_cards import code_block
from asyncspy.report.html.tags import Html, el
from asyncspy.report.present.places import place_of
from asyncspy.report.present.presented_hang import PresentedHang, PresentedWait
from asyncspy.report.view import View


def hang_card(hang: PresentedHang, view: View) -> Html:
    """A card for one process."""
    tone = "bad" if hang.alarming else "cost"
    summary = el("summary", el("h2", hang.headline), el("span", hang.hang.verdict, class_=f"badge {tone}"))
    inner = [
        el("p", " · ".join(hang.facts), class_="dim"),
        el("ul", [el("li", ground) for ground in hang.grounds], class_="grounds"),
        _waits(hang, view),
        _actions(hang),
    ]
    return el("details", summary, el("div", inner, class_="inner"), class_=f"finding hang {tone}", open=True)


def _waits(hang: PresentedHang, view: View) -> Html | None:
    if not hang.waits:
        return None
    rows = [el("li", _wait(wait, view)) for wait in hang.waits]
    return el("div", el("h3", "Who waits for whom"), el("ul", rows, class_="waits"))


def _wait(wait: PresentedWait, view: View) -> list[Html]:
    steps = [
        el(
            "li",
            el(
                "div",
                el("span", link.function, class_="name"),
                " ",
                el("span", str(place_of(link, view)), class_="place"),
                class_="step culprit" if wait.is_at(link) else "step",
            ),
        )
        for link in wait.threads.frames
        if link.package is None
    ]
    who = el("div", el("b", wait.who), f" {wait.waits}")
    return [who, el("ol", steps)] if steps else [who]


def _actions(hang: PresentedHang) -> Html | None:
    now = [el("div", code_block(one.command), el("p", one.purpose), class_="remedy") for one in hang.hang.now]
    later = [el("div", code_block(one.code), el("p", one.text), class_="remedy") for one in hang.later]
    if not now and not later:
        return None
    titled = [el("h3", "Now") if now else None, now, el("h3", "Later") if later else None, later]
    return el("div", titled, class_="fix")
