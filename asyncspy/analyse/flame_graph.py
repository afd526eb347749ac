"""A profile and its analysis to the flame graph of what the event loops ran, with the findings lit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stack_findings import match_stacks
from asyncspy.analyse.stacks import packages, recording_facts, worlds
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.worlds import judge_stack, loop_start
from asyncspy.model.analysis import Analysis, FlameBox, FlameGraph
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Frame, Profile

MAX_DEPTH = 120
"""A stack's frames beyond these are not drawn: it is a recursion, or a file that lies."""

MIN_SHARE = 0.0008
"""Boxes of a smaller share are not drawn, unless they lead to a finding."""

MOST_ROWS = 1_500
"""More boxes make a page that is slow to open and no easier to read."""

LOOP_ITSELF = Frame("the loop's own work", "")


@dataclass
class _Box:
    frame: Frame
    package: str | None
    samples: int = 0
    towards: int = 0
    findings: Counter[int] = field(default_factory=Counter)
    inside: dict[Frame, _Box] = field(default_factory=dict)


def build_flame(
    profile: Profile,
    analysis: Analysis,
    whole: Analysis | None = None,
    *,
    source: SourceReader = lambda _file: None,
    app_roots: Sequence[str] = (),
) -> FlameGraph:
    """The tree of the loops' stacks; lines are told apart in own code, elsewhere functions are enough.

    Where the analysis is only a part of the `whole` that is shown, findings are numbered as there.
    """
    shown = (whole or analysis).findings
    places = [next((i for i, one in enumerate(shown) if one is each), None) for each in analysis.findings]
    judged = match_stacks(profile, analysis, source=source, app_roots=app_roots)
    owners = recording_facts.ownership_of(judged.profile, app_roots)
    root = _Box(Frame("the event loop", ""), None)
    idle = 0
    for stack, weight in judged.profile.stacks.items():
        index = judged.finding.get(stack)
        if (
            analysis.wall is not None
            and worlds.is_loop_thread(stack.frames)
            and recording_facts.is_idle_loop(stack.frames, owners)
        ):
            idle += weight
        elif _is_of_loop(stack.frames, counting_waits=analysis.wall is not None):
            culprit = _culprit(stack.frames, analysis.findings[index]) if index is not None else -1
            place = places[index] if index is not None and culprit >= 0 else None
            _add(root, stack.frames, weight, place, culprit, owners)
    return FlameGraph(tuple(_rows(root)), root.samples, idle, waits=analysis.wall is not None)


def _is_of_loop(frames: Sequence[Frame], *, counting_waits: bool) -> bool:
    if counting_waits:
        return bool(frames) and worlds.is_loop_thread(frames)
    return judge_stack(frames).world == "loop"


def _culprit(frames: Sequence[Frame], finding: Finding) -> int:
    """Where on these frames the finding's line stands, the deepest of it."""
    culprit = finding.culprit.frame
    at = (culprit.file, culprit.line)
    return next((i for i in range(len(frames) - 1, -1, -1) if (frames[i].file, frames[i].line) == at), -1)


def _add(root: _Box, frames: Sequence[Frame], weight: int, index: int | None, culprit: int, owners: Ownership) -> None:
    """One stack into the tree, from where the loop's own frames end."""
    start = _past_the_loop(frames, owners)
    box = root
    _count(box, weight, index, lit=False)
    shown = list(enumerate(frames))[start:][:MAX_DEPTH] or [(-1, LOOP_ITSELF)]
    for position, frame in shown:
        package = owners.of(frame) if position >= 0 else packages.STDLIB
        key = frame if package is None else frame._replace(line=0)
        box = box.inside.setdefault(key, _Box(key, package))
        _count(box, weight, index, lit=position >= culprit >= 0)


def _count(box: _Box, weight: int, index: int | None, *, lit: bool) -> None:
    box.samples += weight
    if index is not None:
        box.towards += weight
        box.findings[index] += weight * lit


def _past_the_loop(frames: Sequence[Frame], owners: Ownership) -> int:
    """Where on a stack the loop's own frames end."""
    start = loop_start(frames, judge_stack(frames).boundary)
    while start < len(frames) and _carries(frames[start], owners.of(frames[start])):
        start += 1
    return start


def _carries(frame: Frame, owner: str | None) -> bool:
    """Whether it only runs a loop; uvloop.run wraps what it is given in a coroutine of its own."""
    return owner == "uvloop" or (owner == packages.STDLIB and worlds.boundary_side(frame) == "loop")


def _rows(root: _Box) -> Iterator[FlameBox]:
    """The boxes that are drawn: the widest, and those that lead to a finding."""
    least = max(1.0, root.samples * MIN_SHARE, _width_for(root, MOST_ROWS))
    waiting = [(root, 0, 0)]
    drawn = 0
    while waiting and drawn < 2 * MOST_ROWS:
        box, depth, start = waiting.pop()
        yield FlameBox(depth, start, box.samples, box.frame, box.package, _finding(box), box.towards)
        drawn += 1
        at = start
        inside = []
        for child in sorted(box.inside.values(), key=lambda one: (-one.samples, one.frame)):
            if child.samples >= least or (child.towards and _finding(box) is None):
                inside.append((child, depth + 1, at))
            at += child.samples
        waiting += reversed(inside)


def _width_for(root: _Box, most: int) -> int:
    """The samples that a box must have, so that not more than `most` have as many."""
    sizes, waiting = list[int](), [root]
    while waiting:
        box = waiting.pop()
        sizes.append(box.samples)
        waiting += box.inside.values()
    return sorted(sizes, reverse=True)[most] + 1 if len(sizes) > most else 0


def _finding(box: _Box) -> int | None:
    """The finding that most of this box is of."""
    best = min(box.findings, key=lambda i: (-box.findings[i], i), default=None)
    return best if best is not None and 2 * box.findings[best] > box.samples else None
