"""Takes boxes by their height; gives for each that stands on others down to the root its names and its own samples.

Which box stands on which is told by where they are: a box's own samples are its samples less those of the boxes on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise, repeat, takewhile
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from asyncspy.errors import InputError
from asyncspy.read.svg.scan import Box

MAX_DEPTH = 5_000
ROOT = "all"
AS_SPEEDSCOPE = "record again in a form that loses nothing: py-spy record --format speedscope --full-filenames"

Names: TypeAlias = "tuple[str, Names] | None"
"""A box's name, and those that it stands on; the root has none."""


class Standing(NamedTuple):
    """A box in its place: its names, how many these are, its samples, and those of its own."""

    names: Names
    depth: int
    samples: int
    own: int


_standing = partial(tuple.__new__, Standing)


def towers(rows: Mapping[float, Sequence[Box]], slack: int) -> list[Standing]:
    """All boxes that have a place, the root first; `slack` is by how much rounding may make them overlap."""
    (root,), *levels = _levels(rows)
    below: _Level = ([root[0]], [root[1]], [root[3]], [None])
    stood: list[Standing] = []
    for depth, level in enumerate([*levels, ()]):
        given, (_, _, own, names) = below[2].copy(), below
        below = _placed(below, level, slack)
        stood += map(_standing, zip(names, repeat(depth), given, own))
    return stood


def spelled(names: Names) -> list[str]:
    """The names from above the root up to the box."""
    texts: list[str] = []
    while names:
        text, names = names
        texts.append(text)
    return texts[::-1]


_Level = tuple[list[int], list[int], list[int], list[Names]]
"""Of boxes side by side: where each starts and ends, what of its samples is its own, and its names."""


def _levels(rows: Mapping[float, Sequence[Box]]) -> Iterator[list[Box]]:
    """The boxes of each depth from left to right, the root's first; the root is at the top or at the bottom."""
    roots = [(box[1] - box[0], height, box) for height, row in rows.items() for box in row if box[2] == ROOT]
    if not roots:
        raise InputError('it has no box "all" that the others lie on: it is cut short or edited', remedy=AS_SPEEDSCOPE)
    _, bottom, root = max(roots, key=itemgetter(0))
    step = min((after - before for before, after in pairwise(sorted(rows))), default=1.0)
    by_depth: defaultdict[int, list[Box]] = defaultdict(list)
    for height, row in rows.items():
        by_depth[round(abs(height - bottom) / step)] += row
    by_depth[0] = [root]
    return (sorted(by_depth[depth], key=itemgetter(0)) for depth in takewhile(by_depth.__contains__, range(MAX_DEPTH)))


def _placed(below: _Level, level: Sequence[Box], slack: int) -> _Level:
    """The boxes of a level that stand on one of the level below and clear of each other; both go from left to right.

    What a box stands on is told by its middle, which rounding cannot move off; samples must fit, too. What they take is
    no longer the own of those below.
    """
    starts, ends, left, names = below
    above: _Level = ([], [], [], [])
    add_start, add_end, add_own, add_names = above[0].append, above[1].append, above[2].append, above[3].append
    at, last, free_from = 0, len(starts), 0
    for start, end, name, samples in level:
        middle = start + end
        while at < last and 2 * ends[at] <= middle:
            at += 1
        if at == last:
            break
        inside = starts[at] <= start + slack and end <= ends[at] + slack and free_from <= start + slack
        if inside and samples <= left[at]:
            left[at] -= samples
            free_from = end
            add_start(start)
            add_end(end)
            add_own(samples)
            add_names((name, names[at]))
    return above
