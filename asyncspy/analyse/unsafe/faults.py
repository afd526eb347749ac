"""Group violations into faults, one for each call on a line of code, and make a finding of each fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from asyncspy.analyse import confidence
from asyncspy.analyse.remedy.fixes import CONNECTION, RESULTS, Call, Fix
from asyncspy.analyse.remedy.remedies import find_remedies
from asyncspy.analyse.remedy.source_line import SourceReader, parse_line
from asyncspy.analyse.stacks import chains, recording_facts, sinks
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import distinct_frames, last_segment
from asyncspy.analyse.stacks.worlds import StackVerdict
from asyncspy.analyse.unsafe.violations import LastSink, Violation, find_last_sink, violation_at
from asyncspy.model.findings import Culprit, Entry, Evidence, Finding, PackageCall, WorkerShare
from asyncspy.model.stacks import Frame, Origin, Stack

Route = tuple[tuple[Frame, ...], tuple[Frame, ...]]
"""The frames from an entry to a culprit, and those from there to the sink."""


@dataclass
class Fault:
    """All violations of one call on one line: what a finding is made from."""

    culprit: Frame
    package: str | None
    example: Violation
    reached: int = 0
    heading: int = 0
    allowed: bool = False
    by_name: bool = False
    calls: Counter[Call] = field(default_factory=Counter)
    entries: Counter[tuple[str, Frame]] = field(default_factory=Counter)
    routes: Counter[Route] = field(default_factory=Counter)
    pids: Counter[int | None] = field(default_factory=Counter)

    @property
    def call(self) -> Call:
        """The call under the name that most samples saw it by, if there is one that says which it was."""
        return min(self.calls, key=lambda call: (call == CONNECTION, -self.calls[call], call.name))

    @property
    def route(self) -> Route:
        """The most frequent way in, for the remedies."""
        return min(self.routes, key=lambda route: (-self.routes[route], repr(route)))

    @property
    def weight(self) -> int:
        """All its samples."""
        return self.reached + self.heading

    def add(self, violation: Violation, weight: int, pid: int | None = None) -> None:
        """Count a violation; the one that got furthest is kept as the example."""
        culprit = chains.display_frame(violation.frames, violation.culprit)
        self.culprit = max(self.culprit, culprit, key=lambda frame: (len(frame.function), frame))
        if violation.reached:
            self.reached += weight
        else:
            self.heading += weight
        self.allowed = self.allowed or violation.allowed
        self.by_name = self.by_name or violation.by_name
        self.calls[violation.call] += weight
        self.entries[violation.entry_kind, chains.display_frame(violation.frames, violation.entry)] += weight
        self.routes[violation.path, violation.beyond] += weight
        self.pids[pid] += weight
        self.example = max(self.example, violation, key=_progress)


FaultKey = tuple[str, int, str, str | tuple[Fix, ...]]


def find_faults(stacks: Mapping[Stack, int], verdicts: Sequence[StackVerdict], owners: Ownership) -> list[Fault]:
    """The faults that stacks on the loop show, strongest first.

    Many stacks differ only beyond the sink, and are judged once.
    """
    faults: dict[FaultKey, Fault] = {}
    alike: Counter[tuple[tuple[Frame, ...], int, LastSink, int | None]] = Counter()
    possible_sinks = {frame for frame in distinct_frames(stacks) if sinks.may_be_sink(frame)}
    for (stack, weight), verdict in zip(stacks.items(), verdicts, strict=True):
        if verdict.world != "loop" or possible_sinks.isdisjoint(stack.frames):
            continue
        sink = find_last_sink(stack.frames, verdict.boundary, owners)
        if sink is not None:
            alike[stack.frames[: sink.place + 2], verdict.boundary, sink, stack.pid] += weight
    for (frames, boundary, sink, pid), weight in alike.items():
        violation = violation_at(sink, frames, boundary, owners)
        fault_of(violation, faults, owners).add(violation, weight, pid)
    return sorted(faults.values(), key=_strength)


def fault_of(violation: Violation, faults: dict[FaultKey, Fault], owners: Ownership) -> Fault:
    """The fault that a violation belongs to; calls that are fixed in one way are one call, whatever their names."""
    culprit = chains.display_frame(violation.frames, violation.culprit)
    called = violation.call.fixes or violation.call.name
    key = (culprit.file, culprit.line, last_segment(culprit.function), called)
    if key not in faults:
        faults[key] = Fault(culprit, owners.of(violation.frames[violation.culprit]), violation)
    return faults[key]


def _progress(violation: Violation) -> tuple[bool, int, tuple[Frame, ...]]:
    """How far a violation got; ties are broken by its route, so that the order of stacks does not matter."""
    return violation.reached, violation.sink - violation.culprit, violation.route


def _strength(fault: Fault) -> tuple[int, int, Frame, str]:
    return (-fault.weight, -fault.reached, fault.culprit, fault.call.name)


def fault_finding(fault: Fault, *, source: SourceReader, django: str | None, owners: Ownership) -> Finding:
    """The finding of a fault, but for its share of the loop's time."""
    path, beyond = fault.route
    on_behalf = fault.package is not None and fault.call.fixes in RESULTS
    entries = sorted(fault.entries.items(), key=lambda item: (-item[1], item[0]))
    return Finding(
        kind="async-unsafe",
        evidence=Evidence(reached=fault.reached, heading=fault.heading),
        allowed=fault.allowed,
        culprit=Culprit(
            fault.culprit,
            fault.package,
            by_name=fault.by_name,
            on_behalf=on_behalf,
            beside_own=fault.package is not None and fault.example.passes_own,
        ),
        call=_call_as_written(fault, source),
        sink=fault.example.sink_name,
        via=_package_call(fault.example),
        entries=tuple(Entry(kind, frame, weight) for (kind, frame), weight in entries),
        chain=chains.display_chain(fault.example.route, owners.of),
        remedies=find_remedies(fault.call, path, beyond, source=source, django=django, owners=owners),
    )


def _package_call(violation: Violation) -> PackageCall | None:
    """The package's function that makes the call for the culprit, as the chain shows it."""
    if violation.via is None:
        return None
    frames = violation.frames
    return PackageCall(chains.display_frame(frames, violation.via), chains.display_frame(frames, violation.called))


def _call_as_written(fault: Fault, source: SourceReader) -> str:
    """The call's name; a connection's method as its line spells it: `connections["audit"].cursor`."""
    call, culprit = fault.call, fault.culprit
    line = parse_line(source(culprit.file), culprit.line) if call.fixes == CONNECTION.fixes else None
    return (line.call_text(sinks.CONNECTION_METHODS) if line else None) or call.name


def with_shares(
    finding: Finding, fault: Fault, loop_by_pid: Mapping[int | None, int], origins: Sequence[Origin]
) -> Finding:
    """The finding with its share of the loop's samples, of all processes and of each."""
    workers = _worker_shares(fault, loop_by_pid) if recording_facts.pids_are_unique(origins) else ()
    return replace(
        finding,
        share=confidence.share(fault.weight, sum(loop_by_pid.values())),
        workers=workers,
        allowed=fault.allowed or recording_facts.guard_is_off(origins),
    )


def _worker_shares(fault: Fault, loop_by_pid: Mapping[int | None, int]) -> tuple[WorkerShare, ...]:
    """Each watched process's share, those without any included; nothing where no recording says which it was."""
    if set(loop_by_pid) == {None}:
        return ()
    shares = [
        WorkerShare(pid, fault.pids[pid], confidence.share(fault.pids[pid], loop)) for pid, loop in loop_by_pid.items()
    ]
    return tuple(sorted(shares, key=lambda one: (-one.samples, one.pid is None, one.pid or 0)))
