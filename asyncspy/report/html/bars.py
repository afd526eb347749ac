"""Shares to bars, drawn with attributes alone: the page's policy forbids styles on elements."""

from __future__ import annotations

from collections.abc import Sequence

from asyncspy.model.findings import Interval
from asyncspy.report.html.tags import Html, el


def width(share: float) -> str:
    """A share as an attribute: 12.34%."""
    return f"{min(max(share, 0.0), 1.0) * 100:.2f}%"


def bar(share: float, tone: str = "") -> Html:
    """One bar."""
    return _svg(el("rect", class_="ground", width="100%", height="100%"), el("rect", class_=f"part {tone}".strip(),
                   width=width(share), height="100%"))  # fmt: skip


def interval(share: Interval, scale: float, tone: str) -> Html:
    """A share with its bounds, drawn so wide that `scale` fills the bar."""
    at, low, high = (value / scale if scale else 0.0 for value in share)
    return _svg(
        el("rect", class_="ground", width="100%", height="100%"),
        el("rect", class_=f"part {tone}", width=width(at), height="100%"),
        el("rect", class_="bounds", x=width(low), width=width(high - low), y="35%", height="30%"),
    )


def stacked(parts: Sequence[tuple[str, float]]) -> Html:
    """Parts of a whole beside each other, each with its tone."""
    pieces, at = list[Html](), 0.0
    for tone, share in parts:
        pieces.append(el("rect", class_=f"part {tone}", x=width(at), width=width(share), height="100%"))
        at += share
    return _svg(*pieces, wide=True)


def _svg(*pieces: Html, wide: bool = False) -> Html:
    return el("svg", pieces, class_="bar wide" if wide else "bar", aria_hidden="true", focusable="false")
