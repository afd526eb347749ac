"""Decide from an analysis of what has been recorded so far whether that is enough."""

from __future__ import annotations

from collections.abc import Sequence

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding

SURE_SAMPLES = 3
"""Samples of one line that make a finding sure. One is proof, unless py-spy misread a stack; it misreads no three."""


def reached_goal(analysis: Analysis, goals: Sequence[int | None]) -> str | None:
    """The goal that was reached, in words, if any was: a number of loop samples, or None for a sure finding."""
    found = [finding for finding in analysis.findings if _is_sure(finding)]
    if None in goals and found:
        return (
            f"found: {len(found)} line{'s' if len(found) > 1 else ''} with {SURE_SAMPLES} samples or more, or counted"
        )
    wanted = min((goal for goal in goals if goal is not None), default=None)
    if wanted is not None and analysis.samples.loop >= wanted:
        return f"{analysis.samples.loop:,} samples of the loop are judged"
    return None


def _is_sure(finding: Finding) -> bool:
    return finding.kind == "async-unsafe" and (finding.evidence.exact > 0 or finding.evidence.samples >= SURE_SAMPLES)
