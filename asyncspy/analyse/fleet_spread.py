"""Add to the findings of several recordings which hosts, workers and versions show them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, get_args

from asyncspy.analyse import confidence
from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stack_findings import match_stacks
from asyncspy.analyse.stacks.cleaning import clean_frames
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding, FleetGroup, FleetGrouping, FleetSpread
from asyncspy.model.stacks import Origin, Profile, Stack

UNKNOWN = "unknown"


class WorkerNames(NamedTuple):
    """What a worker is listed by."""

    host: str
    worker: str
    versions: str


class WorkerSamples(NamedTuple):
    """The samples of each worker: all on the loop, and those of each finding, by its index."""

    loop: Counter[WorkerNames]
    findings: Mapping[int, Counter[WorkerNames]]


def with_fleet_spread(
    profile: Profile, analysis: Analysis, *, source: SourceReader = lambda _file: None, app_roots: Sequence[str] = ()
) -> Analysis:
    """Return the analysis of this profile with the spread of each violation over the fleet.

    Nothing is added where all recordings are of one host and of the same versions: there pids say as much.
    """
    workers = {_worker_names(origin) for origin in profile.origins}
    if len({one.host for one in workers}) <= 1 and len({one.versions for one in workers}) <= 1:
        return analysis
    samples = _count_samples(profile, analysis, source, app_roots)
    findings = [
        replace(one, fleet=_spread(samples.findings[index], samples.loop)) if _is_sampled_violation(one) else one
        for index, one in enumerate(analysis.findings)
    ]
    return replace(analysis, findings=tuple(findings))


def _is_sampled_violation(finding: Finding) -> bool:
    return finding.kind == "async-unsafe" and finding.evidence.samples > 0


def _worker_names(origin: Origin) -> WorkerNames:
    """The names of the worker of a recording; the container distinguishes workers that all have pid 1."""
    target, host = origin.target, origin.host or UNKNOWN
    if target is None:
        return WorkerNames(host, f"{host} {UNKNOWN}", UNKNOWN)
    named = [("Django", target.django), ("asgiref", target.asgiref), ("Python", target.python)]
    versions = ", ".join(f"{name} {version}" for name, version in named if version)
    container = f" {target.container}" if target.container else ""
    started = f" since {target.started_at:.0f}" if target.started_at and not container else ""
    return WorkerNames(host, f"{host}{container} pid {target.pid}{started}", versions or UNKNOWN)


def _count_samples(
    profile: Profile, analysis: Analysis, source: SourceReader, app_roots: Sequence[str]
) -> WorkerSamples:
    """Count each worker's samples; every distinct stack is judged once, however many recordings have it."""
    finding_of = match_stacks(profile, analysis, source=source, app_roots=app_roots).finding
    judged = [_judge(stack, finding_of) for stack in profile.stacks]
    pids = [stack.pid for stack in profile.stacks]
    loop, findings = Counter[WorkerNames](), defaultdict[int, Counter[WorkerNames]](Counter)
    for part in profile.parts:
        by_pid = {origin.target.pid if origin.target else None: _worker_names(origin) for origin in part.origins}
        other = next(iter(by_pid.values()), WorkerNames(UNKNOWN, UNKNOWN, UNKNOWN))
        for place, weight in zip(part.places, part.weights, strict=True):
            on_loop, finding = judged[place]
            if on_loop:
                worker = by_pid.get(pids[place], other)
                loop[worker] += weight
                if finding is not None:
                    findings[finding][worker] += weight
    return WorkerSamples(loop, findings)


def _judge(stack: Stack, finding_of: Mapping[Stack, int]) -> tuple[bool, int | None]:
    """Whether a stack ran on the loop, and the index of its finding."""
    clean = stack._replace(frames=clean_frames(stack.frames))
    return judge_stack(clean.frames).world == "loop", finding_of.get(clean)


def _spread(hits: Counter[WorkerNames], loop: Counter[WorkerNames]) -> FleetSpread:
    return FleetSpread(
        workers=len(loop),
        seen_in=len(hits),
        hosts=len({one.host for one in loop}),
        hosts_seen_in=len({one.host for one in hits}),
        groups=tuple(group for by in get_args(FleetGrouping) for group in _groups(by, hits, loop)),
    )


def _groups(by: FleetGrouping, hits: Counter[WorkerNames], loop: Counter[WorkerNames]) -> list[FleetGroup]:
    """The groups that show the finding, worst first; versions without it, too: the version may be the cause."""
    names: dict[str, list[WorkerNames]] = defaultdict(list)
    for worker in loop:
        names[getattr(worker, by)].append(worker)
    groups = []
    for name, workers in names.items():
        samples = sum(hits[one] for one in workers)
        if samples or by == "versions":
            share = confidence.share(samples, sum(loop[one] for one in workers))
            groups.append(FleetGroup(by, name, len(workers), sum(hits[one] > 0 for one in workers), samples, share))
    return sorted(groups, key=lambda one: (-(one.share.share if one.share else 0.0), one.name))
