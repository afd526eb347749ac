"""A profile and its analysis to which finding each stack is a sample of: what can be lit in a flame graph, or kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """The profile as it was judged, and for each stack of a finding that finding's index."""

    profile: Profile
    finding: Mapping[Stack, int]


class _Place(NamedTuple):
    """What a stack of a finding shows of it: its culprit, and the call where one line may hold several."""

    kind: FindingKind
    culprit: Frame
    call: str | None = None


def match_stacks(
    profile: Profile, analysis: Analysis, *, source: SourceReader = lambda _file: None, app_roots: Sequence[str] = ()
) -> StackMatches:
    """Sort the stacks by the analysis that was made of them, with the same source and roots."""
    profile = clean_profile(profile)
    owners = recording_facts.ownership_of(profile, app_roots)
    counting_waits = analysis.wall is not None
    found: dict[Stack, int] = {}
    for stack in profile.stacks:
        places = _places(stack, source, owners, counting_waits=counting_waits)
        index = next((i for place in places if (i := _index(place, analysis.findings)) is not None), None)
        if index is not None:
            found[stack] = index
    return StackMatches(profile, found)


def keep_finding_stacks(profile: Profile, analysis: Analysis, **known: object) -> Profile:
    """The profile without what belongs to no finding."""
    judged = match_stacks(profile, analysis, **known)  # type: ignore[arg-type]
    kept = {stack: weight for stack, weight in judged.profile.stacks.items() if stack in judged.finding}
    part = [Origin(f"{one.sampler}, findings alone", one.mode, one.rate, target=one.target) for one in profile.origins]
    return replace(judged.profile, stacks=kept, origins=tuple(part))


def _places(stack: Stack, source: SourceReader, owners: Ownership, *, counting_waits: bool) -> list[_Place]:
    """All that this stack may be a sample of, the worst first."""
    frames = stack.frames
    if not frames:
        return []
    judgement = judge_stack(frames)
    places: list[_Place] = []
    if judgement.world == "loop" and (violation := find_violation(frames, judgement.boundary, owners)):
        places.append(_Place("async-unsafe", chains.display_frame(frames, violation.culprit), violation.call.name))
    if counting_waits and (blocked := blocked_loop.find_blocking_line(frames, source, owners)):
        places.append(_Place("blocked-loop", frames[blocked.culprit], blocked.call))
    if not counting_waits and judgement.world == "loop":
        crossing = hop_costs.find_crossing(frames, judgement.boundary, owners)
        if crossing is not None and crossing.caller >= 0:
            places.append(_Place("hop-cost", frames[crossing.caller]))
    if pinned := sync_middleware.find_sync_middleware(frames):
        places.append(_Place("sync-middleware", frames[pinned.middleware]._replace(line=0)))
    pool = pools.pool_name(stack, owners) if counting_waits and judgement.world == "pool" else None
    return [*places, _Place("pool-saturated", Frame("", ""), pool)] if pool else places


def _index(place: _Place, findings: Sequence[Finding]) -> int | None:
    """The finding at this place; of several on one line, the one with this call."""
    here = [i for i, finding in enumerate(findings) if finding.kind == place.kind and _is_at(finding, place)]
    same_call = [i for i in here if findings[i].call == place.call]
    return next(iter(same_call or here), None)


def _is_at(finding: Finding, place: _Place) -> bool:
    if place.kind == "pool-saturated":
        return finding.call == place.call
    frame, line = finding.culprit.frame, place.culprit.line
    named = place.kind in {"hop-cost", "blocked-loop"} or last_segment(frame.function) == last_segment(
        place.culprit.function
    )
    return named and frame.file == place.culprit.file and (frame.line == line or place.kind == "sync-middleware")
