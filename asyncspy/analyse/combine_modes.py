"""Analyse what runs and what waits, and combine the two: each contributes what only it can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from asyncspy.analyse import DistributionFinder, SourceReader, analyse
from asyncspy.analyse.lateness import measure_lateness
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.recording_facts import common_django_version, ownership_of
from asyncspy.analyse.waits.waiting_tasks import sum_up_waiting
from asyncspy.model.analysis import Analysis, AnalysisVerdict
from asyncspy.model.findings import Finding
from asyncspy.model.observed import Observed
from asyncspy.model.stacks import Profile


class AnalysedPart(NamedTuple):
    """The samples of one meaning, by the GIL or of waits, and what they show by themselves."""

    profile: Profile
    analysis: Analysis


def analyse_modes(
    running: Profile,
    waiting: Profile | None,
    *,
    source: SourceReader,
    app_roots: Sequence[str],
    distribution: DistributionFinder,
) -> tuple[Analysis, tuple[AnalysedPart, ...]]:
    """Analyse what runs, and beside it what waits, if both were recorded: both together, and each by itself."""
    both = replace(running, waits=waiting)  # who runs a loop may show in either
    found = analyse(both, source=source, app_roots=app_roots, distribution=distribution)
    parts = [AnalysedPart(running, found)]
    if waiting is not None:
        waits = analyse(waiting, source=source, app_roots=app_roots, distribution=distribution, gil=running)
        parts.append(AnalysedPart(waiting, waits))
        found = combine_modes(found, waits)
    if running.observed is not None:
        found = with_observed(found, running.observed, ownership_of(running, app_roots, source))
    return found, tuple(parts)


def with_observed(analysis: Analysis, observed: Observed, owners: Ownership) -> Analysis:
    """The analysis with what hooks observed besides calls."""
    blocking = (*analysis.findings, *analysis.faint)
    lateness = measure_lateness(observed.loops, blocking, analysis.origins, owners)
    return replace(analysis, lateness=lateness, waiting=sum_up_waiting(observed.tasks, owners))


def combine_modes(running: Analysis, waiting: Analysis) -> Analysis:
    """Combine the analysis by the GIL, which shows violations and hops, and that of waits: blocked loops, full pools.

    A violation that only the waits show keeps its own figures; of one that both show, the GIL's figures count.
    """
    known = {_identity(finding) for finding in running.findings}
    added = [finding for finding in waiting.findings if _identity(finding) not in known]
    findings = sorted((*running.findings, *added), key=_rank)
    violations = any(finding.kind == "async-unsafe" for finding in findings)
    origins = (*running.origins, *waiting.origins)
    return replace(
        running,
        verdict="violations" if violations else _verdict_without(running, waiting),
        findings=tuple(findings),
        origins=origins,
        django=common_django_version(origins),
        inputs=(*running.inputs, *waiting.inputs),
        wall=waiting.wall,
        hangs=waiting.hangs,
        app_import=waiting.app_import if waiting.samples.total else running.app_import,
        faint=(*running.faint, *waiting.faint),
    )


def _identity(finding: Finding) -> tuple[str, str, int, str]:
    culprit = finding.culprit.frame
    return finding.kind, culprit.file, culprit.line, finding.call if finding.kind == "async-unsafe" else ""


def _rank(finding: Finding) -> int:
    """Violations first, then what blocks."""
    return {"async-unsafe": 0, "blocked-loop": 1, "pool-saturated": 1}.get(finding.kind, 2)


def _verdict_without(*analyses: Analysis) -> AnalysisVerdict:
    """The verdict where neither shows a violation."""
    return "none-seen" if any(one.verdict == "none-seen" for one in analyses) else "no-data"
