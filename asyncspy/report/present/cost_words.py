"""Findings that cost time rather than break a rule, and the figures beside them, to plain sentences."""

from __future__ import annotations

from collections import Counter

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import CodeShare, Finding, HopCosts, LoopTime, WaitKind
from asyncspy.report.present import log_words
from asyncspy.report.present.figures import count, percent, percent_interval, plural, rough_percent
from asyncspy.report.present.place_names import outside, place
from asyncspy.report.view import View

WAITS_FOR: dict[WaitKind, str] = {
    "sleep": "for time to pass",
    "socket": "for somebody at the other end of a socket",
    "name": "for the address of a name",
    "lock": "for a lock",
    "thread": "for another thread",
    "process": "for another program",
    "file": "for a file",
    "unknown": "without holding the GIL",
}

LISTED = 4
"""How many callers of hops are named before the rest is summed up."""

FEW_THREADS = 0.05
"""Fewer busy pool threads than these would be printed as none."""

CONVERTED = "Once it is async, a request no longer holds a thread from here to its end."
NO_FASTER = "Do not expect faster requests: one hop in and one out is all that goes."
EACH_FOR_ITSELF = (
    "Do not expect faster requests: {others} in its thread with it without hops; each that is made with "
    "MiddlewareMixin then hops for itself, up to twice, and requests can even get slower."
)
HANG = "Until then a client that goes away while it runs can hang the whole worker; asgiref {mended} mends that, too."
HANG_MENDED = (3, 12)


def strength(finding: Finding, analysis: Analysis, dash: str) -> list[str]:
    """How much there is of a finding that is no violation."""
    if finding.evidence.logged and not finding.evidence.samples:
        return log_words.seen(finding)[:1]
    seen, share = finding.evidence.samples, finding.share
    bounds = f" (95%: {percent_interval(share.low, share.high, share.share, dash)})" if share else ""
    parts = {
        "blocked-loop": f"{count(seen)} of {plural(analysis.wall.loop if analysis.wall else seen, 'look')} at the loop",
        "pool-saturated": "",
        "hop-cost": f"{count(seen)} of {plural(analysis.samples.loop, 'loop sample')}",
    }
    first = parts.get(finding.kind, plural(seen, "sample"))
    of = {"blocked-loop": " of the time", "pool-saturated": " of the time full"}.get(finding.kind, "")
    return [*filter(None, [first]), *([f"{percent(share.share)}{of}{bounds}"] if share else []), *_threads(finding)]


def _threads(finding: Finding) -> list[str]:
    if finding.kind != "sync-middleware" or finding.threads is None:
        return []
    return [f"holds {finding.threads:.1f} threads on average"]


def evidence(finding: Finding, view: View) -> str:
    """How a finding that is no violation is known."""
    if finding.wait is not None:
        return _waited(finding)
    if finding.kind == "sync-middleware" and not finding.evidence.samples:
        return ", ".join(log_words.seen(finding))
    if finding.kind == "sync-middleware":
        return "it calls on through AsyncToSync, in a thread that waits for the rest of the request"
    if finding.kind == "hop-cost":
        return "crossing to a thread and back; what runs in the thread is not counted"
    if finding.kind == "pool-saturated":
        number = f", all {count(round(finding.threads))} threads" if finding.threads and finding.threads > 1 else ""
        line = "calls that have no line of your code" if finding.culprit.package else "this line"
        return f"{outside(finding.call, view)}{number}, mostly busy with {line}: other work has to wait for it"
    return plural(finding.evidence.samples, "sample")


def _waited(finding: Finding) -> str:
    if finding.wait is None or not finding.wait.certain:
        return "busy or waiting: samples of all threads cannot tell which; either way the loop served nobody meanwhile"
    return f"it waits {WAITS_FOR[finding.wait.kind]}; meanwhile the loop serves nobody"


def gain(finding: Finding) -> str | None:
    """What converting a sync-only middleware would bring, and what it would not."""
    if finding.kind != "sync-middleware":
        return None
    others = f"{plural(finding.drags, 'other')} {'runs' if finding.drags == 1 else 'run'}"
    return f"{CONVERTED} {EACH_FOR_ITSELF.format(others=others) if finding.drags else NO_FASTER}"


def risk(finding: Finding, analysis: Analysis) -> str | None:
    """The hang that sync-only middleware is open to, unless every watched asgiref is known not to have it."""
    if finding.kind != "sync-middleware":
        return None
    versions = [origin.target.asgiref if origin.target else None for origin in analysis.origins] or [None]
    hangs = any(_numbers(version) < HANG_MENDED for version in versions)
    return HANG.format(mended=".".join(map(str, HANG_MENDED))) if hangs else None


def _numbers(version: str | None) -> tuple[int, ...]:
    """(3, 11) of "3.11.1"; () where it is not known."""
    return tuple(int(part) for part in (version or "").split(".")[:2] if part.isascii() and part.isdigit())


def hops(figures: HopCosts, view: View) -> list[str]:
    """What crossing costs in all, and whom."""
    if figures.share is None or not figures.samples:
        return []
    low, high = figures.share.low, figures.share.high
    bounds = percent_interval(low, high, figures.share.share, view.glyphs.dash)
    whole = f"Crossing between loop and threads takes {percent(figures.share.share)} of the loop (95%: {bounds})."
    asked: Counter[str] = Counter()
    for portion in figures.callers:
        asked[caller(portion, view)] += portion.weight
    named = [f"{who} {rough_percent(weight, figures.samples)}" for who, weight in asked.most_common(LISTED)]
    rest = sum(asked.values()) - sum(weight for _, weight in asked.most_common(LISTED))
    named += [f"others {rough_percent(rest, figures.samples)}"] if rest else []
    return [whole, f"Of that: {', '.join(named)}.", *_middleware(figures, view)]


def caller(portion: CodeShare, view: View) -> str:
    """Who asks for hops, as people call it."""
    if portion.frame is None:
        return "tasks of their own and results on their way back"
    if portion.package is None:
        return f"{place(portion.frame, view)} {outside(portion.frame.function, view)}"
    if portion.package != "django":
        return f"package {outside(portion.package, view)}"
    mixin = portion.frame.function.endswith("__acall__")
    return "middleware made with MiddlewareMixin" if mixin else "Django's handling of requests"


def _middleware(figures: HopCosts, view: View) -> list[str]:
    """The middleware that was seen at work behind such hops, by class."""
    names: Counter[str] = Counter()
    for portion in figures.work:
        owner, _, method = (portion.frame.function if portion.frame else "").rpartition(".")
        if owner and method in {"process_request", "process_response", "process_view"}:
            names[outside(owner, view)] += portion.weight
    hopping = any(portion.frame and portion.frame.function.endswith("__acall__") for portion in figures.callers)
    shown = hopping and ", ".join(name for name, _ in names.most_common(LISTED))
    return [f"Middleware seen at work behind such hops: {shown}{_more(len(names) - LISTED)}."] if shown else []


def _more(number: int) -> str:
    return f" and {number} more" if number > 0 else ""


def wall(figures: LoopTime) -> list[str]:
    """What the loops did with their time."""
    if not figures.loop:
        return []
    parts = [
        f"{rough_percent(figures.waiting, figures.loop)} in waits that block it",
        f"{rough_percent(figures.busy, figures.loop)} at work",
        f"{rough_percent(figures.idle, figures.loop)} free",
    ]
    said = [f"The loop's time: {', '.join(parts)}."]
    if figures.pool_threads is not None and figures.pool_threads >= FEW_THREADS:
        said.append(f"On average {figures.pool_threads:.1f} threads of its pools were busy.")
    return said
