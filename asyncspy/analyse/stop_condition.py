"""An analysis of what has been recorded so far to whether that is enough, in either direction."""

from __future__ import annotations

from collections.abc import Sequence

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding

CERTAIN = 3
"""Samples of one line. One is proof, unless py-spy misread a stack; three are, whatever it misread."""


def reached_goal(analysis: Analysis, goals: Sequence[int | None]) -> str | None:
    """What was reached, in words, if any of the goals was: a number of loop samples, or None for a sure finding."""
    found = [finding for finding in analysis.findings if _is_certain(finding)]
    if None in goals and found:
        return f"found: {len(found)} line{'s' if len(found) > 1 else ''} with {CERTAIN} samples or more, or counted"
    wanted = min((goal for goal in goals if goal is not None), default=None)
    if wanted is not None and analysis.samples.loop >= wanted:
        return f"{analysis.samples.loop:,} samples of the loop are judged"
    return None


def _is_certain(finding: Finding) -> bool:
    return finding.kind == "async-unsafe" and (finding.evidence.exact > 0 or finding.evidence.samples >= CERTAIN)
