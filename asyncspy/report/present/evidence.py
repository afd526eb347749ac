"""Word how much there is of a finding and how it is known, whether it was sampled, counted, logged or timed."""

from __future__ import annotations

from collections.abc import Iterable

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import CountedCalls, Finding, FleetGroup, Interval, WaitKind
from asyncspy.model.stacks import ENDED_WORKERS_PID, Occurrences
from asyncspy.report.present.figures import count, finite, percent, percent_interval, plural, span
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

FLEET_LABELS = {"host": "by host", "worker": "by worker", "versions": "by version"}

MAX_GROUPS = 5
"""How many hosts, workers or versions are named before the rest is counted."""


def share_with_bounds(share: Interval, dash: str, of: str = "") -> str:
    """0.25% of the time (95%: 0.18–0.34%)."""
    return f"{percent(share.share)}{of} (95%: {percent_interval(*share[1:], share.share, dash)})"


def strength(finding: Finding, analysis: Analysis, dash: str) -> list[str]:
    """How much there is of a finding: samples and their share, or counted or logged events."""
    seen = finding.evidence
    if finding.kind == "async-unsafe":
        counted = _counted_in_time(finding)
        if finding.beside_loop:
            return [*(counted or _events(finding)), *_of_that_loop(finding)]
        if not seen.samples:
            return counted or _events(finding) or ["not counted"]
        parts, of = [*counted, f"{count(seen.samples)} of {count(analysis.samples.loop)} loop samples"], ""
    elif seen.logged and not seen.samples:
        return logged_evidence(finding)[:1]
    else:
        parts, of = _sampled_cost(finding, analysis)
    if finding.share is not None:
        parts.append(share_with_bounds(finding.share, dash, of))
    if finding.kind == "sync-middleware" and finding.threads is not None:
        parts.append(f"holds {finding.threads:.1f} threads on average")
    return parts


def _sampled_cost(finding: Finding, analysis: Analysis) -> tuple[list[str], str]:
    """The samples of a finding that costs time, and what its share is a share of."""
    seen = finding.evidence.samples
    if finding.kind == "blocked-loop":
        looks = analysis.wall.loop if analysis.wall else seen
        return [f"{count(seen)} of {plural(looks, 'look')} at the loop"], " of the time"
    if finding.kind == "pool-saturated":
        return [], " of the time full"
    if finding.kind == "hop-cost":
        return [f"{count(seen)} of {plural(analysis.samples.loop, 'loop sample')}"], ""
    return [plural(seen, "sample")], ""


def _events(finding: Finding) -> list[str]:
    seen = finding.evidence
    logged = [f"{plural(seen.logged, 'traceback')} in a log"] if seen.logged else []
    return logged + ([f"{count(seen.exact)} counted at the guard"] if seen.exact else [])


def _counted_in_time(finding: Finding) -> list[str]:
    """exact: 41 calls in 60s, and their rate."""
    seen = finding.captured
    if seen is None:
        return []
    calls, seconds = f"exact: {plural(seen.times, 'call')}", finite(seen.seconds)
    return [f"{calls} in {span(seconds)}", call_rate(seen.times / seconds)] if seconds and seconds > 0 else [calls]


def call_rate(per_second: float) -> str:
    """12 a second, 2.5 a minute, 3 an hour: in the largest unit that makes it one at least."""
    for factor, unit in ((1, "second"), (60, "minute")):
        if per_second * factor >= 1:
            return f"{per_second * factor:.3g} a {unit}"
    return f"{per_second * 3600:.3g} an hour"


def evidence(finding: Finding, view: View) -> str:
    """How a finding is known."""
    if finding.kind == "async-unsafe":
        return ", ".join(_grades(finding)) or "not counted"
    if finding.wait is not None:
        return _wait_evidence(finding)
    if finding.kind == "sync-middleware":
        by_samples = "it calls on through AsyncToSync, in a thread that waits for the rest of the request"
        return by_samples if finding.evidence.samples else ", ".join(logged_evidence(finding))
    if finding.kind == "hop-cost":
        return "crossing to a thread and back; what runs in the thread is not counted"
    if finding.kind == "pool-saturated":
        number = f", all {count(round(finding.threads))} threads" if finding.threads and finding.threads > 1 else ""
        line = "calls that have no line of your code" if finding.culprit.package else "this line"
        return f"{view.escape(finding.call)}{number}, mostly busy with {line}: other work has to wait for it"
    return plural(finding.evidence.samples, "sample")


def _grades(finding: Finding) -> list[str]:
    seen = finding.evidence
    parts = [f"{count(seen.reached)} reached the guard"] if seen.reached else []
    parts += _of_that_loop(finding)
    parts += [f"{count(seen.heading)} heading into {'it' if seen.reached else 'the guard'}"] if seen.heading else []
    return [*parts, *logged_evidence(finding), *_counted_evidence(finding)]


def _of_that_loop(finding: Finding) -> list[str]:
    """How often the loop was seen that sync code shares its thread with."""
    return [f"{plural(finding.evidence.sampled, 'sample')} of that loop"] if finding.evidence.sampled else []


def logged_evidence(finding: Finding) -> list[str]:
    """How often a finding is in the logs, and when first and last."""
    if not finding.evidence.logged:
        return []
    noun = "start-up line" if finding.kind == "sync-middleware" else "traceback"
    times = first_and_last(finding.logged) if finding.logged else []
    return [f"{plural(finding.evidence.logged, noun)} in a log", *times]


def first_and_last(seen: Occurrences | CountedCalls) -> list[str]:
    """When something was logged or counted."""
    if seen.first is None or seen.last is None:
        return []
    return [f"at {seen.first}"] if seen.first == seen.last else [f"first {seen.first}", f"last {seen.last}"]


def _counted_evidence(finding: Finding) -> list[str]:
    """How many calls were counted, how many the guard let pass, and when."""
    seen = finding.captured
    if seen is None:
        return [f"{count(finding.evidence.exact)} counted at the guard"] if finding.evidence.exact else []
    parts = [f"{count(seen.times)} counted at the guard"]
    parts += [f"{count(seen.passed)} of them let pass"] if seen.passed else []
    return [*parts, *first_and_last(seen)]


def _wait_evidence(finding: Finding) -> str:
    if finding.wait is None or not finding.wait.certain:
        return "busy or waiting: samples of all threads cannot tell which; either way the loop handled nothing else"
    return f"it waits {WAITS_FOR[finding.wait.kind]}; until it ends, the loop handles nothing else"


def share_by_process(finding: Finding, dash: str) -> list[str]:
    """Each process's part, where they differ by more than chance."""
    if not _differ(one.share for one in finding.workers):
        return []
    return [_share_of_loop(process_name(one.pid), one.share, dash) for one in finding.workers if one.share is not None]


def process_name(pid: int | None) -> str:
    """A process as it is listed beside others."""
    return "unknown" if pid is None else "earlier ones" if pid == ENDED_WORKERS_PID else str(pid)


def fleet_spread(finding: Finding) -> str | None:
    """How many workers show it, and on how many hosts."""
    fleet = finding.fleet
    if fleet is None:
        return None
    workers = f"in {count(fleet.seen_in)} of {plural(fleet.workers, 'worker')}"
    hosts = f", on {count(fleet.hosts_seen_in)} of {plural(fleet.hosts, 'host')}" if fleet.hosts > 1 else ""
    return workers + hosts


def fleet_groups(finding: Finding, view: View) -> list[tuple[str, list[str]]]:
    """Hosts and workers that have more of it than all together, by more than chance; all versions if they differ."""
    if finding.fleet is None or finding.share is None:
        return []
    rows = []
    for by, label in FLEET_LABELS.items():
        groups = [one for one in finding.fleet.groups if one.by == by]
        if by != "versions" or not _differ(one.share for one in groups):
            groups = [one for one in groups if one.share is not None and one.share.low > finding.share.high]
        shown = groups if view.show_all else groups[:MAX_GROUPS]
        rest = len(groups) - len(shown)
        parts = [_group(one, view) for one in shown] + ([f"{view.glyphs.dots} {count(rest)} more"] if rest else [])
        rows += [(label, parts)] if parts else []
    return rows


def _differ(shares: Iterable[Interval | None]) -> bool:
    """Whether shares differ by more than chance."""
    known = [share for share in shares if share is not None]
    return len(known) > 1 and max(one.low for one in known) > min(one.high for one in known)


def _group(group: FleetGroup, view: View) -> str:
    name = view.escape(group.name)
    if group.share is None:
        return f"{name}: {plural(group.samples, 'sample')}"
    return _share_of_loop(name, group.share, view.glyphs.dash)


def _share_of_loop(name: str, share: Interval, dash: str) -> str:
    bounds = percent_interval(share.low, share.high, share.share or share.high, dash)
    return f"{name}: {percent(share.share)} of its loop ({bounds})"
