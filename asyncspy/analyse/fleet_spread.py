"""Recordings of many workers, and the analysis of their sum, to which hosts, workers and versions show each finding."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, get_args

from asyncspy.analyse import confidence
from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stack_findings import match_stacks
from asyncspy.analyse.stacks.cleaning import clean_frames
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding, FleetGroup, FleetGrouping, FleetSpread
from asyncspy.model.stacks import MergedPart, Origin, Profile, Stack

ELSEWHERE = "unknown"


class WorkerNames(NamedTuple):
    """One worker by its names."""

    host: str
    worker: str
    versions: str


class WorkerSamples(NamedTuple):
    """One worker's samples on the loop, and those of each finding."""

    loop: Counter[WorkerNames]
    findings: Mapping[int, Counter[WorkerNames]]


def with_fleet_spread(
    profile: Profile, analysis: Analysis, *, source: SourceReader = lambda _file: None, app_roots: Sequence[str] = ()
) -> Analysis:
    """The analysis that was made of this profile, its violations with who shows them.

    Nothing is added where all recordings are of one host and of the same versions: there pids tell as much.
    """
    watched = {_watched(origin) for origin in profile.origins}
    if len({one.host for one in watched}) < 2 and len({one.versions for one in watched}) < 2:  # noqa: PLR2004
        return analysis
    seen = _count(profile, analysis, source, app_roots)
    findings = [
        replace(one, fleet=_fleet(seen.findings[index], seen.loop)) if _is_counted(one) else one
        for index, one in enumerate(analysis.findings)
    ]
    return replace(analysis, findings=tuple(findings))


def _is_counted(finding: Finding) -> bool:
    return finding.kind == "async-unsafe" and finding.evidence.samples > 0


def _watched(origin: Origin) -> WorkerNames:
    """The names of what an origin tells of; two containers of one host are told apart though both have pid 1."""
    target, host = origin.target, origin.host or ELSEWHERE
    if target is None:
        return WorkerNames(host, f"{host} {ELSEWHERE}", ELSEWHERE)
    named = [("Django", target.django), ("asgiref", target.asgiref), ("Python", target.python)]
    versions = ", ".join(f"{name} {version}" for name, version in named if version)
    container = f" {target.container}" if target.container else ""
    began = f" since {target.started_at:.0f}" if target.started_at and not container else ""
    return WorkerNames(host, f"{host}{container} pid {target.pid}{began}", versions or ELSEWHERE)


def _count(profile: Profile, analysis: Analysis, source: SourceReader, app_roots: Sequence[str]) -> WorkerSamples:
    """Each worker's samples. Every stack of the sum is judged once, however many recordings have it."""
    sorted_ = match_stacks(profile, analysis, source=source, app_roots=app_roots)
    judged = [_judged(stack, sorted_.finding) for stack in profile.stacks]
    pids = [stack.pid for stack in profile.stacks]
    loop, findings = Counter[WorkerNames](), defaultdict[int, Counter[WorkerNames]](Counter)
    for part in profile.parts:
        by_pid, rest = _by_pid(part)
        for place, weight in zip(part.places, part.weights, strict=True):
            on_loop, finding = judged[place]
            if on_loop:
                worker = by_pid.get(pids[place], rest)
                loop[worker] += weight
                if finding is not None:
                    findings[finding][worker] += weight
    return WorkerSamples(loop, findings)


def _judged(stack: Stack, finding: Mapping[Stack, int]) -> tuple[bool, int | None]:
    """Whether it ran on the loop, and the finding that it belongs to."""
    meant = stack._replace(frames=clean_frames(stack.frames))
    return judge_stack(meant.frames).world == "loop", finding.get(meant)


def _by_pid(part: MergedPart) -> tuple[dict[int | None, WorkerNames], WorkerNames]:
    """The workers of one recording by pid, and the one that all others are counted to."""
    workers = {origin.target.pid if origin.target else None: _watched(origin) for origin in part.origins}
    first = next(iter(workers.values()), WorkerNames(ELSEWHERE, ELSEWHERE, ELSEWHERE))
    return dict(workers), first


def _fleet(hits: Counter[WorkerNames], loop: Counter[WorkerNames]) -> FleetSpread:
    return FleetSpread(
        workers=len(loop),
        seen_in=len(hits),
        hosts=len({one.host for one in loop}),
        hosts_seen_in=len({one.host for one in hits}),
        groups=tuple(group for by in get_args(FleetGrouping) for group in _groups(by, hits, loop)),
    )


def _groups(by: FleetGrouping, hits: Counter[WorkerNames], loop: Counter[WorkerNames]) -> Iterator[FleetGroup]:
    """Those that show it, the worst first; versions that do not, too: that they do not may be the answer."""
    names: dict[str, list[WorkerNames]] = defaultdict(list)
    for worker in loop:
        names[getattr(worker, by)].append(worker)
    groups = []
    for name, workers in names.items():
        samples = sum(hits[one] for one in workers)
        share = confidence.share(samples, sum(loop[one] for one in workers))
        groups.append(FleetGroup(by, name, len(workers), sum(hits[one] > 0 for one in workers), samples, share))
    shown = [one for one in groups if one.samples or by == "versions"]
    yield from sorted(shown, key=lambda one: (-(one.share.share if one.share else 0.0), one.name))
