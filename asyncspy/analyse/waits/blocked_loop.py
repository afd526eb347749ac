"""Measure from samples that count waits what the event loops did, and find the lines of code that blocked them.

A sample says where a thread was, not whether it waited. Some leaves can only be a wait (blocking_calls.py); for any
other line the source is asked, then a recording of who held the GIL, and where neither tells, the finding says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from asyncspy.analyse import confidence
from asyncspy.analyse.hops import hop_costs
from asyncspy.analyse.line_samples import LineSamples
from asyncspy.analyse.ranking import most_common
from asyncspy.analyse.remedy.source_line import SourceReader, parse_line
from asyncspy.analyse.stacks import packages, recording_facts, worlds
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.analyse.unsafe.violations import find_violation
from asyncspy.analyse.waits import blocking_calls
from asyncspy.model.findings import Finding, Interval, LoopTime, Wait
from asyncspy.model.stacks import Frame, Origin, Profile, Stack


class FindingThreshold(NamedTuple):
    """What makes a blocking line a finding: so many samples, and at least this share (its lower bound)."""

    samples: int
    share: float


SURE_WAIT = FindingThreshold(3, 0.005)
"""For a line that waits whenever it is seen."""

MAY_RETURN_AT_ONCE = FindingThreshold(5, 0.05)
"""For one that may return at once: a lock that is free, a socket that has data, a file in memory."""

MAY_COMPUTE = FindingThreshold(20, 0.25)
"""For one that may as well compute: only where a single line keeps the loop for a good part of the time."""

COMPUTING_PART, WAITING_PART = 0.5, 0.2
"""A line computes if it holds the GIL for the first part or more of its time on the loop; up to the second it waits."""


class BlockingLine(NamedTuple):
    """What keeps the loop on a stack: the index of the frame to blame, the call it makes, and what that waits for."""

    culprit: int
    call: str
    wait: Wait


@dataclass
class _BlockerSamples(LineSamples):
    """All samples of one call on one line."""

    call: str = ""
    waits: Counter[Wait] = field(default_factory=Counter)
    pids: set[int | None] = field(default_factory=set)

    @property
    def wait(self) -> Wait:
        """The wait that was seen most."""
        return most_common(self.waits)

    @property
    def threshold(self) -> FindingThreshold:
        """What makes it a finding; the line itself as the leaf is seen where nothing waits, too, and so is a file's."""
        if not self.wait.certain:
            return MAY_COMPUTE
        at_once = self.wait.kind == "file" or (self.wait.kind != "sleep" and self.chain[-1] == self.culprit)
        return MAY_RETURN_AT_ONCE if at_once else SURE_WAIT


def measure_loop_time(
    stacks: Mapping[Stack, int], *, source: SourceReader, owners: Ownership, gil: Profile | None = None
) -> tuple[LoopTime, list[Finding], list[Finding]]:
    """Return what the loops did with their time, a finding for each line that blocked them, and for each too rare.

    `gil` is a recording of the same workers by the GIL.
    """
    ticks, idle, blockers = _collect_blockers(stacks, source, owners)
    loop = ticks.total()
    if gil is not None:
        blockers = _without_computing(blockers, loop, gil)
    waiting = sum(each.weight for each in blockers if each.wait.certain)
    shown: list[Finding] = []
    faint: list[Finding] = []
    for each in blockers:
        share, least = _share_of_workers(each, ticks), each.threshold
        is_enough = share is not None and each.weight >= least.samples and share.low >= least.share
        (shown if is_enough else faint).append(_finding(each, share, source, owners))
    return LoopTime(loop, idle, waiting, loop - idle - waiting), shown, faint


def _collect_blockers(
    stacks: Mapping[Stack, int], source: SourceReader, owners: Ownership
) -> tuple[Counter[recording_facts.ThreadKey], int, list[_BlockerSamples]]:
    """Count the samples of each loop's thread and those of idle loops, and collect the blocking ones by line."""
    ticks: Counter[recording_facts.ThreadKey] = Counter()
    idle = 0
    by_line: dict[tuple[str, int, str], _BlockerSamples] = {}
    for stack, weight in stacks.items():
        frames = stack.frames
        if not frames or not worlds.is_loop_thread(frames):
            continue
        ticks[stack.pid, stack.thread] += weight
        if recording_facts.is_idle_loop(frames, owners):
            idle += weight
        elif (found := find_blocking_line(frames, source, owners)) is not None:
            culprit = frames[found.culprit]
            blocker = by_line.setdefault((culprit.file, culprit.line, found.call), _BlockerSamples(call=found.call))
            blocker.waits[found.wait] += weight
            blocker.pids.add(stack.pid)
            blocker.add_from_entry(frames, found.culprit, len(frames), weight, owners)
    return ticks, idle, list(by_line.values())


def find_blocking_line(frames: Sequence[Frame], source: SourceReader, owners: Ownership) -> BlockingLine | None:
    """What keeps the loop on this stack, if it is neither a query nor a hop, nor idle."""
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
    return _blocking_line_by_source(frames, source, owners) if culprit == len(frames) - 1 else None


def line_to_blame(frames: Sequence[Frame], start: int, owners: Ownership) -> int:
    """The index of the deepest own frame, else of the deepest of a package that is no framework; -1: neither."""
    owner = [owners.of(frame) for frame in frames]
    deepest_first = range(len(frames) - 1, start - 1, -1)
    own = next((i for i in deepest_first if owner[i] is None), -1)
    return own if own >= 0 else next((i for i in deepest_first if owner[i] not in packages.FRAMEWORK), -1)


def _blocking_line_by_source(frames: Sequence[Frame], source: SourceReader, owners: Ownership) -> BlockingLine | None:
    """A leaf that calls something without a Python frame: its source says what; without it only own code counts."""
    leaf = len(frames) - 1
    where = parse_line(source(frames[leaf].file), frames[leaf].line)
    call = blocking_calls.find_blocking_call(where) if where else None
    if call is not None:
        return BlockingLine(leaf, call.spelt, Wait(call.kind, certain=True))
    if owners.of(frames[leaf]) is not None:
        return None
    return BlockingLine(leaf, "work without a frame of its own", Wait("unknown", certain=False))


def _without_computing(blockers: Sequence[_BlockerSamples], loop: int, gil: Profile) -> list[_BlockerSamples]:
    """Leave out the lines that compute: they hold the GIL for about as long as they are on the loop."""
    held, looked = _gil_holders(gil)
    kept = []
    for blocker in blockers:
        if not blocker.wait.certain and looked:
            part = held[blocker.culprit.file, blocker.culprit.line] / looked / (blocker.weight / loop)
            if part >= COMPUTING_PART:
                continue
            blocker.waits = Counter({Wait("unknown", certain=part <= WAITING_PART): blocker.weight})
        kept.append(blocker)
    return kept


def _gil_holders(gil: Profile) -> tuple[Counter[tuple[str, int]], float]:
    """How often each line held the GIL as the leaf on a loop, and how often that was looked at."""
    held: Counter[tuple[str, int]] = Counter()
    workers = set[int | None]()
    for stack, weight in gil.stacks.items():
        if stack.frames and worlds.is_loop_thread(stack.frames):
            workers.add(stack.pid)
            held[stack.frames[-1].file, stack.frames[-1].line] += weight
    return held, sum(_times_looked(origin, gil.origins, workers) for origin in gil.origins)


def _times_looked(origin: Origin, origins: Sequence[Origin], workers: set[int | None]) -> float:
    """How often a recording looked at workers: at its own one, or at each of those that a master has."""
    recorded = {one.target.pid if one.target else None for one in origins}
    pid = origin.target.pid if origin.target else None
    at_once = 1.0 if pid in workers else len(workers - recorded) / len(recorded - workers)
    return (origin.rate or 0) * (origin.duration or 0) * at_once


def _share_of_workers(blocker: _BlockerSamples, ticks: Mapping[recording_facts.ThreadKey, int]) -> Interval | None:
    """The part of the time of the workers that show the line."""
    watched = sum(count for (pid, _), count in ticks.items() if pid in blocker.pids)
    return confidence.share(blocker.weight, watched)


def _finding(blocker: _BlockerSamples, share: Interval | None, source: SourceReader, owners: Ownership) -> Finding:
    culprit = blocker.culprit
    remedies = blocking_calls.wait_remedies(blocker.wait, parse_line(source(culprit.file), culprit.line))
    return replace(blocker.finding("blocked-loop", blocker.call, remedies, owners), share=share, wait=blocker.wait)
