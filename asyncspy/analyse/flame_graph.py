"""Build the flame graph of what the event loops ran, with its findings marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stack_findings import match_stacks
from asyncspy.analyse.stacks import packages, recording_facts
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.worlds import boundary_side, is_loop_thread, judge_stack, loop_start
from asyncspy.model.analysis import Analysis, FlameBox, FlameGraph
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Frame, Profile
from asyncspy.model.waiting import Waiting

MAX_DEPTH = 120
"""Frames of a stack beyond these are not drawn: it is a recursion, or a file with made-up stacks."""

MIN_SHARE = 0.0008
"""Boxes of a smaller share are not drawn, unless they lead to a finding."""

MAX_BOXES = 1_500
"""More boxes make a page that is slow to open and no easier to read."""

LOOP_ITSELF = Frame("the loop's own work", "")


@dataclass
class _Box:
    frame: Frame
    package: str | None
    samples: int = 0
    samples_of_findings: int = 0
    findings: Counter[int] = field(default_factory=Counter)
    """The samples of each finding at its culprit or beyond."""
    children: dict[Frame, _Box] = field(default_factory=dict)

    def add(self, weight: int, finding: int | None, *, marked: bool) -> None:
        self.samples += weight
        if finding is not None:
            self.samples_of_findings += weight
            self.findings[finding] += weight * marked

    @property
    def finding(self) -> int | None:
        """The finding that most of this box is of."""
        best = min(self.findings, key=lambda i: (-self.findings[i], i), default=None)
        return best if best is not None and 2 * self.findings[best] > self.samples else None


def build_flame_graph(
    profile: Profile,
    analysis: Analysis,
    whole: Analysis | None = None,
    *,
    source: SourceReader = lambda _file: None,
    app_roots: Sequence[str] = (),
) -> FlameGraph:
    """The tree of the loops' stacks; own code is split by line, other code by function.

    Where the analysis is only a part of the `whole` that is shown, findings are numbered as there.
    """
    shown = (whole or analysis).findings
    numbers = [next((i for i, one in enumerate(shown) if one is each), None) for each in analysis.findings]
    profile, finding_of = match_stacks(profile, analysis, source=source, app_roots=app_roots)
    owners = recording_facts.ownership_of(profile, app_roots, source)
    counting_waits = analysis.wall is not None
    root = _Box(Frame("the event loop", ""), None)
    idle = 0
    for stack, weight in profile.stacks.items():
        if not _is_of_loop(stack.frames, counting_waits=counting_waits):
            continue
        if counting_waits and recording_facts.is_idle_loop(stack.frames, owners):
            idle += weight
            continue
        index = finding_of.get(stack)
        culprit = _culprit_position(stack.frames, analysis.findings[index]) if index is not None else -1
        number = numbers[index] if index is not None and culprit >= 0 else None
        _add_stack(root, stack.frames, weight, number, culprit, owners)
    return FlameGraph(tuple(_rows(root)), root.samples, idle, waits=counting_waits)


def build_waiting_graph(waiting: Waiting) -> FlameGraph:
    """The tree of the lines that wait, each from its entry to what it awaits."""
    root = _Box(Frame("what tasks wait for", ""), None)
    for line in waiting.lines:
        weight = round(line.tasks * 1000)
        box = root
        box.add(weight, None, marked=False)
        path = [(Frame(*link[:3]), link.package) for link in line.chain[:MAX_DEPTH]]
        for frame, package in [*path, (Frame(line.package or line.kind, ""), line.package or packages.STDLIB)]:
            box = _child(box, frame, package)
            box.add(weight, None, marked=False)
    return FlameGraph(tuple(_rows(root)), root.samples, of_tasks=True)


def _is_of_loop(frames: Sequence[Frame], *, counting_waits: bool) -> bool:
    if counting_waits:
        return bool(frames) and is_loop_thread(frames)
    return judge_stack(frames).world == "loop"


def _culprit_position(frames: Sequence[Frame], finding: Finding) -> int:
    """The last index of the finding's line in these frames, or -1."""
    culprit = finding.culprit.frame
    line = (culprit.file, culprit.line)
    return next((i for i in range(len(frames) - 1, -1, -1) if (frames[i].file, frames[i].line) == line), -1)


def _add_stack(
    root: _Box, frames: Sequence[Frame], weight: int, finding: int | None, culprit: int, owners: Ownership
) -> None:
    """Add a stack to the tree, from where the loop's own frames end."""
    start = _end_of_loop_frames(frames, owners)
    box = root
    box.add(weight, finding, marked=False)
    shown = list(enumerate(frames))[start:][:MAX_DEPTH] or [(-1, LOOP_ITSELF)]
    for position, frame in shown:
        package = owners.of(frame) if position >= 0 else packages.STDLIB
        box = _child(box, frame, package)
        box.add(weight, finding, marked=position >= culprit >= 0)


def _child(box: _Box, frame: Frame, package: str | None) -> _Box:
    """The box of a frame above this one."""
    key = frame if package is None else Frame(frame.function, frame.file)
    if key not in box.children:
        box.children[key] = _Box(key, package)
    return box.children[key]


def _end_of_loop_frames(frames: Sequence[Frame], owners: Ownership) -> int:
    """The index of the first frame beyond those that only run a loop."""
    start = loop_start(frames, judge_stack(frames).boundary)
    while start < len(frames) and _runs_a_loop(frames[start], owners.of(frames[start])):
        start += 1
    return start


def _runs_a_loop(frame: Frame, owner: str | None) -> bool:
    """Whether a frame only runs a loop; uvloop.run wraps what it is given in a coroutine of its own."""
    return owner == "uvloop" or (owner == packages.STDLIB and boundary_side(frame) == "loop")


def _rows(root: _Box) -> Iterator[FlameBox]:
    """The boxes that are drawn: the widest, and those that lead to a finding."""
    least = max(1.0, root.samples * MIN_SHARE, _width_of_largest(root, MAX_BOXES))
    waiting = [(root, 0, 0)]
    drawn = 0
    while waiting and drawn < 2 * MAX_BOXES:
        box, depth, start = waiting.pop()
        yield FlameBox(depth, start, box.samples, box.frame, box.package, box.finding, box.samples_of_findings)
        drawn += 1
        child_start = start
        children = []
        for child in sorted(box.children.values(), key=lambda one: (-one.samples, one.frame)):
            if child.samples >= least or (child.samples_of_findings and box.finding is None):
                children.append((child, depth + 1, child_start))
            child_start += child.samples
        waiting += reversed(children)


def _width_of_largest(root: _Box, most: int) -> int:
    """The samples that a box must have, so that not more than `most` boxes have as many."""
    sizes, waiting = list[int](), [root]
    while waiting:
        box = waiting.pop()
        sizes.append(box.samples)
        waiting += box.children.values()
    return sorted(sizes, reverse=True)[most] + 1 if len(sizes) > most else 0
