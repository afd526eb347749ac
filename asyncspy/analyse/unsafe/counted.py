"""Takes findings of samples and the calls that were counted in the process; gives the findings with those calls.

What was counted is all there was: where it tells of a line that samples tell of, too, the ways there are the counted
ones, and the samples add what only they know, the share of the loop's time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from asyncspy.analyse.stacks import sinks
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.analyse.unsafe.logged import is_same_call
from asyncspy.analyse.unsafe.violations import Fault, FaultKey, add, find_violation
from asyncspy.model.findings import CountedCalls, Evidence, Finding
from asyncspy.model.merging import merge_occurrences
from asyncspy.model.stacks import Event, Frame, Occurrences, Origin, Stack

RAISE = Frame("async_unsafe.<locals>.decorator.<locals>.inner", "django/utils/asyncio.py")

Making = Callable[[Fault], Finding]


@dataclass
class Counted:
    """All calls of one fault."""

    fault: Fault
    times: Occurrences | None = None
    passed: int = 0


def counted_seconds(origins: Sequence[Origin]) -> float:
    """For how long was counted, of several processes the longest."""
    return max((origin.duration or 0.0 for origin in origins if origin.mode == "exact"), default=0.0)


def add_counted(
    findings: tuple[Finding, ...],
    events: Mapping[Event, Occurrences],
    make: Making,
    owners: Ownership,
    origins: Sequence[Origin],
) -> tuple[Finding, ...]:
    """Findings of samples with what was counted of the same line and call, by count; then those only samples show."""
    counted = _counted(events, owners)
    if not counted:
        return findings
    lasted = counted_seconds(origins)
    made = [_finding(one, make(one.fault), lasted) for one in counted]
    merged = []
    left = list(findings)
    for finding in sorted(made, key=lambda one: (-one.evidence.exact, one.culprit.frame, one.call)):
        same = next((one for one in left if is_same_call(one, finding)), None)
        left = [one for one in left if one is not same]
        merged.append(_together(same, finding) if same else finding)
    return (*merged, *left)


def _counted(events: Mapping[Event, Occurrences], owners: Ownership) -> list[Counted]:
    faults: dict[FaultKey, Fault] = {}
    counted: dict[int, Counted] = {}
    for event, times in events.items():
        if event.captured is None or not event.frames:
            continue
        frames = event.frames if sinks.is_guard(event.frames[-1]) else (*event.frames, RAISE)
        violation = find_violation(frames, judge_stack(frames).boundary, owners)
        if violation is None:
            raise AssertionError("a chain that ends in the guard is a violation")
        fault = faults[add(faults, Stack(frames), violation, times.times, owners)]
        one = counted.setdefault(id(fault), Counted(fault))
        one.times = merge_occurrences(one.times, times)
        one.passed += times.times if event.captured == "passed" else 0
    return list(counted.values())


def _finding(one: Counted, made: Finding, lasted: float) -> Finding:
    times = one.times or Occurrences(0)
    captured = CountedCalls(times.times, one.passed, lasted, times.first, times.last)
    return replace(made, evidence=Evidence(exact=times.times), allowed=one.passed > 0, captured=captured)


def _together(sampled: Finding, counted: Finding) -> Finding:
    return replace(
        counted,
        evidence=replace(sampled.evidence, exact=counted.evidence.exact),
        allowed=sampled.allowed or counted.allowed,
        share=sampled.share,
        workers=sampled.workers,
    )
