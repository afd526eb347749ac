"""A finding in recordings of many workers to plain sentences: how widely it is seen, and where more than elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from asyncspy.model.findings import Finding, FleetGroup, Interval
from asyncspy.report.present.figures import count, percent, percent_interval, plural
from asyncspy.report.present.place_names import outside
from asyncspy.report.view import View

LISTED = 5
"""How many hosts, workers or versions are named before the rest is counted."""

NAMES = {"host": "by host", "worker": "by worker", "versions": "by version"}


def spread(finding: Finding) -> str | None:
    """How many workers show it, and on how many hosts."""
    fleet = finding.fleet
    if fleet is None:
        return None
    said = f"in {count(fleet.seen_in)} of {plural(fleet.workers, 'worker')}"
    return f"{said}, on {count(fleet.hosts_seen_in)} of {plural(fleet.hosts, 'host')}" if fleet.hosts > 1 else said


def where(finding: Finding, view: View) -> list[tuple[str, list[str]]]:
    """Rows of those that have more of it than all together, by more than chance; of versions that differ, each."""
    if finding.fleet is None or finding.share is None:
        return []
    rows = []
    for by, label in NAMES.items():
        groups = [one for one in finding.fleet.groups if one.by == by]
        shown = groups if by == "versions" and _differ(groups) else _above(groups, finding.share)
        if shown:
            rows.append((label, _listed(shown, view)))
    return rows


def _above(groups: Sequence[FleetGroup], whole: Interval) -> list[FleetGroup]:
    return [one for one in groups if one.share is not None and one.share.low > whole.high]


def _differ(groups: Sequence[FleetGroup]) -> bool:
    shares = [one.share for one in groups if one.share is not None]
    return len(shares) > 1 and max(one.low for one in shares) > min(one.high for one in shares)


def _listed(groups: Sequence[FleetGroup], view: View) -> list[str]:
    shown = groups if view.show_all else groups[:LISTED]
    rest = len(groups) - len(shown)
    return [_group(one, view) for one in shown] + ([f"{view.glyphs.dots} {count(rest)} more"] if rest else [])


def _group(group: FleetGroup, view: View) -> str:
    named = outside(group.name, view)
    if group.share is None:
        return f"{named}: {plural(group.samples, 'sample')}"
    bounds = percent_interval(
        group.share.low, group.share.high, group.share.share or group.share.high, view.glyphs.dash
    )
    return f"{named}: {percent(group.share.share)} of its loop ({bounds})"
