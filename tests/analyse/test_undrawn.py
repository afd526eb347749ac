"""One run as samples and as a flame graph: what the drawing still proves is found, and what it left out is said.

The drawings are made from recorded samples as inferno makes them, without the frames under 0.1% of all samples. The
innocent stacks weigh more and more, until the planted fault falls under that.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.analysis import Analysis
from asyncspy.model.stacks import Profile, Stack
from asyncspy.read import load
from asyncspy.read.svg import svg_file

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "recordings"
RECORDED = {
    "uvicorn-asyncio-default.speedscope.json": ("helper_count", 9),
    "uvicorn-uvloop-every1.speedscope.json": ("helper_count", 9),
    "uvicorn-workers-asyncio-every1.speedscope.json": ("helper_count", 9),
}
TIMES = (1, 10, 100)
SHARE = 0.001

Tree = dict[str, list[Any]]


def drawn(stacks: Mapping[Stack, int]) -> bytes:
    """A flame graph without what has too few samples, as py-spy has it drawn."""
    tree: Tree = {}
    for stack, weight in stacks.items():
        node = tree
        for frame in stack.frames:
            box = node.setdefault(f"{frame.function} ({frame.file}:{frame.line})", [0, {}])
            box[0] += weight
            node = box[1]
    total = sum(stacks.values())
    boxes = "".join([_box("all", 0, total, 0), *_boxes(tree, 0, 1, SHARE * total)])
    return f'<svg xmlns:fg="x"><text id="title">py-spy record --gil</text>{boxes}</svg>'.encode()


def _boxes(tree: Tree, at: int, depth: int, least: float) -> Iterator[str]:
    for name, (samples, callees) in sorted(tree.items()):
        if samples >= least:
            yield _box(name, at, samples, depth)
            yield from _boxes(callees, at, depth + 1, least)
        at += samples


def _box(name: str, at: int, samples: int, depth: int) -> str:
    title = f"<title>{escape(name)} ({samples:,} samples, 1%)</title>"
    return f'<g>{title}<rect x="0" y="{68 + 16 * depth}" fg:x="{at}" fg:w="{samples}"/></g>'


def faults(analysis: Analysis) -> dict[tuple[str, int], int]:
    """The samples of each line that calls async-unsafe Django."""
    unsafe = [finding for finding in analysis.findings if finding.kind == "async-unsafe"]
    return {
        (one.culprit.frame.function, one.culprit.frame.line): one.evidence.reached + one.evidence.heading
        for one in unsafe
    }


def heavier(profile: Profile, times: int) -> Profile:
    """The same run with more innocent load."""
    innocent = {
        stack for stack in profile.stacks if not any(frame.function == "helper_count" for frame in stack.frames)
    }
    stacks = {
        stack: weight * times if stack in innocent else weight
        for stack, weight in profile.stacks.items()
        if stack.frames
    }
    return replace(profile, stacks=stacks, waits=None, parts=())


@pytest.mark.parametrize("name", RECORDED)
def test_a_fault_in_a_flame_graph_is_found_or_said_to_be_possible(name: str) -> None:
    recorded = load(RECORDINGS / name)
    missed = 0
    for times in TIMES:
        profile = heavier(recorded, times)
        sampled, picture = analyse(profile), analyse(svg_file.read(io.BytesIO(drawn(profile.stacks)), "flame.svg"))
        truth, found = faults(sampled), faults(picture)
        assert RECORDED[name] in truth
        assert found.keys() <= truth.keys(), "nothing is found that was not there"
        hidden = sum(samples for line, samples in truth.items() if line not in found)
        missed += len(truth.keys() - found.keys())
        if hidden:
            assert picture.reach.undrawn is not None
            assert picture.reach.undrawn >= hidden
            assert picture.reach.unseen_share is not None
            assert picture.reach.unseen_share * picture.samples.loop >= hidden
    assert missed < len(TIMES), "what is wide enough is found"


def test_a_drawing_that_is_whole_says_nothing_of_what_it_leaves_out() -> None:
    profile = load(RECORDINGS / "uvicorn-asyncio-every1.speedscope.json")
    assert sum(profile.stacks.values()) < 1 / SHARE
    picture = analyse(svg_file.read(io.BytesIO(drawn(profile.stacks)), "flame.svg"))
    assert picture.reach.undrawn is None
    assert picture.reach.unseen_share == analyse(profile).reach.unseen_share


def test_what_was_not_drawn_counts_as_what_no_sample_showed() -> None:
    """Of a whole recording 3 samples would have been seen; of a drawing that starts at 4, they may have been there."""
    profile = load(RECORDINGS / "uvicorn-asyncio-default.svg")
    picture = analyse(profile)
    assert profile.origins[0].least_drawn == 4
    assert (picture.reach.unseen_share or 0) > 3 / picture.samples.loop
