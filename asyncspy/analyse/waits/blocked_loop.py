"""Samples that count waits, to what the loops did with their time, and the lines of code that blocked them.

A sample says where a thread was, not whether it waited. Some leaves can only be a wait (blocking.py); for any other
line the source is asked, then a recording of who held the GIL, and where neither tells, the finding says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from asyncspy.analyse import confidence
from asyncspy.analyse.hops import hop_costs
from asyncspy.analyse.ranking import most_common, ranked
from asyncspy.analyse.remedy.source_line import SourceReader, parse_line
from asyncspy.analyse.stacks import entries, packages, recording_facts, worlds
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.worlds import judge_stack, loop_start
from asyncspy.analyse.unsafe.violations import find_violation
from asyncspy.analyse.waits import blocking_calls
from asyncspy.model.findings import Culprit, Entry, Evidence, Finding, Interval, LoopTime, Wait
from asyncspy.model.stacks import ChainFrame, Frame, Origin, Profile, Stack


class Threshold(NamedTuple):
    """From when on something is a finding: so many samples, and at least this share (its lower bound)."""

    samples: int
    share: float


WAITING = Threshold(3, 0.005)
"""Of a line that is known to wait whenever it is seen."""

SHORT = Threshold(5, 0.05)
"""Of one that may also return at once: a lock that is free, a socket that has data, a file in memory."""

HOLDING = Threshold(20, 0.25)
"""Of one that may as well compute: only where a single line keeps the loop for a good part of the time."""

COMPUTES, RESTS = 0.5, 0.2
"""Of the time that a line is on the loop: holding the GIL for more than the first it computes, for less than the
second it waits."""

Line = tuple[str, int]


class BlockingLine(NamedTuple):
    """A stack that keeps the loop: whose line that is (an index), what it called, and what it waits for."""

    culprit: int
    call: str
    wait: Wait


@dataclass
class _Blocker:
    """All samples of one call on one line."""

    call: str
    waits: Counter[Wait] = field(default_factory=Counter)
    weight: int = 0
    frames: Counter[Frame] = field(default_factory=Counter)
    entries: Counter[tuple[str, Frame]] = field(default_factory=Counter)
    pids: set[int | None] = field(default_factory=set)
    chains: Counter[tuple[Frame, ...]] = field(default_factory=Counter)

    @property
    def wait(self) -> Wait:
        """What was seen most."""
        return most_common(self.waits)

    @property
    def chain(self) -> tuple[Frame, ...]:
        """The way that was seen most."""
        return most_common(self.chains)

    @property
    def may_return_at_once(self) -> bool:
        """Whether the same leaf is seen where nothing waits: it is the line itself, or a file's."""
        leaf = self.chain[-1]
        return self.wait.kind == "file" or (self.wait.kind != "sleep" and leaf == self.culprit)

    @property
    def culprit(self) -> Frame:
        """The frame that was seen most: a comprehension may share the line with the function around it."""
        return most_common(self.frames)


def measure_loop_time(
    stacks: Mapping[Stack, int], *, source: SourceReader, owners: Ownership, beside: Profile | None = None
) -> tuple[LoopTime, list[Finding], list[Finding]]:
    """What the loops did with their time, the lines that kept them, and those that hardly did.

    `beside` was sampled by the GIL.
    """
    ticks: Counter[recording_facts.ThreadKey] = Counter()
    idle = 0
    blockers: dict[tuple[Line, str], _Blocker] = {}
    for stack, weight in stacks.items():
        if not stack.frames or not worlds.is_loop_thread(stack.frames):
            continue
        ticks[stack.pid, stack.thread] += weight
        if recording_facts.is_idle_loop(stack.frames, owners):
            idle += weight
        elif (found := find_blocking_line(stack.frames, source, owners)) is not None:
            _add(blockers, stack, found, weight, owners)
    loop = sum(ticks.values())
    judged = list(blockers.values()) if beside is None else _compared(blockers.values(), loop, beside)
    waiting = sum(each.weight for each in judged if each.wait.certain)
    keeping = [_finding(each, ticks, source, owners) for each in judged if _keeps(each, ticks)]
    faint = [_finding(each, ticks, source, owners) for each in judged if not _keeps(each, ticks)]
    return LoopTime(loop, idle, waiting, loop - idle - waiting), keeping, faint


def find_blocking_line(frames: Sequence[Frame], source: SourceReader, owners: Ownership) -> BlockingLine | None:
    """What keeps the loop here, if it is neither a query, nor a hop, nor anything that moves on."""
    boundary = judge_stack(frames).boundary
    if boundary < 0 or worlds.boundary_side(frames[boundary]) != "loop":
        return None
    if hop_costs.find_crossing(frames, boundary, owners) or find_violation(frames, boundary, owners):
        return None
    culprit = line_to_blame(frames, boundary + 1, owners)
    if culprit < 0:
        return None
    kind = blocking_calls.wait_kind(frames, owners)
    if kind is not None:
        call = frames[min(culprit + 1, len(frames) - 1)].function
        return BlockingLine(culprit, call, Wait(kind, certain=True))
    return _by_source(frames, source, owners) if culprit == len(frames) - 1 else None


def line_to_blame(frames: Sequence[Frame], start: int, owners: Ownership) -> int:
    """The deepest own frame, else the deepest of a package that is no framework."""
    own = [owners.of(frame) for frame in frames]
    found = next((i for i in range(len(frames) - 1, start - 1, -1) if own[i] is None), -1)
    if found >= 0:
        return found
    return next((i for i in range(len(frames) - 1, start - 1, -1) if own[i] not in packages.FRAMEWORK), -1)


def _by_source(frames: Sequence[Frame], source: SourceReader, owners: Ownership) -> BlockingLine | None:
    """A line that calls something without a frame: its source says what, or nothing does; then only own code counts."""
    leaf = len(frames) - 1
    where = parse_line(source(frames[leaf].file), frames[leaf].line)
    called = blocking_calls.find_blocking_call(where) if where else None
    if called is not None:
        return BlockingLine(leaf, called.spelt, Wait(called.kind, certain=True))
    if owners.of(frames[leaf]) is not None:
        return None
    return BlockingLine(leaf, "work without a frame of its own", Wait("unknown", certain=False))


def _add(
    blockers: dict[tuple[Line, str], _Blocker], stack: Stack, found: BlockingLine, weight: int, owners: Ownership
) -> None:
    frames = stack.frames
    culprit = frames[found.culprit]
    blocker = blockers.setdefault(((culprit.file, culprit.line), found.call), _Blocker(found.call))
    blocker.waits[found.wait] += weight
    blocker.weight += weight
    blocker.frames[culprit] += weight
    blocker.pids.add(stack.pid)
    own = [owners.of(frame) is None for frame in frames]
    entry = entries.find_entry(frames, own, loop_start(frames, judge_stack(frames).boundary), found.culprit + 1)
    start = entry.position if entry else found.culprit
    blocker.entries[(entry.kind if entry else entries.CALLBACK.kind), frames[start]] += weight
    blocker.chains[tuple(frames[start:])] += weight


def _compared(blockers: Iterable[_Blocker], loop: int, gil: Profile) -> list[_Blocker]:
    """The blockers without those that compute: they hold the GIL for about as long as they are on the loop."""
    held, taken = _held(gil)
    kept = []
    for blocker in blockers:
        if not blocker.wait.certain and taken:
            part = held[blocker.culprit.file, blocker.culprit.line] / taken / (blocker.weight / loop)
            if part >= COMPUTES:
                continue
            blocker.waits = Counter({Wait("unknown", certain=part <= RESTS): blocker.weight})
        kept.append(blocker)
    return kept


def _held(gil: Profile) -> tuple[Counter[Line], float]:
    """How often each line held the GIL as the leaf on a loop, out of how many times it was looked."""
    held: Counter[Line] = Counter()
    workers = set[int | None]()
    for stack, weight in gil.stacks.items():
        if stack.frames and worlds.is_loop_thread(stack.frames):
            workers.add(stack.pid)
            held[stack.frames[-1].file, stack.frames[-1].line] += weight
    return held, sum(_looked(origin, gil.origins, workers) for origin in gil.origins)


def _looked(origin: Origin, all_of_them: Sequence[Origin], workers: set[int | None]) -> float:
    """How often a recording looked at workers: at its own one, or at each of those that a master has."""
    own = {one.target.pid if one.target else None for one in all_of_them}
    pid = origin.target.pid if origin.target else None
    at_once = 1.0 if pid in workers else len(workers - own) / len(own - workers)
    return (origin.rate or 0) * (origin.duration or 0) * at_once


def _share(blocker: _Blocker, ticks: Mapping[recording_facts.ThreadKey, int]) -> Interval | None:
    """The part of its workers' time that a blocker takes."""
    watched = sum(count for (pid, _), count in ticks.items() if pid in blocker.pids)
    return confidence.share(blocker.weight, watched)


def _keeps(blocker: _Blocker, ticks: Mapping[recording_facts.ThreadKey, int]) -> bool:
    """Whether that is enough to be told."""
    share = _share(blocker, ticks)
    least = HOLDING if not blocker.wait.certain else SHORT if blocker.may_return_at_once else WAITING
    return share is not None and blocker.weight >= least.samples and share.low >= least.share


def _finding(
    blocker: _Blocker, ticks: Mapping[recording_facts.ThreadKey, int], source: SourceReader, owners: Ownership
) -> Finding:
    culprit = blocker.culprit
    return Finding(
        kind="blocked-loop",
        evidence=Evidence(sampled=blocker.weight),
        allowed=False,
        culprit=Culprit(culprit, owners.of(culprit)),
        call=blocker.call,
        sink=None,
        entries=tuple(Entry(kind, frame, weight) for (kind, frame), weight in ranked(blocker.entries)),
        chain=tuple(ChainFrame(*frame, owners.of(frame)) for frame in blocker.chain),
        remedies=blocking_calls.wait_remedies(blocker.wait, parse_line(source(culprit.file), culprit.line)),
        share=_share(blocker, ticks),
        wait=blocker.wait,
    )
