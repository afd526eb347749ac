"""Two analyses of one run, by the GIL and counting waits, to one: each gives what only it can see."""

from __future__ import annotations

from dataclasses import replace

from asyncspy.model.analysis import Analysis, AnalysisVerdict
from asyncspy.model.findings import Finding

Same = tuple[str, str, int, str]


def combine_modes(running: Analysis, waiting: Analysis) -> Analysis:
    """Who holds the GIL tells of violations and hops, who waits of blocked loops and full pools.

    A violation that only the waits show is taken over with its own figures; of one that both show, the GIL's count.
    """
    known = {_same(finding) for finding in running.findings}
    added = [finding for finding in waiting.findings if _same(finding) not in known]
    findings = (*running.findings, *added)
    violations = tuple(finding for finding in findings if finding.kind == "async-unsafe")
    others = tuple(finding for finding in findings if finding.kind != "async-unsafe")
    return replace(
        running,
        verdict=_verdict(running, waiting, bool(violations)),
        findings=(
            *violations,
            *sorted(others, key=lambda finding: finding.kind not in {"blocked-loop", "pool-saturated"}),
        ),
        origins=(*running.origins, *waiting.origins),
        inputs=(*running.inputs, *waiting.inputs),
        wall=waiting.wall,
        hangs=waiting.hangs,
        faint=(*running.faint, *waiting.faint),
    )


def _same(finding: Finding) -> Same:
    culprit = finding.culprit.frame
    return finding.kind, culprit.file, culprit.line, finding.call if finding.kind == "async-unsafe" else ""


def _verdict(running: Analysis, waiting: Analysis, violations: bool) -> AnalysisVerdict:
    if violations:
        return "violations"
    return "none-seen" if "none-seen" in {running.verdict, waiting.verdict} else "no-data"
