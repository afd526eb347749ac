"""Takes findings and the events that logs tell of; gives the findings with those events, and findings of their own.

A traceback in a log is no stack: it holds the frames between where the exception was caught and where it was raised,
often with a thread pool's near the root though the raise was on the loop. So worlds are not asked for here: the
exception's name has said all, and the user's frame nearest the raise is the culprit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from asyncspy.analyse import ownership, sinks
from asyncspy.analyse.findings import Fault, FaultKey, Violation, _add, violation_in
from asyncspy.analyse.pattern import last_segment
from asyncspy.analyse.remedies import Source, remedies
from asyncspy.model import Culprit, Entry, Event, Evidence, Finding, Frame, Link, Logged, Remedy, seen_again

RAISE = Frame("inner", "django/utils/asyncio.py")
CONVERT = Remedy(
    "make it work with an async get_response: set sync_capable and async_capable, or decorate it with "
    "sync_and_async_middleware"
)
AT_START = "Asynchronous handler adapted"


@dataclass
class Told:
    """All that the logs tell of one fault."""

    fault: Fault
    logged: Logged | None = None
    cut: bool = True
    """Whether every one of its tracebacks begins half way up."""
    roots: list[Frame] = field(default_factory=list)


def with_logged(
    findings: Sequence[Finding], events: Mapping[Event, Logged], *, source: Source, django: str | None
) -> tuple[Finding, ...]:
    """Findings of samples with what logs say of the same line and call; then those that only logs tell of."""
    if not events:
        return tuple(findings)
    told = list(_told(events).values())
    merged = []
    for finding in findings:
        same = [one for one in told if _is_same(finding, one.fault)]
        told = [one for one in told if one not in same]
        merged.append(_with(finding, same))
    own = sorted(told, key=lambda one: (-_count(one), one.fault.culprit))
    sampled = [finding for finding in merged if finding.kind == "async-unsafe"]
    merged += [_finding(one, sampled, source=source, django=django) for one in own]
    return (*merged, *_middleware(events, merged))


def _told(events: Mapping[Event, Logged]) -> dict[FaultKey, Told]:
    """The violations by their line and call."""
    told: dict[FaultKey, Told] = {}
    for event, logged in events.items():
        if event.kind != "async-unsafe" or not event.frames:
            continue
        frames, violation = _judged(event.frames)
        faults: dict[FaultKey, Fault] = {}
        _add(faults, frames, violation, logged.times)
        ((key, fault),) = faults.items()
        one = told.setdefault(key, Told(fault))
        if one.fault is not fault:
            one.fault.entries.update(fault.entries)
            one.fault.sites.update(fault.sites)
            one.fault.chain = max(one.fault.chain, fault.chain, key=len)
        one.logged = seen_again(one.logged, logged)
        caught_half_way = ownership.owner(frames[0].file) is None
        one.cut = one.cut and (not event.whole or caught_half_way)
        one.roots.append(frames[0])
    return told


def _judged(frames: tuple[Frame, ...]) -> tuple[tuple[Frame, ...], Violation]:
    """The frames with the culprit found in them; where the guard's own frame is missing, it is put back."""
    guards = [index for index, frame in enumerate(frames) if sinks.is_guard(frame)]
    frames = frames[: guards[-1] + 1] if guards else (*frames, RAISE)
    violation = violation_in(frames, -1)
    if violation is None:
        raise AssertionError("a stack that ends in the guard is a violation")
    return frames, violation


def _is_same(finding: Finding, fault: Fault) -> bool:
    """Whether both mean the same call on the same line; recordings shorten files, and logs shorten functions."""
    here, there = finding.culprit.frame, fault.culprit
    return (
        finding.kind == "async-unsafe"
        and here.line == there.line
        and last_segment(here.function) == last_segment(there.function)
        and finding.call == fault.call.name
        and same_source(here.file, there.file)
    )


def same_source(one: str, other: str) -> bool:
    """Whether one name is the other or its end."""
    return one == other or one.endswith("/" + other) or other.endswith("/" + one)


def _with(finding: Finding, same: Sequence[Told]) -> Finding:
    for one in same:
        logged = seen_again(finding.logged, one.logged) if one.logged else finding.logged
        count = logged.times if logged else 0
        finding = replace(finding, logged=logged, evidence=replace(finding.evidence, logged=count))
    return finding


def _count(one: Told) -> int:
    return one.logged.times if one.logged else 0


def _finding(one: Told, sampled: Sequence[Finding], *, source: Source, django: str | None) -> Finding:
    """A finding that only logs tell of, with its outer part from a sampled chain if its own was cut off."""
    fault = one.fault
    site, _ = fault.sites.most_common(1)[0]
    chain = tuple(Link(*frame, ownership.owner(frame.file)) for frame in fault.chain)
    outer = _outer_part(chain, sampled) if one.cut else None
    entries = tuple(Entry(kind, frame, weight) for (kind, frame), weight in fault.entries.most_common())
    return Finding(
        kind="async-unsafe",
        evidence=Evidence(logged=_count(one)),
        allowed=False,
        culprit=Culprit(fault.culprit, fault.package),
        call=fault.call.name,
        sink=fault.sink,
        entries=outer[0] if outer else entries,
        chain=(*outer[1], *chain) if outer else chain,
        remedies=remedies(fault.call, site, source=source, django=django),
        logged=one.logged,
        completed=outer is not None,
    )


def _outer_part(
    chain: tuple[Link, ...], sampled: Sequence[Finding]
) -> tuple[tuple[Entry, ...], tuple[Link, ...]] | None:
    """The entries and the links above, of the sampled chain that passes through where this one begins."""
    for finding in sampled:
        for index, link in enumerate(finding.chain):
            if index and _is_same_link(link, chain[0]):
                return finding.entries, finding.chain[:index]
    return None


def _is_same_link(one: Link, other: Link) -> bool:
    return (
        one.line == other.line
        and last_segment(one.function) == last_segment(other.function)
        and same_source(one.file, other.file)
    )


def _middleware(events: Mapping[Event, Logged], findings: Sequence[Finding]) -> list[Finding]:
    """The middleware for which the async handler was adapted when the workers started."""
    counts: Counter[str] = Counter()
    seen: dict[str, Logged] = {}
    for event, logged in events.items():
        if event.kind == "sync-middleware":
            seen[event.subject] = seen_again(seen.get(event.subject), logged)
            counts[event.subject] += logged.times
    return [_sync_middleware(name, seen[name]) for name, _ in counts.most_common() if not _is_known(name, findings)]


def _is_known(name: str, findings: Sequence[Finding]) -> bool:
    """Whether samples have shown this middleware's frames already."""
    module, _, class_name = name.rpartition(".")
    file = module.replace(".", "/")
    return any(
        finding.kind == "sync-middleware"
        and finding.culprit.frame.function.partition(".")[0] == class_name
        and same_source(finding.culprit.frame.file.removesuffix(".py"), file)
        for finding in findings
    )


def _sync_middleware(name: str, logged: Logged) -> Finding:
    module, _, class_name = name.rpartition(".")
    frame = Frame(class_name, module.replace(".", "/") + ".py")
    package = ownership.owner(frame.file)
    return Finding(
        kind="sync-middleware",
        evidence=Evidence(logged=logged.times),
        allowed=False,
        culprit=Culprit(frame, package),
        call=AT_START,
        sink=None,
        entries=(Entry("middleware", frame, logged.times),),
        chain=(Link(*frame, package),),
        remedies=(CONVERT,),
        logged=logged,
    )
