"""Stacks to counted worlds and grouped findings: each stack is judged, and what is one fault becomes one finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from asyncspy.analyse import calls, entries, ownership, sinks, worlds
from asyncspy.analyse.calls import Call
from asyncspy.analyse.pattern import last_segment
from asyncspy.analyse.remedies import Site
from asyncspy.model import Frame, Samples, Stack, World


class Violation(NamedTuple):
    """One stack that runs async-unsafe work on the loop; indexes are into its frames."""

    culprit: int
    sink: int
    reached: bool
    allowed: bool
    call: Call
    entry: entries.Found


@dataclass
class Fault:
    """All stacks of one call on one line: what a finding is made from."""

    culprit: Frame
    package: str | None
    call: Call
    reached: int = 0
    heading: int = 0
    allowed: bool = False
    entries: Counter[tuple[str, Frame]] = field(default_factory=Counter)
    sites: Counter[Site] = field(default_factory=Counter)
    chain: tuple[Frame, ...] = ()
    sink: str = ""
    depth: tuple[bool, int] = (False, -1)


FaultKey = tuple[str, int, str, str]


def survey(stacks: Mapping[Stack, int]) -> tuple[Samples, list[Fault]]:
    """Count every stack's world, and gather the violations into faults, strongest first."""
    counts: dict[World, int] = dict.fromkeys(get_args(World), 0)
    faults: dict[FaultKey, Fault] = {}
    for stack, weight in stacks.items():
        judgement = judge(stack.frames)
        counts[judgement.world] += weight
        if judgement.world == "loop":
            violation = violation_in(stack.frames, judgement.boundary)
            if violation is not None:
                _add(faults, stack.frames, violation, weight)
    return _samples(counts), sorted(faults.values(), key=_strength)


def _samples(counts: Mapping[World, int]) -> Samples:
    return Samples(
        total=sum(counts.values()),
        loop=counts["loop"],
        pool=counts["pool"],
        sync=counts["sync"],
        idle=counts["idle"],
        other=counts["other"],
    )


def _strength(fault: Fault) -> tuple[int, int, str, int]:
    return (-fault.reached - fault.heading, -fault.reached, fault.culprit.file, fault.culprit.line)


def judge(frames: Sequence[Frame]) -> worlds.Judgement:
    """Which world the leaf of these frames runs in."""
    if not frames or all(worlds.is_thread_plumbing(frame) for frame in frames):
        return worlds.Judgement("other", -1)
    boundary = next((i for i in range(len(frames) - 1, -1, -1) if worlds.side(frames[i])), -1)
    if worlds.is_idle_leaf(frames[-1]):
        return worlds.Judgement("idle", boundary)
    if boundary < 0:
        return worlds.Judgement("sync", -1)
    return worlds.Judgement(worlds.side(frames[boundary]) or "sync", boundary)


def violation_in(frames: Sequence[Frame], boundary: int) -> Violation | None:
    """The async-unsafe work on a stack whose leaf runs on the loop, if there is any."""
    sink = _nearest_sink(frames, boundary)
    if sink is None:
        return None
    own = [ownership.owner(frame.file) is None for frame in frames]
    culprit = _deepest(range(boundary + 1, sink.limit), lambda i: own[i])
    if culprit < 0:
        culprit = _blamed_package(frames, boundary, sink.limit)
    entry = entries.entry(frames, own, _start_of_loop(frames, boundary), culprit + 1)
    entry = entry or entries.Found(entries.CALLBACK.kind, culprit)
    call = _call(frames, culprit, sink.position)
    return Violation(culprit, sink.position, sink.reached, sink.allowed, call, entry)


def _start_of_loop(frames: Sequence[Frame], boundary: int) -> int:
    """Where the loop's part of the stack begins: below a coroutine's boundary its callers count as well."""
    foreign = next((i for i in range(boundary, -1, -1) if worlds.side(frames[i]) not in {None, "loop"}), -1)
    return foreign + 1


class Sink(NamedTuple):
    """The proof nearest the leaf. The culprit is looked for below `limit`."""

    position: int
    limit: int
    reached: bool
    allowed: bool


def _nearest_sink(frames: Sequence[Frame], boundary: int) -> Sink | None:
    """The proof nearest the leaf; what was reached or let pass on the way to it.

    A run of frames past the guard is one execution, also where the user's own instrumentation stands between them:
    the culprit is whoever began it.
    """
    sink: Sink | None = None
    executing = False
    for index in range(boundary + 1, len(frames)):
        guard = sinks.is_guard(frames[index])
        proof = None if guard else sinks.proof(frames[index], frames[index - 1] if index else None)
        if not guard and proof is None:
            continue
        past = proof is not None and proof.past_guard
        limit = sink.limit if sink and executing and past else index
        reached = guard or past or (sink is not None and sink.reached)
        allowed = past or (guard and _passed(frames, index)) or (sink is not None and sink.allowed)
        sink, executing = Sink(index, limit, reached, allowed), past
    return sink


def _passed(frames: Sequence[Frame], guard: int) -> bool:
    """Whether the guard at this index called what it guards; reading the environment is not that."""
    return guard + 1 < len(frames) and ownership.owner(frames[guard + 1].file) != ownership.STDLIB


def _deepest(indexes: range, wanted: Callable[[int], bool]) -> int:
    return next((index for index in reversed(indexes) if wanted(index)), -1)


def _blamed_package(frames: Sequence[Frame], boundary: int, limit: int) -> int:
    """No own code on the way: the deepest frame of a package that is no framework, else where Django begins."""
    way = range(boundary + 1, limit)
    foreign = _deepest(way, lambda i: ownership.owner(frames[i].file) not in ownership.FRAMEWORK)
    if foreign >= 0:
        return foreign
    first_call = next((i for i in way if calls.CALLS.match(frames[i])), limit)
    before = _deepest(range(boundary + 1, first_call), lambda i: ownership.owner(frames[i].file) != ownership.STDLIB)
    return before if before >= 0 else max(boundary, 0)


def _call(frames: Sequence[Frame], culprit: int, sink: int) -> Call:
    """What the culprit called: the first frame that a rule names, else the first frame after it."""
    for index in range(culprit + 1, sink + 1):
        found = calls.CALLS.match(frames[index])
        if found is not None:
            return found
    first = next((i for i in range(culprit + 1, sink + 1) if not sinks.is_guard(frames[i])), None)
    if first is None:
        return Call("a guarded connection method")
    proof = sinks.proof(frames[first], frames[first - 1])
    return Call(proof.name if proof else frames[first].function)


def _add(faults: dict[FaultKey, Fault], frames: Sequence[Frame], violation: Violation, weight: int) -> None:
    culprit = frames[violation.culprit]
    key = (culprit.file, culprit.line, last_segment(culprit.function), violation.call.name)
    fault = faults.setdefault(key, Fault(culprit, ownership.owner(culprit.file), violation.call))
    if violation.reached:
        fault.reached += weight
    else:
        fault.heading += weight
    fault.allowed = fault.allowed or violation.allowed
    fault.entries[violation.entry.kind, frames[violation.entry.position]] += weight
    fault.sites[_site(frames, violation)] += weight
    depth = (violation.reached, violation.sink - violation.culprit)
    if depth > fault.depth:
        fault.depth = depth
        fault.chain = tuple(frames[violation.entry.position : violation.sink + 1])
        fault.sink = _sink_name(frames, violation.sink)


def _site(frames: Sequence[Frame], violation: Violation) -> Site:
    """The way from the entry to the culprit, and what the culprit called."""
    beyond = violation.culprit + 1
    return Site(tuple(frames[violation.entry.position : beyond]), tuple(frames[beyond : violation.sink + 1]))


def _sink_name(frames: Sequence[Frame], sink: int) -> str:
    """The sink by its rule's name, so that recordings without class names say the same."""
    proof = sinks.proof(frames[sink], frames[sink - 1] if sink else None)
    if proof is not None:
        return proof.name
    return "async_unsafe"
