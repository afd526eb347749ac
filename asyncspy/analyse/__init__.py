"""A profile to an analysis: pure functions, and the rules as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from asyncspy.analyse import confidence, hang, hops, looks, middleware, pools, waits
from asyncspy.analyse.findings import Fault, Survey, survey
from asyncspy.analyse.libraries import libraries_in
from asyncspy.analyse.logged import with_logged
from asyncspy.analyse.ownership import Ownership
from asyncspy.analyse.remedies import Source, remedies
from asyncspy.analyse.written import written
from asyncspy.model import (
    Analysis,
    Culprit,
    Distribution,
    Entry,
    Evidence,
    Finding,
    Hops,
    Kind,
    Profile,
    Verdict,
    Wall,
    Worker,
    WorkerShare,
)

__all__ = ["Naming", "Source", "analyse"]

Naming = Callable[[str], Distribution | None]
"""The distribution that an installed file belongs to, or None where it cannot be read."""


def analyse(
    profile: Profile,
    *,
    source: Source = lambda _file: None,
    app_roots: Sequence[str] = (),
    distribution: Naming = lambda _file: None,
    beside: Profile | None = None,
) -> Analysis:
    """Judge every stack of a profile.

    `source` gives the text of a recorded file where it can be read, `distribution` what was installed that an installed
    file came with; own code lies in `app_roots`, where any are given. `beside`, for a profile that counts waits, is one
    of the same workers by the GIL: it tells a line that waits from one that computes.
    """
    profile = written(profile)
    frames = {frame for stack in profile.stacks for frame in stack.frames}
    frames.update(frame for event in profile.events for frame in event.frames)
    owners = Ownership(app_roots, libraries_in(frames))
    surveyed = survey(profile.stacks, owners)
    samples = surveyed.samples
    django = _common_django(profile)

    def finding(fault: Fault) -> Finding:
        return _finding(fault, surveyed, source, distribution, django, owners)

    told = with_logged(tuple(map(finding, surveyed.faults)), profile.events, finding, owners)
    crossings, wall, costs, faint = _beyond(profile, source, owners, written(beside) if beside else None)
    violations = [one for one in told if one.kind == "async-unsafe"]
    others = [*(one for one in told if one.kind != "async-unsafe"), *costs]
    verdict: Verdict = "violations" if violations else "none-seen" if samples.loop or others else "no-data"
    return Analysis(
        verdict=verdict,
        samples=samples,
        findings=(*violations, *sorted(others, key=_rank)),
        reach=confidence.reach(samples.loop, profile.origins),
        origins=profile.origins,
        inputs=profile.inputs,
        hops=crossings,
        wall=wall,
        faint=tuple(faint),
        hangs=hang.judge(profile.dumps, _targets(profile), source=source, owners=owners),
    )


def _targets(profile: Profile) -> dict[int, Worker]:
    """The processes that were watched, by pid."""
    return {origin.target.pid: origin.target for origin in profile.origins if origin.target is not None}


def _beyond(
    profile: Profile, source: Source, owners: Ownership, beside: Profile | None
) -> tuple[Hops | None, Wall | None, list[Finding], list[Finding]]:
    """What costs time without being unsafe: hops where the GIL was sampled, waits where they were; then the faint."""
    if not looks.counts_waits(profile):
        crossings, dear, cheap = hops.survey(profile.stacks, owners)
        dear = dear if profile.origins else []  # a share of stacks is a share of time only where they were sampled
        pinning = middleware.survey(profile.stacks, None, source, owners)
        return (crossings if crossings.share is not None else None), None, [*pinning, *dear], cheap
    stacks = looks.of_workers(profile)
    wall, blocking, passing = waits.survey(stacks, source=source, owners=owners, beside=beside)
    ticks = looks.at_each_process(stacks)
    busy, full, partly = pools.survey(stacks, ticks, owners)
    pinning = middleware.survey(stacks, sum(ticks.values()), source, owners)
    return None, replace(wall, pool_threads=busy), [*blocking, *full, *pinning], [*passing, *partly]


KINDS: tuple[Kind, ...] = ("blocked-loop", "pool-saturated", "sync-middleware", "hop-cost")
"""Worst first, after what is unsafe."""


def _rank(finding: Finding) -> tuple[int, int, str, int]:
    culprit = finding.culprit.frame
    return KINDS.index(finding.kind), -finding.evidence.samples, culprit.file, culprit.line


def _common_django(profile: Profile) -> str | None:
    """The targets' Django version, where all that say it say the same."""
    versions = {origin.target.django for origin in profile.origins if origin.target and origin.target.django}
    return versions.pop() if len(versions) == 1 else None


def _finding(
    fault: Fault, surveyed: Survey, source: Source, naming: Naming, django: str | None, owners: Ownership
) -> Finding:
    loop = surveyed.samples.loop
    return Finding(
        kind="async-unsafe",
        evidence=Evidence(reached=fault.reached, heading=fault.heading),
        allowed=fault.allowed,
        culprit=_culprit(fault, naming),
        call=fault.call.name,
        sink=fault.sink,
        entries=_entries(fault),
        chain=fault.chain,
        remedies=remedies(fault.call, fault.site, source=source, django=django, owners=owners),
        share=confidence.share(fault.weight, loop),
        workers=_workers(fault, surveyed),
    )


def _culprit(fault: Fault, naming: Naming) -> Culprit:
    distribution = naming(fault.culprit.file) if fault.package is not None else None
    return Culprit(fault.culprit, fault.package, distribution, fault.by_name)


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
