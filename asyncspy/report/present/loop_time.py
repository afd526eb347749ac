"""Word where the event loop's time goes: hops to threads and who asks for them, waits, work."""

from __future__ import annotations

from collections import Counter

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import CodeShare, HopCosts, LoopTime
from asyncspy.report.present.evidence import share_with_bounds
from asyncspy.report.present.figures import rough_percent
from asyncspy.report.present.places import place_of
from asyncspy.report.view import View

MAX_CALLERS = 4
"""How many callers of hops are named before the rest is summed up."""

FEWEST_THREADS = 0.05
"""Fewer busy pool threads than these would be printed as none."""


def loop_time_sentences(analysis: Analysis, view: View) -> list[str]:
    """What hops cost and what the loop did with its time, whether or not they made a finding."""
    hops = hop_sentences(analysis.hops, view) if analysis.hops is not None else []
    return hops + (wall_sentences(analysis.wall) if analysis.wall is not None else [])


def hop_sentences(hops: HopCosts, view: View) -> list[str]:
    """What crossing costs in all, and who asks for it."""
    if hops.share is None or not hops.samples:
        return []
    share = share_with_bounds(hops.share, view.glyphs.dash, " of the loop")
    callers = hop_callers(hops, view)
    top = callers.most_common(MAX_CALLERS)
    rest = callers.total() - sum(weight for _, weight in top)
    named = [*top, ("others", rest)] if rest else top
    shares = ", ".join(f"{name} {rough_percent(weight, hops.samples)}" for name, weight in named)
    return [f"Crossing between loop and threads takes {share}.", f"Of that: {shares}.", *_middleware(hops, view)]


def hop_callers(hops: HopCosts, view: View) -> Counter[str]:
    """Who asks for hops, with their samples."""
    callers: Counter[str] = Counter()
    for portion in hops.callers:
        callers[_caller(portion, view)] += portion.weight
    return callers


def _caller(portion: CodeShare, view: View) -> str:
    if portion.frame is None:
        return "tasks of their own and results on their way back"
    if portion.package is None:
        return f"{place_of(portion.frame, view).shown(view)} {view.escape(portion.frame.function)}"
    if portion.package != "django":
        return f"package {view.escape(portion.package)}"
    mixin = portion.frame.function.endswith("__acall__")
    return "middleware made with MiddlewareMixin" if mixin else "Django's handling of requests"


def _middleware(hops: HopCosts, view: View) -> list[str]:
    """The middleware that was seen at work behind such hops, by class."""
    if not any(portion.frame and portion.frame.function.endswith("__acall__") for portion in hops.callers):
        return []
    names: Counter[str] = Counter()
    for portion in hops.work:
        owner, _, method = (portion.frame.function if portion.frame else "").rpartition(".")
        if owner and method in {"process_request", "process_response", "process_view"}:
            names[view.escape(owner)] += portion.weight
    more = f" and {len(names) - MAX_CALLERS} more" if len(names) > MAX_CALLERS else ""
    shown = ", ".join(name for name, _ in names.most_common(MAX_CALLERS))
    return [f"Middleware seen at work behind such hops: {shown}{more}."] if names else []


def wall_sentences(wall: LoopTime) -> list[str]:
    """What the loops did with their time."""
    if not wall.loop:
        return []
    parts = [
        f"{rough_percent(wall.waiting, wall.loop)} in waits that block it",
        f"{rough_percent(wall.busy, wall.loop)} at work",
        f"{rough_percent(wall.idle, wall.loop)} free",
    ]
    sentences = [f"The loop's time: {', '.join(parts)}."]
    if wall.pool_threads is not None and wall.pool_threads >= FEWEST_THREADS:
        sentences.append(f"On average {wall.pool_threads:.1f} threads of its pools were busy.")
    return sentences
