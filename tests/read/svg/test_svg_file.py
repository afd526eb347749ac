"""Drawings of either orientation give the same stacks, and one that is made to explode does not."""

from __future__ import annotations

import io
import time
import tracemalloc
from collections.abc import Sequence

import pytest

from asyncspy.model.stacks import Frame, Profile, Stack
from asyncspy.read.svg import svg_file

Box = tuple[str, int, int, int]


def drawn(boxes: Sequence[Box], *, upwards: bool = False, title: str = "py-spy record --pid 1") -> bytes:
    """An SVG as inferno lays it out; each box is a name, where it starts, how wide and how deep it is."""
    parts = [
        f"<g><title>{name} ({width:,} samples, 1.00%)</title>"
        f'<rect x="0" y="{2000 - 16 * depth if upwards else 68 + 16 * depth}" fg:x="{x}" fg:w="{width}"/></g>'
        for name, x, width, depth in boxes
    ]
    return f'<svg xmlns:fg="x"><text id="title">{title}</text>{"".join(parts)}</svg>'.encode()


def read(data: bytes) -> Profile:
    return svg_file.read(io.BytesIO(data), "flame.svg")


@pytest.mark.parametrize("upwards", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_stacks_come_from_where_the_boxes_are(upwards: bool, reverse: bool) -> None:
    boxes = [("all", 0, 10, 0), ("a (a.py:1)", 0, 6, 1), ("b (b.py:2)", 1, 4, 2), ("c (c.py:3)", 6, 3, 1)]
    profile = read(drawn(boxes[::-1] if reverse else boxes, upwards=upwards))
    a, b, c = Frame("a", "a.py", 1), Frame("b", "b.py", 2), Frame("c", "c.py", 3)
    assert profile.stacks == {Stack((a,)): 2, Stack((a, b)): 4, Stack((c,)): 3, Stack(()): 1}


def test_a_level_that_is_missing_leaves_what_is_above_it_out() -> None:
    boxes = [("all", 0, 10, 0), ("a (a.py:1)", 0, 6, 1), ("b (b.py:2)", 0, 6, 2), ("d (d.py:2)", 0, 6, 4)]
    profile = read(drawn(boxes))
    assert profile.total == 10
    assert profile.inputs[0].dropped == 1


def test_a_drawing_by_another_tool_says_that_its_limit_is_not_known() -> None:
    profile = read(drawn([("all", 0, 10, 0), ("a (a.py:1)", 0, 6, 1)], title="Flame Graph"))
    assert profile.origins[0].sampler == "unknown"
    assert "the narrowest of these has 6 of 10 samples" in profile.inputs[0].notes[0]


def test_a_tower_with_a_wide_top_stays_within_bounds() -> None:
    """A small file that would unfold to 120 million frames."""
    tower = [("all", 0, 30_000, 0), *[("f (f.py:1)", 0, 30_000, depth) for depth in range(1, 4_000)]]
    data = drawn([*tower, *[("g (g.py:1)", at, 1, 4_000) for at in range(30_000)]])
    tracemalloc.start()
    start = time.process_time()
    profile = read(data)
    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert profile.inputs[0].dropped > 29_000
    assert peak < 100 * 1024 * 1024
    assert seconds < 20


@pytest.mark.parametrize(
    ("title", "mode", "rate"),
    [
        ("py-spy record --pid 1 --rate 50 --gil", "gil", 50),
        ("py-spy record -g -p 1", "gil", 100),
        ("py-spy record -p 1 -r 250 --idle", "wall", 250),
        ("/opt/venv/bin/py-spy record -p 1 -o idle.svg", "default", 100),
        ("py-spy record -o x.svg -- python app.py --idle -g", "default", 100),
        ("py-spy", "unknown", None),
        ("Flame Graph", "unknown", None),
    ],
)
def test_the_title_tells_how_py_spy_sampled(title: str, mode: str, rate: int | None) -> None:
    (origin,) = read(drawn([("all", 0, 10, 0), ("a (a.py:1)", 0, 6, 1)], title=title)).origins
    assert (origin.mode, origin.rate) == (mode, rate)


def test_a_box_in_pixels_lies_on_what_is_under_its_middle() -> None:
    """Rounding to a tenth of a pixel lets neighbours overlap: b seems to begin before a ends."""
    boxes = [
        ("all", "10.0", "100.1", 0, 10),
        ("a (a.py:1)", "10.0", "50.1", 1, 5),
        ("b (b.py:2)", "60.0", "50.1", 1, 5),
    ]
    boxes.append(("c (c.py:3)", "60.0", "50.1", 2, 5))
    drawn_in_pixels = "".join(
        f'<g><title>{name} ({samples} samples, 1%)</title><rect x="{x}" y="{500 - 16 * depth}" width="{width}"/></g>'
        for name, x, width, depth, samples in boxes
    )
    profile = read(f"<svg>{drawn_in_pixels}</svg>".encode())
    a, b, c = Frame("a", "a.py", 1), Frame("b", "b.py", 2), Frame("c", "c.py", 3)
    assert profile.stacks == {Stack((a,)): 5, Stack((b, c)): 5}
