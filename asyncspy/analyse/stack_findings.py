"""Match each stack of a profile to the finding that it is a sample of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from asyncspy.analyse.hops import hop_costs, sync_middleware
from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stacks import chains, recording_facts
from asyncspy.analyse.stacks.cleaning import clean_profile
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.analyse.unsafe.violations import find_violation
from asyncspy.analyse.waits import blocked_loop, pools
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import FindingKind, Frame, Origin, Profile, Stack


class StackMatches(NamedTuple):
    """The profile as it was judged, and the index of the finding that each stack belongs to, where it does to one."""

    profile: Profile
    finding: Mapping[Stack, int]


class _Candidate(NamedTuple):
    """A finding that a stack may be a sample of: its culprit, and the call where one line may hold several."""

    kind: FindingKind
    culprit: Frame
    call: str | None = None


def match_stacks(
    profile: Profile, analysis: Analysis, *, source: SourceReader = lambda _file: None, app_roots: Sequence[str] = ()
) -> StackMatches:
    """Match the stacks to the findings of the analysis that was made of them, with the same source and roots."""
    profile = clean_profile(profile)
    owners = recording_facts.ownership_of(profile, app_roots, source)
    counting_waits = analysis.wall is not None
    found: dict[Stack, int] = {}
    for stack in profile.stacks:
        candidates = _candidates(stack, source, owners, counting_waits=counting_waits) if stack.frames else ()
        index = next((i for each in candidates if (i := _index(each, analysis.findings)) is not None), None)
        if index is not None:
            found[stack] = index
    return StackMatches(profile, found)


def keep_finding_stacks(
    profile: Profile, analysis: Analysis, *, source: SourceReader = lambda _file: None, app_roots: Sequence[str] = ()
) -> Profile:
    """The profile without the stacks that belong to no finding."""
    profile, finding = match_stacks(profile, analysis, source=source, app_roots=app_roots)
    kept = {stack: weight for stack, weight in profile.stacks.items() if stack in finding}
    part = [Origin(f"{one.sampler}, findings alone", one.mode, one.rate, target=one.target) for one in profile.origins]
    return replace(profile, stacks=kept, origins=tuple(part))


def _candidates(stack: Stack, source: SourceReader, owners: Ownership, *, counting_waits: bool) -> Iterator[_Candidate]:
    """All findings that this stack may be a sample of, the worst first."""
    frames = stack.frames
    verdict = judge_stack(frames)
    if verdict.world == "loop" and (violation := find_violation(frames, verdict.boundary, owners)):
        yield _Candidate("async-unsafe", chains.display_frame(frames, violation.culprit), violation.call.name)
    if counting_waits and (blocked := blocked_loop.find_blocking_line(frames, source, owners)):
        yield _Candidate("blocked-loop", frames[blocked.culprit], blocked.call)
    if not counting_waits and verdict.world == "loop":
        crossing = hop_costs.find_crossing(frames, verdict.boundary, owners)
        if crossing is not None and crossing.caller >= 0:
            yield _Candidate("hop-cost", frames[crossing.caller])
    if found := sync_middleware.find_sync_middleware(frames):
        yield _Candidate("sync-middleware", frames[found.middleware]._replace(line=0))
    if counting_waits and verdict.world == "pool" and (pool := pools.pool_name(stack, owners)):
        yield _Candidate("pool-saturated", Frame("", ""), pool)


def _index(candidate: _Candidate, findings: Sequence[Finding]) -> int | None:
    """The finding at this line; of several on one line, the one with this call."""
    here = [i for i, finding in enumerate(findings) if _is_at(finding, candidate)]
    same_call = [i for i in here if findings[i].call == candidate.call]
    return next(iter(same_call or here), None)


def _is_at(finding: Finding, candidate: _Candidate) -> bool:
    kind, culprit, frame = candidate.kind, candidate.culprit, finding.culprit.frame
    if finding.kind != kind:
        return False
    if kind == "pool-saturated":
        return finding.call == candidate.call
    same_line = frame.file == culprit.file and (frame.line == culprit.line or kind == "sync-middleware")
    if kind in {"hop-cost", "blocked-loop"}:
        return same_line
    return same_line and last_segment(frame.function) == last_segment(culprit.function)
