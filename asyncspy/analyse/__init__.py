"""Analyse a profile: judge each stack, and find what is unsafe, what blocks and what costs time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, get_args

from asyncspy.analyse import confidence
from asyncspy.analyse.fleet_spread import with_fleet_spread
from asyncspy.analyse.hops import hop_costs, sync_middleware
from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stacks import recording_facts
from asyncspy.analyse.stacks.cleaning import clean_profile
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.worlds import StackVerdict, judge_stack
from asyncspy.analyse.third_party.advice import with_package_advice
from asyncspy.analyse.third_party.facts import DistributionFinder
from asyncspy.analyse.third_party.sync_only import with_middleware_support
from asyncspy.analyse.undrawn import ends_before_callees
from asyncspy.analyse.unsafe import find_unsafe
from asyncspy.analyse.unsafe.reported import counted_seconds
from asyncspy.analyse.waits import app_imports, blocked_loop, pools
from asyncspy.model.analysis import Analysis, AnalysisVerdict
from asyncspy.model.findings import Finding, HopCosts, LoopTime, SampleCounts, World
from asyncspy.model.hangs import Hang
from asyncspy.model.stacks import FindingKind, Profile, Stack

__all__ = ["DistributionFinder", "SourceReader", "analyse"]


def analyse(
    recorded: Profile,
    *,
    source: SourceReader = lambda _file: None,
    app_roots: Sequence[str] = (),
    distribution: DistributionFinder = lambda _file: None,
    gil: Profile | None = None,
) -> Analysis:
    """Judge every stack of a profile.

    `source` gives the text of a recorded file, `distribution` the distribution that an installed file belongs to; own
    code lies in `app_roots`, where any are given. `gil`, beside a profile that counts waits, is one of the same workers
    sampled by the GIL: it tells a line that waits from one that computes.
    """
    profile = clean_profile(recorded)
    owners = recording_facts.ownership_of(profile, app_roots, source)
    verdicts = [judge_stack(stack.frames) for stack in profile.stacks]
    samples = count_worlds(profile.stacks, verdicts)
    django = recording_facts.common_django_version(profile.origins)
    unsafe = find_unsafe(profile, verdicts, source, owners, django)
    costs = find_costs(profile, verdicts, source, owners, clean_profile(gil) if gil else None)
    imports = app_imports.only_imports(recording_facts.worker_stacks(profile), owners) if profile.origins else None
    if imports:  # nobody waits for what they do on their loops
        costs = Costs(None, None, [], [])
    violations = [finding for finding in unsafe if finding.kind == "async-unsafe"]
    others = sorted((each for each in (*unsafe, *costs.findings) if each.kind != "async-unsafe"), key=_severity)
    looked = samples.loop or others or counted_seconds(profile.origins)
    verdict: AnalysisVerdict = "violations" if violations else "none-seen" if looked else "no-data"
    analysis = Analysis(
        verdict=verdict,
        samples=samples,
        findings=tuple(_of_package(finding, distribution, django) for finding in (*violations, *others)),
        reach=confidence.detection_limit(
            samples.loop, profile.origins, ends_before_callees(profile.stacks, verdicts, owners, profile.origins)
        ),
        origins=profile.origins,
        target=recording_facts.common_target(profile.origins),
        django=django,
        inputs=profile.inputs,
        hops=costs.hops,
        wall=costs.wall,
        faint=tuple(sorted(costs.faint, key=_severity)),
        hangs=_hangs(profile, source, owners) if profile.dumps else (),
        app_import=imports,
    )
    return with_fleet_spread(recorded, analysis, source=source, app_roots=app_roots)


def count_worlds(stacks: Mapping[Stack, int], verdicts: Sequence[StackVerdict]) -> SampleCounts:
    """How many samples ran in which world."""
    counts: dict[World, int] = dict.fromkeys(get_args(World), 0)
    for weight, verdict in zip(stacks.values(), verdicts, strict=True):
        counts[verdict.world] += weight
    return SampleCounts(total=sum(counts.values()), **counts)


class Costs(NamedTuple):
    """What costs time without being unsafe; `faint` findings are too weak to be reported."""

    hops: HopCosts | None
    wall: LoopTime | None
    findings: list[Finding]
    faint: list[Finding]


def find_costs(
    profile: Profile, verdicts: Sequence[StackVerdict], source: SourceReader, owners: Ownership, gil: Profile | None
) -> Costs:
    """Hops where the GIL was sampled, blocked loops and full pools where waits were; middleware in either."""
    if not recording_facts.counts_waits(profile, owners):
        hops, costly, faint = hop_costs.measure_hops(profile.stacks, verdicts, owners)
        costly = costly if profile.origins else []  # a share of stacks is a share of time only where they were sampled
        middleware = sync_middleware.middleware_findings(profile.stacks, None, source, owners)
        return Costs(hops if hops.share is not None else None, None, [*middleware, *costly], faint)
    stacks = recording_facts.worker_stacks(profile)
    wall, blocking, passing = blocked_loop.measure_loop_time(stacks, source=source, owners=owners, gil=gil)
    ticks = recording_facts.samples_per_process(stacks)
    busy, full, partly = pools.measure_pools(stacks, ticks, owners)
    middleware = sync_middleware.middleware_findings(stacks, sum(ticks.values()), source, owners)
    return Costs(None, replace(wall, pool_threads=busy), [*blocking, *full, *middleware], [*passing, *partly])


def _hangs(profile: Profile, source: SourceReader, owners: Ownership) -> tuple[Hang, ...]:
    from asyncspy.analyse.hang import judge_hangs  # noqa: PLC0415 - most profiles hold no dumps

    targets = {target.pid: target for target in recording_facts.targets_of(profile.origins)}
    return judge_hangs(profile.dumps, targets, source=source, owners=owners)


KINDS_BY_SEVERITY: tuple[FindingKind, ...] = ("blocked-loop", "pool-saturated", "sync-middleware", "hop-cost")
"""Worst first; unsafe findings come before all of them."""


def _severity(finding: Finding) -> tuple[int, int, str, int, str]:
    """The order of findings; ties are broken so that the order of stacks does not matter."""
    culprit = finding.culprit.frame
    return KINDS_BY_SEVERITY.index(finding.kind), -finding.evidence.sampled, culprit.file, culprit.line, repr(finding)


def _of_package(finding: Finding, distribution: DistributionFinder, django: str | None) -> Finding:
    """The finding with the distribution that its culprit belongs to, and with what is known of that."""
    culprit = finding.culprit
    if culprit.package is not None:
        finding = replace(finding, culprit=replace(culprit, distribution=distribution(culprit.frame.file)))
    return with_package_advice(with_middleware_support(finding), distribution, django)
