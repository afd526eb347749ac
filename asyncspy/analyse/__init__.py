"""A profile to an analysis: pure functions, and the rules as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from asyncspy.analyse import confidence, hang
from asyncspy.analyse.hops import hop_costs, sync_middleware
from asyncspy.analyse.remedy.fixes import CONNECTION, Call
from asyncspy.analyse.remedy.remedies import find_remedies
from asyncspy.analyse.remedy.source_line import SourceLine, SourceReader, parse_line
from asyncspy.analyse.stacks import recording_facts
from asyncspy.analyse.stacks.cleaning import clean_profile
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.sinks import CONNECTION_METHODS
from asyncspy.analyse.stacks.worlds import StackVerdict
from asyncspy.analyse.unsafe.counted import add_counted, counted_seconds
from asyncspy.analyse.unsafe.logged import add_logged
from asyncspy.analyse.unsafe.violations import Fault, Survey, survey
from asyncspy.analyse.waits import blocked_loop, pools
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import (
    AnalysisVerdict,
    Culprit,
    Distribution,
    Entry,
    Evidence,
    Finding,
    HopCosts,
    LoopTime,
    WorkerShare,
)
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import FindingKind, Origin, Profile, common_django_version

__all__ = ["Naming", "SourceReader", "analyse"]

Naming = Callable[[str], Distribution | None]
"""The distribution that an installed file belongs to, or None where it cannot be read."""


def analyse(
    profile: Profile,
    *,
    source: SourceReader = lambda _file: None,
    app_roots: Sequence[str] = (),
    distribution: Naming = lambda _file: None,
    beside: Profile | None = None,
) -> Analysis:
    """Judge every stack of a profile.

    `source` gives the text of a recorded file where it can be read, `distribution` what was installed that an installed
    file came with; own code lies in `app_roots`, where any are given. `beside`, for a profile that counts waits, is one
    of the same workers by the GIL: it tells a line that waits from one that computes.
    """
    profile = clean_profile(profile)
    owners = recording_facts.ownership_of(profile, app_roots)
    surveyed = survey(profile.stacks, owners)
    samples = surveyed.samples
    django = common_django_version(profile.origins)

    def finding(fault: Fault) -> Finding:
        return _finding(fault, source, django, owners)

    sampled = tuple(_shared(finding(fault), fault, surveyed, profile.origins) for fault in surveyed.faults)
    counted = add_counted(sampled, profile.events, finding, owners, profile.origins)
    told = add_logged(counted, profile.events, finding, owners)
    crossings, wall, costs, faint = _beyond(
        profile, surveyed.judgements, source, owners, clean_profile(beside) if beside else None
    )
    violations = [one for one in told if one.kind == "async-unsafe"]
    others = [*(one for one in told if one.kind != "async-unsafe"), *costs]
    looked = samples.loop or others or counted_seconds(profile.origins)
    verdict: AnalysisVerdict = "violations" if violations else "none-seen" if looked else "no-data"
    return Analysis(
        verdict=verdict,
        samples=samples,
        findings=tuple(_named(one, distribution) for one in (*violations, *sorted(others, key=_rank))),
        reach=confidence.detection_limit(samples.loop, profile.origins),
        origins=profile.origins,
        inputs=profile.inputs,
        hops=crossings,
        wall=wall,
        faint=tuple(sorted(faint, key=_rank)),
        hangs=hang.judge_hangs(profile.dumps, _targets(profile), source=source, owners=owners),
    )


def _targets(profile: Profile) -> dict[int, Worker]:
    """The processes that were watched, by pid."""
    return {origin.target.pid: origin.target for origin in profile.origins if origin.target is not None}


def _beyond(
    profile: Profile,
    judgements: Sequence[StackVerdict],
    source: SourceReader,
    owners: Ownership,
    beside: Profile | None,
) -> tuple[HopCosts | None, LoopTime | None, list[Finding], list[Finding]]:
    """What costs time without being unsafe: hops where the GIL was sampled, waits where they were; then the faint."""
    if not recording_facts.counts_waits(profile, owners):
        crossings, dear, cheap = hop_costs.measure_hops(profile.stacks, judgements, owners)
        dear = dear if profile.origins else []  # a share of stacks is a share of time only where they were sampled
        pinning = sync_middleware.middleware_findings(profile.stacks, None, source, owners)
        return (crossings if crossings.share is not None else None), None, [*pinning, *dear], cheap
    stacks = recording_facts.worker_stacks(profile)
    wall, blocking, passing = blocked_loop.measure_loop_time(stacks, source=source, owners=owners, beside=beside)
    ticks = recording_facts.samples_per_process(stacks)
    busy, full, partly = pools.measure_pools(stacks, ticks, owners)
    pinning = sync_middleware.middleware_findings(stacks, sum(ticks.values()), source, owners)
    return None, replace(wall, pool_threads=busy), [*blocking, *full, *pinning], [*passing, *partly]


KINDS: tuple[FindingKind, ...] = ("blocked-loop", "pool-saturated", "sync-middleware", "hop-cost")
"""Worst first, after what is unsafe."""


def _rank(finding: Finding) -> tuple[int, int, str, int, str]:
    """Which of equals comes first is no matter of the order in which they were sampled."""
    culprit = finding.culprit.frame
    return KINDS.index(finding.kind), -finding.evidence.samples, culprit.file, culprit.line, repr(finding)


def _named(finding: Finding, naming: Naming) -> Finding:
    """The finding with what was installed that its package came with, where it is a package's."""
    culprit = finding.culprit
    if culprit.package is None:
        return finding
    return replace(finding, culprit=replace(culprit, distribution=naming(culprit.frame.file)))


def call_as_written(call: Call, line: SourceLine | None) -> str:
    """The call's name as the line spells it: `connections["audit"].cursor`."""
    if call.fixes != CONNECTION.fixes or line is None:
        return call.name
    return line.call_text(CONNECTION_METHODS) or call.name


def _finding(fault: Fault, source: SourceReader, django: str | None, owners: Ownership) -> Finding:
    return Finding(
        kind="async-unsafe",
        evidence=Evidence(reached=fault.reached, heading=fault.heading),
        allowed=fault.allowed,
        culprit=Culprit(fault.culprit, fault.package, by_name=fault.by_name),
        call=call_as_written(fault.call, parse_line(source(fault.culprit.file), fault.culprit.line)),
        sink=fault.sink,
        entries=_entries(fault),
        chain=fault.chain,
        remedies=find_remedies(fault.call, fault.site, source=source, django=django, owners=owners),
    )


def _shared(finding: Finding, fault: Fault, surveyed: Survey, origins: Sequence[Origin]) -> Finding:
    """The finding with its part of the loop's samples, in all and of each process: what logs tell of has none."""
    share = confidence.share(fault.weight, surveyed.samples.loop)
    workers = _workers(fault, surveyed) if recording_facts.pids_are_unique(origins) else ()
    return replace(
        finding, share=share, workers=workers, allowed=fault.allowed or recording_facts.guard_is_off(origins)
    )


def _entries(fault: Fault) -> tuple[Entry, ...]:
    strongest = sorted(fault.entries.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Entry(kind, frame, weight) for (kind, frame), weight in strongest)


def _workers(fault: Fault, surveyed: Survey) -> tuple[WorkerShare, ...]:
    """Each watched process's part, those without any included; nothing where no recording says which it was."""
    loop = surveyed.loop_by_pid
    if set(loop) == {None}:
        return ()
    shares = [WorkerShare(pid, fault.pids[pid], confidence.share(fault.pids[pid], loop[pid])) for pid in loop]
    return tuple(sorted(shares, key=lambda one: (-one.samples, one.pid is None, one.pid or 0)))
