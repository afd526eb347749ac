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
    sink, reached, allowed = _nearest_sink(frames, boundary)
    if sink < 0:
        return None
    start = boundary + 1
    own = [ownership.owner(frame.file) is None for frame in frames]
    culprit = _deepest(range(start, sink), lambda i: own[i])
    if culprit < 0:
        culprit = _blamed_package(frames, start, sink)
    entry = entries.entry(frames, own, _start_of_loop(frames, boundary), sink)
    entry = entry or entries.Found(entries.CALLBACK.kind, culprit)
    return Violation(culprit, sink, reached, allowed, _call(frames, culprit, sink), entry)


def _start_of_loop(frames: Sequence[Frame], boundary: int) -> int:
    """Where the loop's part of the stack begins: below a coroutine's boundary its callers count as well."""
    foreign = next((i for i in range(boundary, -1, -1) if worlds.side(frames[i]) in {"pool", "other"}), -1)
    return foreign + 1


def _nearest_sink(frames: Sequence[Frame], boundary: int) -> tuple[int, bool, bool]:
    """The proof nearest the leaf; whether the guard was reached; whether it let the call pass."""
    sink, reached, allowed = -1, False, False
    for index in range(boundary + 1, len(frames)):
        frame = frames[index]
        if sinks.is_guard(frame):
            sink, reached = index, True
            allowed = allowed or _passed(frames, index)
            continue
        proof = sinks.proof(frame, frames[index - 1] if index else None)
        if proof is not None:
            sink = index
            reached, allowed = reached or proof.past_guard, allowed or proof.past_guard
    return sink, reached, allowed


def _passed(frames: Sequence[Frame], guard: int) -> bool:
    """Whether the guard at this index called what it guards; reading the environment is not that."""
    return guard + 1 < len(frames) and ownership.owner(frames[guard + 1].file) != ownership.STDLIB


def _deepest(indexes: range, wanted: Callable[[int], bool]) -> int:
    return next((index for index in reversed(indexes) if wanted(index)), -1)


def _blamed_package(frames: Sequence[Frame], start: int, sink: int) -> int:
    """No own code on the way: the deepest frame of a package that is no framework, else where Django begins."""
    foreign = _deepest(range(start, sink), lambda i: ownership.owner(frames[i].file) not in ownership.FRAMEWORK)
    if foreign >= 0:
        return foreign
    first_call = next((i for i in range(start, sink) if calls.CALLS.match(frames[i])), sink)
    return _deepest(range(start, first_call), lambda i: ownership.owner(frames[i].file) != ownership.STDLIB) or start


def _call(frames: Sequence[Frame], culprit: int, sink: int) -> Call:
    """What the culprit called: the first frame that a rule names, else the first frame after it."""
    for index in range(culprit + 1, sink + 1):
        found = calls.CALLS.match(frames[index])
        if found is not None:
            return found
    beyond = frames[culprit + 1 : sink + 1]
    named = next((frame for frame in beyond if not sinks.is_guard(frame)), None)
    return Call(named.function if named else "a guarded connection method")


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
    """The culprit with the own frame that called it, and what stands between them."""
    before = range(violation.entry.position, violation.culprit)
    caller = _deepest(before, lambda i: ownership.owner(frames[i].file) is None)
    culprit = frames[violation.culprit]
    return (
        Site(culprit, frames[caller], tuple(frames[caller + 1 : violation.culprit])) if caller >= 0 else Site(culprit)
    )


def _sink_name(frames: Sequence[Frame], sink: int) -> str:
    """The sink by its rule's name, so that recordings without class names say the same."""
    proof = sinks.proof(frames[sink], frames[sink - 1] if sink else None)
    if proof is not None:
        return proof.name
    return "async_unsafe"
