"""Work out which box of a drawing stands on which, and how many samples end in each.

A box's own samples are its samples less those of the boxes on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from operator import itemgetter

from asyncspy.errors import InputError
from asyncspy.read.svg.boxes import AS_SPEEDSCOPE, Box

MAX_DEPTH = 5_000
ROOT = "all"


@dataclass(slots=True)
class PlacedBox:
    """A box that stands on others down to the root, with the samples that no box on it has."""

    box: Box
    below: PlacedBox | None
    depth: int
    own: int

    def names(self) -> list[str]:
        """The names from above the root up to this box."""
        texts: list[str] = []
        placed = self
        while placed.below is not None:
            texts.append(placed.box.name)
            placed = placed.below
        return texts[::-1]


def place_boxes(rows: Mapping[float, Sequence[Box]], tolerance: int) -> list[PlacedBox]:
    """All boxes that stand on others, the root first; `tolerance` is how far rounding may make them overlap."""
    (root,), *levels = _levels(rows)
    level = [PlacedBox(root, None, 0, root.samples)]
    placed = [*level]
    for boxes in levels:
        level = _place_level(level, boxes, tolerance)
        placed += level
    return placed


def _levels(rows: Mapping[float, Sequence[Box]]) -> Iterator[list[Box]]:
    """The boxes of each depth from left to right, the root's first; the root is at the top or at the bottom."""
    roots = [(box.end - box.start, height, box) for height, row in rows.items() for box in row if box.name == ROOT]
    if not roots:
        raise InputError('it has no box "all" that the others lie on: it is cut short or edited', remedy=AS_SPEEDSCOPE)
    _, bottom, root = max(roots, key=itemgetter(0))
    step = min((after - before for before, after in pairwise(sorted(rows))), default=1.0)
    by_depth: defaultdict[int, list[Box]] = defaultdict(list)
    for height, row in rows.items():
        by_depth[round(abs(height - bottom) / step)] += row
    by_depth[0] = [root]
    return (sorted(by_depth[depth], key=itemgetter(0)) for depth in takewhile(by_depth.__contains__, range(MAX_DEPTH)))


def _place_level(below: Sequence[PlacedBox], boxes: Sequence[Box], tolerance: int) -> list[PlacedBox]:
    """The boxes of a level that stand on one of the level below and clear of each other; both go from left to right.

    A box stands on the one under its middle, which rounding cannot move off; its samples must fit in, too.
    """
    placed: list[PlacedBox] = []
    at, free_from = 0, 0
    for box in boxes:
        while at < len(below) and 2 * below[at].box.end <= box.start + box.end:
            at += 1
        if at == len(below):
            break
        base = below[at]
        start, end = box.start + tolerance, box.end - tolerance
        if base.box.start <= start and end <= base.box.end and free_from <= start and box.samples <= base.own:
            base.own -= box.samples
            free_from = box.end
            placed.append(PlacedBox(box, base, base.depth + 1, box.samples))
    return placed
