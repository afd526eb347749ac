"""Add what logs report, and what was counted in the process, to the findings of samples.

A traceback in a log is not a stack: it holds the frames between where the exception was caught and where it was raised,
often with a thread pool's near the root though the raise was on the loop. So its world is not judged: the exception
says that it was the loop, and the user's frame nearest the raise is the culprit.

Counted calls are all that were made. Where samples show the same line, its entries are the counted ones, and the
samples add only what they alone know, the share of the loop's time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from asyncspy.analyse.line_samples import LineSamples
from asyncspy.analyse.stacks import sinks
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.analyse.unsafe.faults import Fault, FaultKey, fault_of
from asyncspy.analyse.unsafe.violations import find_violation
from asyncspy.model.findings import CountedCalls, Evidence, Finding
from asyncspy.model.merging import merge_occurrences
from asyncspy.model.stacks import ChainFrame, Event, Frame, Occurrences, Origin

GUARD_IN_LOG = Frame("inner", "django/utils/asyncio.py")
GUARD_COUNTED = Frame("async_unsafe.<locals>.decorator.<locals>.inner", "django/utils/asyncio.py")
AT_START = "Asynchronous handler adapted"

FindingMaker = Callable[[Fault], Finding]


@dataclass
class ReportedFault:
    """A fault, and how often it was reported; `passed` of these calls were let pass by the guard."""

    fault: Fault
    occurrences: Occurrences
    passed: int = 0
    cut: bool = True
    """Whether all of its tracebacks begin half way up."""


def counted_seconds(origins: Sequence[Origin]) -> float:
    """For how long calls were counted, of several processes the longest."""
    return max((origin.duration or 0.0 for origin in origins if origin.mode == "exact"), default=0.0)


def add_counted(
    findings: Sequence[Finding],
    events: Mapping[Event, Occurrences],
    make: FindingMaker,
    owners: Ownership,
    origins: Sequence[Origin],
) -> list[Finding]:
    """The counted findings, most calls first, with what samples know of them; then those that only samples show."""
    seconds = counted_seconds(origins)
    counted = [
        _counted_finding(each, make(each.fault), seconds) for each in reported_faults(events, owners, counted=True)
    ]
    merged, left = [], list(findings)
    for finding in sorted(counted, key=lambda one: (-one.evidence.exact, one.culprit.frame, one.call)):
        sampled = next((one for one in left if _is_same_call(one, finding)), None)
        left = [one for one in left if one is not sampled]
        merged.append(_with_sampled(finding, sampled) if sampled else finding)
    return [*merged, *left]


def _counted_finding(reported: ReportedFault, made: Finding, seconds: float) -> Finding:
    times, first, last = reported.occurrences
    captured = CountedCalls(times, reported.passed, seconds, first, last)
    return replace(made, evidence=Evidence(exact=times), allowed=reported.passed > 0, captured=captured)


def _with_sampled(counted: Finding, sampled: Finding) -> Finding:
    return replace(
        counted,
        evidence=replace(sampled.evidence, exact=counted.evidence.exact),
        allowed=sampled.allowed or counted.allowed,
        share=sampled.share,
        workers=sampled.workers,
    )


def add_logged(
    findings: Sequence[Finding], events: Mapping[Event, Occurrences], make: FindingMaker, owners: Ownership
) -> list[Finding]:
    """The findings with what logs report of the same line and call; then those that only logs report."""
    waiting = [(reported, make(reported.fault)) for reported in reported_faults(events, owners, counted=False)]
    merged = []
    for finding in findings:
        same = [each for each in waiting if _is_same_call(finding, each[1])]
        waiting = [each for each in waiting if each not in same]
        merged.append(_with_logged(finding, [reported for reported, _ in same]))
    waiting.sort(key=lambda each: (-each[0].occurrences.times, each[0].fault.culprit))
    merged += [_logged_finding(reported, made, findings) for reported, made in waiting]
    return [*merged, *_logged_middleware(events, merged, owners)]


def _with_logged(finding: Finding, reported: Sequence[ReportedFault]) -> Finding:
    for each in reported:
        logged = merge_occurrences(finding.logged, each.occurrences)
        finding = replace(finding, logged=logged, evidence=replace(finding.evidence, logged=logged.times))
    return finding


def _logged_finding(reported: ReportedFault, made: Finding, sampled: Sequence[Finding]) -> Finding:
    """A finding that only logs report, with its outer part from a sampled chain if its own was cut off."""
    logged = reported.occurrences
    finding = replace(made, evidence=Evidence(logged=logged.times), allowed=False, logged=logged)
    return _completed(finding, sampled) if reported.cut else finding


def _completed(finding: Finding, sampled: Sequence[Finding]) -> Finding:
    """The finding with the entries and outer frames of the sampled chain that passes through where its own begins."""
    for each in sampled:
        for index, frame in enumerate(each.chain):
            if index and finding.chain and is_same_line(frame, finding.chain[0]):
                chain = (*each.chain[:index], *finding.chain)
                return replace(finding, entries=each.entries, chain=chain, completed=True)
    return finding


def reported_faults(events: Mapping[Event, Occurrences], owners: Ownership, *, counted: bool) -> list[ReportedFault]:
    """The faults that were counted in the process, or else those that logs report."""
    faults: dict[FaultKey, Fault] = {}
    reported: dict[int, ReportedFault] = {}
    for event, occurrences in events.items():
        if event.kind != "async-unsafe" or not event.frames or (event.captured is not None) != counted:
            continue
        frames = _frames_to_guard(event)
        violation = find_violation(frames, judge_stack(frames).boundary if counted else -1, owners)
        if violation is None:
            raise AssertionError("frames that end in the guard are a violation")
        fault = fault_of(violation, faults, owners)
        fault.add(violation, occurrences.times)
        each = reported.get(id(fault))
        if each is None:
            each = reported[id(fault)] = ReportedFault(fault, occurrences)
        else:
            each.occurrences = merge_occurrences(each.occurrences, occurrences)
        each.passed += occurrences.times if event.captured == "passed" else 0
        caught_half_way = owners.of(event.frames[0]) is None
        each.cut = each.cut and (not event.whole or caught_half_way)
    return list(reported.values())


def _frames_to_guard(event: Event) -> tuple[Frame, ...]:
    """The frames of an event up to the guard; where the guard's own frame is missing, it is added."""
    frames = event.frames
    if event.captured is not None:
        return frames if sinks.is_guard(frames[-1]) else (*frames, GUARD_COUNTED)
    guards = [index for index, frame in enumerate(frames) if sinks.is_guard(frame)]
    return frames[: guards[-1] + 1] if guards else (*frames, GUARD_IN_LOG)


def _is_same_call(finding: Finding, reported: Finding) -> bool:
    """Whether both mean the same call on the same line; recordings shorten files, and logs shorten functions."""
    if finding.kind != "async-unsafe" or finding.call != reported.call:
        return False
    return is_same_line(finding.culprit.frame, reported.culprit.frame)


def is_same_line(one: Frame | ChainFrame, other: Frame | ChainFrame) -> bool:
    """Whether both are one line of code, though one has its file shortened or its function unqualified."""
    same_function = last_segment(one.function) == last_segment(other.function)
    return one.line == other.line and same_function and _ends_alike(one.file, other.file)


def _ends_alike(one: str, other: str) -> bool:
    return one == other or one.endswith("/" + other) or other.endswith("/" + one)


def _logged_middleware(
    events: Mapping[Event, Occurrences], findings: Sequence[Finding], owners: Ownership
) -> list[Finding]:
    """A finding for each sync-only middleware that Django logged at start-up and that samples do not show."""
    adapted = {event.subject: logged for event, logged in events.items() if event.kind == "sync-middleware"}
    unsampled = [name for name in adapted if not _is_sampled(name, findings)]
    unsampled.sort(key=lambda name: -adapted[name].times)
    return [_middleware_finding(name, adapted[name], owners) for name in unsampled]


def _is_sampled(name: str, findings: Sequence[Finding]) -> bool:
    """Whether samples have shown this middleware's frames already."""
    module, _, class_name = name.rpartition(".")
    return any(
        finding.kind == "sync-middleware"
        and finding.culprit.frame.function.partition(".")[0] == class_name
        and _ends_alike(finding.culprit.frame.file.removesuffix(".py"), module.replace(".", "/"))
        for finding in findings
    )


def _middleware_finding(name: str, logged: Occurrences, owners: Ownership) -> Finding:
    module, _, class_name = name.rpartition(".")
    frame = Frame(class_name, module.replace(".", "/") + ".py")
    samples = LineSamples()
    samples.entries["middleware", frame] += logged.times
    samples.add(frame, [frame], logged.times)
    finding = samples.finding("sync-middleware", AT_START, (), owners)
    return replace(finding, evidence=Evidence(logged=logged.times), logged=logged)
