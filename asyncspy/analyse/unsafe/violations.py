"""Stacks to counted worlds and grouped findings: each stack is judged, and what is one fault becomes one finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from asyncspy.analyse.remedy.fixes import CONNECTION, Call, Fix, result_fixes
from asyncspy.analyse.remedy.remedies import Site
from asyncspy.analyse.stacks import chains, entries, sinks
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.packages import FRAMEWORK, STDLIB
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.analyse.stacks.worlds import StackVerdict, judge_stack, loop_start
from asyncspy.analyse.unsafe import culprits
from asyncspy.model.findings import SampleCounts, World
from asyncspy.model.stacks import ChainFrame, Frame, Stack, distinct_frames

WRAPPED_AT = frozenset({"middleware", "callback", "import of the app"})
"""Entries whose closures are the thing itself, and no decorator's wrapper around it."""


class Violation(NamedTuple):
    """One stack that runs async-unsafe work on the loop; indexes are into its frames."""

    culprit: int
    sink: int
    reached: bool
    allowed: bool
    call: Call
    entry: entries.EntryPosition
    by_name: bool = False


@dataclass
class Fault:
    """All stacks of one call on one line: what a finding is made from."""

    culprit: Frame
    package: str | None
    reached: int = 0
    heading: int = 0
    allowed: bool = False
    by_name: bool = False
    calls: Counter[Call] = field(default_factory=Counter)
    entries: Counter[tuple[str, Frame]] = field(default_factory=Counter)
    sites: Counter[Site] = field(default_factory=Counter)
    pids: Counter[int | None] = field(default_factory=Counter)
    chain: tuple[ChainFrame, ...] = ()
    sink: str = ""
    rank: tuple[bool, int, tuple[Frame, ...]] | None = None

    @property
    def call(self) -> Call:
        """The call under the name that most samples saw it by, if there is one that says which it was."""
        return min(self.calls, key=lambda call: (call == CONNECTION, -self.calls[call], call.name))

    @property
    def site(self) -> Site:
        """The most frequent way in, for the remedies."""
        return min(self.sites, key=lambda site: (-self.sites[site], repr(site)))

    @property
    def weight(self) -> int:
        """All its samples."""
        return self.reached + self.heading


FaultKey = tuple[str, int, str, str | tuple[Fix, ...]]


class Survey(NamedTuple):
    """What a profile's stacks come to: how many ran where, the faults, and each process's samples on the loop.

    `judgements` are those of the stacks, in their order.
    """

    samples: SampleCounts
    faults: list[Fault]
    loop_by_pid: Mapping[int | None, int]
    judgements: list[StackVerdict]


def survey(stacks: Mapping[Stack, int], owners: Ownership | None = None) -> Survey:
    """Count every stack's world, and gather the violations into faults, strongest first."""
    owners = owners or Ownership()
    counts: dict[World, int] = dict.fromkeys(get_args(World), 0)
    faults: dict[FaultKey, Fault] = {}
    by_pid: Counter[int | None] = Counter()
    judgements = [judge_stack(stack.frames) for stack in stacks]
    telling = {frame for frame in distinct_frames(stacks) if sinks.may_be_sink(frame)}
    for (stack, weight), judgement in zip(stacks.items(), judgements, strict=True):
        counts[judgement.world] += weight
        if judgement.world == "loop":
            by_pid[stack.pid] += weight
            if telling.isdisjoint(stack.frames):
                continue
            violation = find_violation(stack.frames, judgement.boundary, owners)
            if violation is not None:
                add(faults, stack, violation, weight, owners)
    return Survey(_samples(counts), sorted(faults.values(), key=_strength), by_pid, judgements)


def _samples(counts: Mapping[World, int]) -> SampleCounts:
    return SampleCounts(
        total=sum(counts.values()),
        loop=counts["loop"],
        pool=counts["pool"],
        sync=counts["sync"],
        idle=counts["idle"],
        other=counts["other"],
    )


def _strength(fault: Fault) -> tuple[int, int, Frame, str]:
    return (-fault.weight, -fault.reached, fault.culprit, fault.call.name)


def find_violation(frames: Sequence[Frame], boundary: int, owners: Ownership | None = None) -> Violation | None:
    """The async-unsafe work on a stack whose leaf runs on the loop, if there is any."""
    owners = owners or Ownership()
    sink, reached, allowed = _nearest_sink(frames, boundary, owners)
    if sink < 0:
        return None
    found = culprits.find_culprit(frames, boundary + 1, sink, owners)
    entry = _entry(frames, boundary, found, owners)
    call = culprits.find_call(frames, found.position, sink)
    fixes = result_fixes(_at_work(frames, boundary, found.position, sink, owners))
    call = call._replace(fixes=fixes) if fixes else call
    return Violation(found.position, sink, reached, allowed, call, entry, found.by_name)


def _at_work(frames: Sequence[Frame], boundary: int, culprit: int, sink: int, owners: Ownership) -> Iterator[Frame]:
    """The frames that the fault is among: beyond the culprit, or of packages where no line is the user's own."""
    package = owners.of(frames[culprit])
    start = culprit if package is None or package in FRAMEWORK else boundary + 1
    return (frame for frame in frames[start:sink] if start == culprit or owners.of(frame) not in FRAMEWORK)


def _entry(frames: Sequence[Frame], boundary: int, found: culprits.Blame, owners: Ownership) -> entries.EntryPosition:
    """The door that the work came in by; a decorator's wrapper is passed for what it wraps."""
    own = culprits.own_frames(frames, found, owners)
    package = owners.of(frames[found.position])
    if package is not None and package not in FRAMEWORK:
        own = [owners.of(frame) == package and not entries.DISPATCHERS.match(frame) for frame in frames]
    start, end = loop_start(frames, boundary), found.position + 1
    entry = entries.find_entry(frames, own, start, end)
    if entry is None:
        return entries.EntryPosition(entries.innermost_dispatcher(frames[start:end]).kind, found.position)
    if entry.kind in WRAPPED_AT:
        return entry
    return entry._replace(position=chains.past_wrappers(frames, own, entry.position, end))


def _nearest_sink(frames: Sequence[Frame], boundary: int, owners: Ownership) -> tuple[int, bool, bool]:
    """The proof nearest the leaf; whether the guard was reached; whether it let the call pass."""
    sink, reached, allowed = -1, False, False
    for index in range(boundary + 1, len(frames)):
        frame = frames[index]
        if sinks.is_guard(frame):
            sink, reached = index, True
            allowed = allowed or _passed(frames, index, owners)
            continue
        proof = sinks.sink_at(frame, frames[index - 1] if index else None)
        if proof is not None:
            sink = index
            reached, allowed = reached or proof.past_guard, allowed or proof.past_guard
    return sink, reached, allowed


def _passed(frames: Sequence[Frame], guard: int, owners: Ownership) -> bool:
    """Whether the guard at this index called what it guards; reading the environment is not that."""
    return guard + 1 < len(frames) and owners.of(frames[guard + 1]) != STDLIB


def add(faults: dict[FaultKey, Fault], stack: Stack, violation: Violation, weight: int, owners: Ownership) -> FaultKey:
    """Count a violation to its fault, and give the key of that."""
    frames = stack.frames
    culprit = chains.display_frame(frames, violation.culprit)
    called = violation.call.fixes or violation.call.name  # what is mended in one way is one call, by whatever name
    key = (culprit.file, culprit.line, last_segment(culprit.function), called)
    fault = faults.setdefault(key, Fault(culprit, owners.of(frames[violation.culprit])))
    fault.culprit = max(fault.culprit, culprit, key=lambda frame: (len(frame.function), frame))
    if violation.reached:
        fault.reached += weight
    else:
        fault.heading += weight
    fault.allowed = fault.allowed or violation.allowed
    fault.by_name = fault.by_name or violation.by_name
    fault.calls[violation.call] += weight
    fault.entries[violation.entry.kind, chains.display_frame(frames, violation.entry.position)] += weight
    fault.sites[_site(frames, violation)] += weight
    fault.pids[stack.pid] += weight
    _show(fault, frames, violation, owners)
    return key


def _show(fault: Fault, frames: Sequence[Frame], violation: Violation, owners: Ownership) -> None:
    """Keep the stack that got furthest as the one to show; which of equals is no matter of their order."""
    way = tuple(frames[violation.entry.position : violation.sink + 1])
    rank = (violation.reached, violation.sink - violation.culprit, way)
    if fault.rank is not None and rank <= fault.rank:
        return
    fault.rank = rank
    fault.chain = chains.display_chain(way, owners.of)
    fault.sink = _sink_name(frames, violation.sink)


def _site(frames: Sequence[Frame], violation: Violation) -> Site:
    """The way from the entry to the culprit, and what the culprit called."""
    beyond = violation.culprit + 1
    return Site(tuple(frames[violation.entry.position : beyond]), tuple(frames[beyond : violation.sink + 1]))


def _sink_name(frames: Sequence[Frame], sink: int) -> str:
    """The sink by its rule's name, so that recordings without class names say the same."""
    proof = sinks.sink_at(frames[sink], frames[sink - 1] if sink else None)
    if proof is not None:
        return proof.name
    return "async_unsafe"
