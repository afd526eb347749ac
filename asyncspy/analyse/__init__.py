"""A profile to an analysis: pure functions, and the rules as data."""

from __future__ import annotations

from asyncspy.analyse import confidence, ownership
from asyncspy.analyse.findings import Fault, survey
from asyncspy.analyse.remedies import Source, remedies
from asyncspy.model import Analysis, Culprit, Entry, Evidence, Finding, Link, Profile, Samples, Verdict

__all__ = ["Source", "analyse"]


def analyse(profile: Profile, *, source: Source = lambda _file: None) -> Analysis:
    """Judge every stack of a profile. `source` gives the text of a recorded file where it can be read."""
    samples, faults = survey(profile.stacks)
    django = _common_django(profile)
    findings = tuple(_finding(fault, samples, source=source, django=django) for fault in faults)
    verdict: Verdict = "violations" if findings else "none-seen" if samples.loop else "no-data"
    return Analysis(
        verdict=verdict,
        samples=samples,
        findings=findings,
        reach=confidence.reach(samples.loop, profile.origins),
        origins=profile.origins,
        inputs=profile.inputs,
    )


def _common_django(profile: Profile) -> str | None:
    """The targets' Django version, where all that say it say the same."""
    versions = {origin.target.django for origin in profile.origins if origin.target and origin.target.django}
    return versions.pop() if len(versions) == 1 else None


def _finding(fault: Fault, samples: Samples, *, source: Source, django: str | None) -> Finding:
    site, _ = fault.sites.most_common(1)[0]
    return Finding(
        kind="async-unsafe",
        evidence=Evidence(reached=fault.reached, heading=fault.heading),
        allowed=fault.allowed,
        culprit=Culprit(fault.culprit, fault.package),
        call=fault.call.name,
        sink=fault.sink,
        entries=_entries(fault),
        chain=tuple(Link(*frame, ownership.owner(frame.file)) for frame in fault.chain),
        remedies=remedies(fault.call, site, source=source, django=django),
        share=confidence.share(fault.reached + fault.heading, samples.loop),
    )


def _entries(fault: Fault) -> tuple[Entry, ...]:
    return tuple(Entry(kind, frame, weight) for (kind, frame), weight in fault.entries.most_common())
