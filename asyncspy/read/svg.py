"""Takes a flame graph by inferno (py-spy draws with it) or FlameGraph.pl; gives a `Profile` of whole stacks.

A drawing holds boxes, not stacks: which lies on which is worked out from where they are, and a box's own samples are
its width less the widths of the boxes on it. What was too narrow to be drawn is lost; a note says what that can be.
Samples without a frame are lost, too: inferno skips them, and nothing in the file tells how many there were.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile

from asyncspy.errors import InputError
from asyncspy.model import Input, Mode, Origin, Profile, Stack
from asyncspy.read.names import FrameTable, rejoin, stack_of, what_is_missing
from asyncspy.read.svg_boxes import AS_SPEEDSCOPE, Box, Drawing, draw

NO_SAMPLES = b"No valid input provided to flamegraph"
MIN_WIDTH_PERCENT = 0.1  # what py-spy asks of inferno
MODES: tuple[tuple[re.Pattern[str], Mode], ...] = (
    (re.compile(r"(?:^|\s)(?:--gil|-[a-z]*g[a-z]*)(?=\s|$)"), "gil"),
    (re.compile(r"(?:^|\s)(?:--idle|-[a-z]*i[a-z]*)(?=\s|$)"), "wall"),
)
RATE = re.compile(r"(?:^|\s)(?:--rate|-r)[ =]?([0-9]{1,5})(?=\s|$)")
DEFAULT_RATE = 100
MAX_DEPTH = 5_000
FRAMES_PER_BYTE = 1  # recordings need a fifth of it at most; a drawing made to explode needs thousands
FEWEST_FRAMES = 1_000_000


@dataclass(slots=True)
class Node:
    """A box in its place: the samples that end in it and the boxes that lie on it."""

    box: Box
    own: int
    callees: list[Node] = field(default_factory=list)


def sniff(head: bytes) -> bool:
    """XML whose first element is an SVG."""
    start = head.lstrip()
    return start.startswith((b"<?xml", b"<!DOCTYPE svg", b"<svg")) and b"<svg" in head


def read(data: bytes, path: str) -> Profile:
    """The stacks of all boxes; boxes that lie on nothing or on each other are counted as dropped."""
    if NO_SAMPLES in data:
        raise InputError(
            "py-spy saw no samples and drew an error message in place of a flame graph",
            remedy="record again while the worker serves requests; with --gil only threads that run Python are seen",
        )
    drawing = draw(data)
    root, misplaced = _tree(drawing.boxes, drawing.slack)
    table, stacks, read_in, dropped = FrameTable(), Counter[Stack](), 0, drawing.damaged + misplaced
    budget = max(FEWEST_FRAMES, len(data) * FRAMES_PER_BYTE)
    for texts, own in _paths(root):
        budget -= len(texts)
        pieces = rejoin(texts) if budget >= 0 else None
        if pieces is None:
            dropped += 1
            continue
        stacks[stack_of(tuple(map(table.__getitem__, pieces)))] += own
        read_in += 1
    notes = (*_lost(root, drawing.by_py_spy), *what_is_missing(table.values()))
    origin = _origin(drawing, stacks.total())
    return Profile(stacks, (origin,), (Input(path, "svg", read_in, dropped, notes),))


def _origin(drawing: Drawing, samples: int) -> Origin:
    """py-spy titles its drawings with its command line, which tells the mode and the rate."""
    if not drawing.by_py_spy:
        return Origin("unknown", samples=samples)
    if " record " not in drawing.title:
        return Origin("py-spy", samples=samples)
    options = drawing.title.partition(" record ")[2].split(" -- ")[0]
    modes = [mode for option, mode in MODES if option.search(options)]
    rate = RATE.search(options)
    told = int(rate[1]) if rate else DEFAULT_RATE
    return Origin("py-spy", modes[0] if modes else "default", told if told > 0 else None, samples=samples)


def _tree(boxes: Sequence[Box], slack: int) -> tuple[Node, int]:
    """The root with all that lies on it, and how many boxes have no place there."""
    (bottom,), *levels = _levels(boxes)
    root = Node(bottom, bottom.samples)
    below, placed = [root], 1
    for level in levels:
        below = list(_placed(below, level, slack))
        placed += len(below)
    return root, len(boxes) - placed


def _levels(boxes: Sequence[Box]) -> list[list[Box]]:
    """The boxes of each depth from left to right, the root's first; the root is at the top or at the bottom."""
    root = max((box for box in boxes if box.name == "all"), key=lambda box: box.width, default=None)
    if root is None:
        raise InputError('it has no box "all" that the others lie on: it is cut short or edited', remedy=AS_SPEEDSCOPE)
    heights = sorted({box.y for box in boxes})
    step = min((after - before for before, after in pairwise(heights)), default=1.0)
    by_depth: dict[int, list[Box]] = defaultdict(list)
    for box in boxes:
        by_depth[round(abs(box.y - root.y) / step)].append(box)
    by_depth[0] = [root]
    depths = takewhile(by_depth.__contains__, range(MAX_DEPTH))
    return [sorted(by_depth[depth], key=lambda box: box.x) for depth in depths]


def _placed(below: Sequence[Node], level: Sequence[Box], slack: int) -> Iterator[Node]:
    """The boxes of a level that lie on one of the level below and clear of each other; both go from left to right.

    What a box lies on is told by its middle, which rounding cannot move off; samples must fit, too.
    """
    at, free_from = 0, 0
    for box in level:
        middle = box.x + box.end
        while at < len(below) and 2 * below[at].box.end <= middle:
            at += 1
        if at == len(below):
            return
        under = below[at]
        inside = under.box.x <= box.x + slack and box.end <= under.box.end + slack and free_from <= box.x + slack
        if inside and box.samples <= under.own:
            node = Node(box, box.samples)
            under.own -= box.samples
            under.callees.append(node)
            free_from = box.end
            yield node


def _paths(root: Node) -> Iterator[tuple[list[str], int]]:
    """For each box with samples of its own: the names from above the root up to it, and those samples."""
    path: list[str] = []
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth:
            path[depth - 1 :] = [node.box.name]
        if node.own:
            yield path[:depth], node.own
        waiting.extend((callee, depth + 1) for callee in node.callees)


def _nodes(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        yield (node := waiting.pop())
        waiting.extend(node.callees)


def _lost(root: Node, by_py_spy: bool) -> list[str]:
    """What cannot have been drawn: inferno leaves out boxes under a share of the whole, by this very arithmetic."""
    total = root.box.samples
    if not by_py_spy:
        narrowest = min(node.box.samples for node in _nodes(root))
        return [f"narrow frames may not have been drawn: the narrowest of these has {narrowest:,} of {total:,} samples"]
    fewest = math.ceil(MIN_WIDTH_PERCENT / (100.0 / total))
    if fewest <= 1:
        return []
    stopped = sum(node.own for node in _nodes(root) if node.callees)
    return [
        f"frames in fewer than {fewest:,} of {total:,} samples ({MIN_WIDTH_PERCENT}%) are not drawn: calls so rare are "
        f"missing; {stopped:,} samples end in a frame that also has callees, and may have gone on into such a call"
    ]
