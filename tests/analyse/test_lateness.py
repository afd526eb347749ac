"""How late a loop was: shares are of time, and a line is named only where it is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asyncspy.analyse.lateness import measure_lateness
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.model.findings import Culprit, Evidence, Finding
from asyncspy.model.observed import LateMoment, LoopTicks
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Origin

BEGAN = 1_795_226_400.0
WORKER = Worker(7, 1, "worker", True, "uvicorn")
WALL = Origin("py-spy", "wall", 20, 30.0, "2026-11-21T02:00:00+00:00", target=WORKER)
OWN = Frame("checkout", "/srv/shop/views.py", 97)
LOOP = LoopTicks(7, "MainThread", "asyncio.x", 0.004, 10.0, {0: 100})


def blocking(samples: int, line: int = 97) -> Finding:
    culprit = Culprit(OWN._replace(line=line))
    return Finding("blocked-loop", Evidence(sampled=samples), False, culprit, "sleep", None, (), ())


def of(loop: LoopTicks, *findings: Finding, origin: Origin = WALL):  # type: ignore[no-untyped-def]
    (found,) = measure_lateness([loop], findings, [origin], Ownership())
    return found


def test_all_times_that_fall_into_a_block_count() -> None:
    """Two seconds in ten are blocked once: a request that comes then waits for half a second or more in 15% of all."""
    found = of(replace(LOOP, ticks={0: 2000, 2000: 1}))
    shares = dict(found.bands)
    assert found.p50 == 0.001
    assert found.p99 == pytest.approx(1.9, abs=0.01)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares[0.5] + shares[2.0] == pytest.approx(0.15, abs=0.01)
    assert found.worst == 2.0


def test_a_loop_of_a_moment_is_left_out() -> None:
    assert measure_lateness([replace(LOOP, seconds=0.5), replace(LOOP, ticks={})], [], [], Ownership()) == ()


def at(seconds: float, *frames: Frame, after: float = 10.0) -> LoopTicks:
    return replace(LOOP, moments=(LateMoment(seconds, BEGAN + after, frames),))


def known(loop: LoopTicks, *findings: Finding, origin: Origin = WALL) -> tuple[str | None, int | None]:
    (moment,) = of(loop, *findings, origin=origin).moments
    return moment.known_by, moment.line.frame.line if moment.line else None


def test_a_call_that_was_made_meanwhile_names_its_line() -> None:
    guard = Frame("inner", "/venv/lib/python3.12/site-packages/django/utils/asyncio.py", 24)
    assert known(at(1.2, OWN._replace(line=22), guard)) == ("call", 22)


def test_the_only_line_that_was_sampled_for_so_long_is_named() -> None:
    assert known(at(1.2), blocking(24), blocking(5, line=12)) == ("samples", 97)


@pytest.mark.parametrize(
    ("loop", "findings", "origin"),
    [
        (at(1.2), [blocking(24), blocking(30, line=12)], WALL),
        (at(1.2), [blocking(10)], WALL),
        (at(1.2, after=40.0), [blocking(24)], WALL),
        (at(1.2, after=2.0), [blocking(24)], WALL),
        (at(1.2), [blocking(24)], replace(WALL, mode="gil")),
        (at(1.2), [blocking(24)], replace(WALL, target=replace(WORKER, pid=8))),
        (at(1.2), [blocking(24)], replace(WALL, started_at="yesterday")),
    ],
    ids="two-could-be too-short after-it before-it by-the-gil another-worker no-time".split(),
)
def test_no_line_is_named_by_guess(loop: LoopTicks, findings: list[Finding], origin: Origin) -> None:
    assert known(loop, *findings, origin=origin) == (None, None)
