"""Takes findings and the events that logs tell of; gives the findings with those events, and findings of their own.

A traceback in a log is no stack: it holds the frames between where the exception was caught and where it was raised,
often with a thread pool's near the root though the raise was on the loop. So worlds are not asked for here: the
exception's name has said all, and the user's frame nearest the raise is the culprit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from asyncspy.analyse.stacks import sinks
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.analyse.unsafe.violations import Fault, FaultKey, add, find_violation
from asyncspy.model.findings import Culprit, Entry, Evidence, Finding, Remedy
from asyncspy.model.merging import merge_occurrences
from asyncspy.model.stacks import ChainFrame, Event, Frame, Occurrences, Stack

RAISE = Frame("inner", "django/utils/asyncio.py")
CONVERT = Remedy(
    "make it work with an async get_response: set sync_capable and async_capable, or decorate it with "
    "sync_and_async_middleware"
)
AT_START = "Asynchronous handler adapted"

Making = Callable[[Fault], Finding]


@dataclass
class Told:
    """All that the logs tell of one fault."""

    fault: Fault
    logged: Occurrences | None = None
    cut: bool = True
    """Whether every one of its tracebacks begins half way up."""

    @property
    def times(self) -> int:
        """How often it was logged."""
        return self.logged.times if self.logged else 0


def add_logged(
    findings: tuple[Finding, ...], events: Mapping[Event, Occurrences], make: Making, owners: Ownership
) -> tuple[Finding, ...]:
    """Findings of samples with what logs say of the same line and call; then those that only logs tell of."""
    if not events:
        return findings
    waiting = _told(events, owners)
    made = {id(one): make(one.fault) for one in waiting}
    merged = []
    for finding in findings:
        is_same_line = [one for one in waiting if is_same_call(finding, made[id(one)])]
        waiting = [one for one in waiting if one not in is_same_line]
        merged.append(_with(finding, is_same_line))
    only_logged = sorted(waiting, key=lambda one: (-one.times, one.fault.culprit))
    merged += [_finding(one, made[id(one)], findings) for one in only_logged]
    return (*merged, *_middleware(events, merged, owners))


def _told(events: Mapping[Event, Occurrences], owners: Ownership) -> list[Told]:
    """The violations by their line and call."""
    faults: dict[FaultKey, Fault] = {}
    told: dict[int, Told] = {}
    for event, logged in events.items():
        if event.kind != "async-unsafe" or not event.frames or event.captured is not None:
            continue
        fault = _add_to(faults, event.frames, logged.times, owners)
        one = told.setdefault(id(fault), Told(fault))
        one.logged = merge_occurrences(one.logged, logged)
        caught_half_way = owners.of(event.frames[0]) is None
        one.cut = one.cut and (not event.whole or caught_half_way)
    return list(told.values())


def _add_to(faults: dict[FaultKey, Fault], frames: tuple[Frame, ...], times: int, owners: Ownership) -> Fault:
    """The fault that these frames tell of, counted; where the guard's own frame is missing, it is put back."""
    guards = [index for index, frame in enumerate(frames) if sinks.is_guard(frame)]
    frames = frames[: guards[-1] + 1] if guards else (*frames, RAISE)
    violation = find_violation(frames, -1, owners)
    if violation is None:
        raise AssertionError("a stack that ends in the guard is a violation")
    return faults[add(faults, Stack(frames), violation, times, owners)]


def is_same_call(finding: Finding, told: Finding) -> bool:
    """Whether both mean the same call on the same line; recordings shorten files, and logs shorten functions."""
    return (
        finding.kind == "async-unsafe"
        and finding.call == told.call
        and is_same_line(finding.culprit.frame, told.culprit.frame)
    )


def is_same_line(one: Frame | ChainFrame, other: Frame | ChainFrame) -> bool:
    """Whether both are one line of code, though one has its file shortened or its function unqualified."""
    return (
        one.line == other.line
        and last_segment(one.function) == last_segment(other.function)
        and _is_end(one.file, other.file)
    )


def _is_end(one: str, other: str) -> bool:
    return one == other or one.endswith("/" + other) or other.endswith("/" + one)


def _with(finding: Finding, told: Sequence[Told]) -> Finding:
    for one in told:
        logged = merge_occurrences(finding.logged, one.logged) if one.logged else finding.logged
        times = logged.times if logged else 0
        finding = replace(finding, logged=logged, evidence=replace(finding.evidence, logged=times))
    return finding


def _finding(one: Told, made: Finding, sampled: Sequence[Finding]) -> Finding:
    """A finding that only logs tell of, with its outer part from a sampled chain if its own was cut off."""
    finding = replace(made, evidence=Evidence(logged=one.times), allowed=False, logged=one.logged)
    outer = _outer_part(finding.chain, sampled) if one.cut else None
    if outer is None:
        return finding
    entries, chain = outer
    return replace(finding, entries=entries, chain=(*chain, *finding.chain), completed=True)


def _outer_part(
    chain: tuple[ChainFrame, ...], sampled: Sequence[Finding]
) -> tuple[tuple[Entry, ...], tuple[ChainFrame, ...]] | None:
    """The entries and the links above, of the sampled chain that passes through where this one begins."""
    for finding in sampled:
        for index, link in enumerate(finding.chain):
            if index and chain and is_same_line(link, chain[0]):
                return finding.entries, finding.chain[:index]
    return None


def _middleware(events: Mapping[Event, Occurrences], findings: Sequence[Finding], owners: Ownership) -> list[Finding]:
    """The middleware for which the async handler was adapted when the workers started."""
    adapted = {event.subject: logged for event, logged in events.items() if event.kind == "sync-middleware"}
    unknown = [name for name in adapted if not _is_known(name, findings)]
    return [_sync_middleware(name, adapted[name], owners) for name in sorted(unknown, key=lambda n: -adapted[n].times)]


def _is_known(name: str, findings: Sequence[Finding]) -> bool:
    """Whether samples have shown this middleware's frames already."""
    module, _, class_name = name.rpartition(".")
    return any(
        finding.kind == "sync-middleware"
        and finding.culprit.frame.function.partition(".")[0] == class_name
        and _is_end(finding.culprit.frame.file.removesuffix(".py"), module.replace(".", "/"))
        for finding in findings
    )


def _sync_middleware(name: str, logged: Occurrences, owners: Ownership) -> Finding:
    module, _, class_name = name.rpartition(".")
    frame = Frame(class_name, module.replace(".", "/") + ".py")
    package = owners.of(frame)
    return Finding(
        kind="sync-middleware",
        evidence=Evidence(logged=logged.times),
        allowed=False,
        culprit=Culprit(frame, package),
        call=AT_START,
        sink=None,
        entries=(Entry("middleware", frame, logged.times),),
        chain=(ChainFrame(*frame, package),),
        remedies=(CONVERT,),
        logged=logged,
    )
