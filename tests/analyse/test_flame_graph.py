"""Flame graphs of real recordings: no box is wider than its caller, the root is the loop, findings are marked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.flame_graph import MAX_BOXES, MAX_DEPTH, build_flame_graph
from asyncspy.model.analysis import FlameGraph
from asyncspy.model.stacks import Frame, Origin, Profile, Stack
from asyncspy.read import load
from tests.analyse.stack_samples import frames
from tests.analyse.stack_samples import profile as profiled

FIXTURES = Path(__file__).parents[2] / "fixtures"
EVERY = FIXTURES / "recordings" / "uvicorn-asyncio-every1.speedscope.json"
RECORDINGS = [EVERY, *sorted(FIXTURES.glob("hops/*.json")), *sorted(FIXTURES.glob("matrix/django5*.json"))]


def drawn(profile: Profile) -> FlameGraph:
    return build_flame_graph(profile, analyse(profile))


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda path: path.name)
def test_boxes_lie_within_their_callers_and_beside_each_other(file: Path) -> None:
    profile = load(file)
    made = drawn(profile)
    above: list[tuple[int, int]] = []
    for row in made.rows:
        assert row.samples > 0
        assert 0 <= row.towards <= row.samples
        assert row.depth <= len(above)
        above = above[: row.depth + 1] if len(above) > row.depth else above
        if row.depth:
            start, end = above[row.depth - 1]
            assert start <= row.start
            assert row.start + row.samples <= end
        if len(above) > row.depth:
            assert above[row.depth][1] <= row.start or row.depth == 0
            above[row.depth] = (row.start, row.start + row.samples)
        else:
            above.append((row.start, row.start + row.samples))
    assert (made.rows[0].depth, made.rows[0].samples) == (0, made.samples)


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda path: path.name)
def test_the_whole_is_the_loop(file: Path) -> None:
    profile = load(file)
    analysis = analyse(profile)
    made = build_flame_graph(profile, analysis)
    if analysis.wall is None:
        assert (made.samples, made.idle) == (analysis.samples.loop, 0)
    else:
        assert made.samples + made.idle >= analysis.wall.loop
        assert made.idle >= analysis.wall.idle


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda path: path.name)
def test_the_graph_begins_where_the_loop_calls(file: Path) -> None:
    """Granian and daphne run a loop of their own making under frames of theirs; these tell nobody anything."""
    called = [row for row in drawn(load(file)).rows if row.depth == 1]
    of_python = {row.frame.function.rpartition(".")[2] for row in called if row.package == "stdlib"}
    assert called
    assert not of_python & {"run_until_complete", "run_forever", "_run_once", "_run"}


def test_what_uvloop_wraps_around_is_not_drawn() -> None:
    run = "run (uvloop/__init__.py:96)\nRunner.run (asyncio/runners.py:118)\n"
    wrapped = "run.<locals>.wrapper (uvloop/__init__.py:48)\nserve (shop/main.py:4)\n"
    made = drawn(profiled(frames(run, wrapped)))
    assert [row.frame.function for row in made.rows if row.depth == 1] == ["serve"]


def test_a_finding_is_lit_from_its_line_on_and_nothing_else_is() -> None:
    made = drawn(load(EVERY))
    lit = [row for row in made.rows if row.finding is not None]
    tops = [row for row in lit if row.frame.function == "helper_count"]
    assert sum(row.towards for row in tops) == 31
    assert {row.frame.line for row in tops} == {9}
    assert all(row.depth >= min(top.depth for top in tops) for row in lit)
    assert not any(row.frame.function == "customers" for row in lit)
    assert made.rows[0].towards == 31


def test_lines_are_told_apart_in_own_code_only() -> None:
    rows = drawn(load(EVERY)).rows
    assert any(row.frame.line for row in rows if row.package is None and row.depth)
    assert not any(row.frame.line for row in rows if row.package is not None)


def test_the_order_of_stacks_does_not_show() -> None:
    profile = load(EVERY)
    turned = Profile(dict(reversed(list(profile.stacks.items()))), profile.origins)
    assert drawn(turned) == drawn(profile)


def loops(count: int, deep: int) -> Profile:
    run = Frame("Handle._run", "/usr/lib/python3.12/asyncio/events.py", 88)
    stacks = {
        Stack((run, *(Frame(f"f{i}_{depth}", "/srv/shop/a.py", depth) for depth in range(1, deep)))): 1 + i % 7
        for i in range(count)
    }
    return Profile(stacks, (Origin("py-spy", mode="gil", rate=100),))


def test_a_page_stays_small_whatever_is_recorded() -> None:
    assert len(drawn(loops(4_000, 3)).rows) <= 2 * MAX_BOXES
    deep = drawn(loops(2, 3_000)).rows
    assert max(row.depth for row in deep) == MAX_DEPTH
    assert Counter(row.depth for row in deep)[1] == 2


def test_nothing_on_a_loop_is_an_empty_graph() -> None:
    assert drawn(Profile({})).samples == 0
