"""The hook's timer on a loop of this process: how late the loop was, at which call, and that it ends by itself."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from django.core.exceptions import SynchronousOnlyOperation
from django.utils import asyncio as guard

from asyncspy.guest import entering, loop_watch
from asyncspy.model.observed import LoopTicks
from asyncspy.sample.inside.hook_report import HookReport, parse_report

BLOCKS = (0.02, 0.1, 0.5, 2.0)
WITHIN = 0.005
TRIES = 6
"""A machine with much to do adds to a block after its end; it cannot take from it."""

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
query: Callable[[], object] = guard.async_unsafe(lambda: "rows")


def run_watched(folder: Path, kind: str, main: Callable[[], Coroutine[Any, Any, None]]) -> tuple[HookReport, Any]:
    """Run it on a loop with a hook, and return what the hook wrote, and the loop."""
    (folder / "lease").touch()
    loop = LOOPS[kind]()

    async def watched() -> None:
        hook = entering.start_hook(str(folder), os.getpid())
        assert hook is not None, (folder / "started").read_text()
        try:
            await asyncio.sleep(0.1)
            await main()
            await asyncio.sleep(0.05)
        finally:
            hook.stop()

    try:
        loop.run_until_complete(watched())
    finally:
        loop.close()
    report = parse_report((folder / "result").read_bytes(), 7)
    assert report is not None
    return report, loop


def the_loop(report: HookReport) -> LoopTicks:
    (loop,) = report.observed.loops
    return loop


def seconds_at(moments: list[list[float]], began: float, ended: float) -> float:
    """How late it was by what happened between these two times."""
    return max((late for late, at, _ in moments if began <= at <= ended + 0.02), default=0.0)


@pytest.mark.parametrize("kind", LOOPS)
@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_measured_to_five_milliseconds(
    kind: str, block: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never less than it was; what is more is the machine's, and one try without is enough."""
    monkeypatch.setattr(loop_watch, "MAX_MOMENTS", 1_000)  # a busy machine makes moments of its own
    tries: list[tuple[float, float, float]] = []

    async def main() -> None:
        for _ in range(TRIES if block < 1 else 2):
            began, start = time.time(), time.perf_counter()
            time.sleep(block)
            tries.append((time.perf_counter() - start, began, time.time()))
            await asyncio.sleep(0.03)

    report, _ = run_watched(tmp_path, kind, main)
    loop = the_loop(report)
    moments = json.loads((tmp_path / "result").read_text())["loops"][0]["moments"]
    off = [seconds_at(moments, began, ended) - length for length, began, ended in tries]
    assert min(off) > -WITHIN, off
    assert min(map(abs, off)) < WITHIN, off
    assert loop.loop.startswith("uvloop." if kind == "uvloop" else "asyncio.")
    assert (loop.thread, loop.off, loop.pid) == ("MainThread", None, 7)


def test_a_loop_that_is_never_blocked_is_not_late(tmp_path: Path) -> None:
    async def main() -> None:
        await asyncio.sleep(1)

    report, _ = run_watched(tmp_path, "asyncio", main)
    ticks = the_loop(report).ticks
    late = sum(times for milliseconds, times in ticks.items() if milliseconds >= 20)
    assert sum(ticks.values()) > 50
    assert late < 0.1 * sum(ticks.values()), ticks


def test_the_call_to_the_guard_that_was_made_meanwhile_is_known(tmp_path: Path) -> None:
    def slow() -> None:
        with pytest.raises(SynchronousOnlyOperation):
            query()
        time.sleep(0.3)

    async def main() -> None:
        slow()
        await asyncio.sleep(0.05)
        time.sleep(0.2)
        await asyncio.sleep(0.05)

    report, _ = run_watched(tmp_path, "asyncio", main)
    first, second = the_loop(report).moments[:2]
    assert [frame.function.rpartition(".")[2] for frame in first.frames[-2:]] == ["slow", "inner"]
    assert (round(second.seconds, 1), second.frames) == (0.2, ())


def test_each_loop_is_measured_for_itself_and_in_its_own_thread(tmp_path: Path) -> None:
    def elsewhere() -> None:
        async def called() -> None:
            with pytest.raises(SynchronousOnlyOperation):
                query()
            await asyncio.sleep(0.1)
            time.sleep(0.4)
            await asyncio.sleep(0.1)

        asyncio.run(called())

    async def main() -> None:
        await asyncio.to_thread(elsewhere)

    report, _ = run_watched(tmp_path, "asyncio", main)
    first, second = report.observed.loops
    assert (first.thread, second.thread.startswith("asyncio_")) == ("MainThread", True)
    assert (first.moments[0].seconds if first.moments else 0.0) < 0.3 < second.moments[0].seconds


def test_one_that_costs_too_much_ends_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_watch, "BUDGET_SHARE", 0.0)

    async def main() -> None:
        await asyncio.sleep(0.2)

    report, _ = run_watched(tmp_path, "asyncio", main)
    loop = the_loop(report)
    assert (sum(loop.ticks.values()), loop.off) == (1, "took more than 0% of the loop's time")


def test_no_failure_of_it_reaches_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(loop_watch.LoopWatch, "_measure", fails)
    said: list[Any] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: said.append(context))
        await asyncio.sleep(0.3)

    (tmp_path / "lease").touch()
    loop = asyncio.new_event_loop()

    async def watched() -> Any:
        hook = entering.start_hook(str(tmp_path), os.getpid())
        await main()
        return hook

    hook = loop.run_until_complete(watched())
    loop.close()
    assert (hook.done, said) == (True, []), "after so many it goes by itself"
