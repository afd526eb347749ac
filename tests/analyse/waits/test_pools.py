"""A pool is full when all its threads are busy nearly all the time; a request's own thread is nobody else's."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.analysis import Analysis
from asyncspy.model.stacks import Origin, Profile, Stack
from tests.analyse.stack_samples import ASYNCIO, POOL, frames

LOOP = ASYNCIO.replace("Handle._run (asyncio/events.py:88)\n", "") + "EpollSelector.select (selectors.py:468)\n"
WORK = POOL + "look_up (asgi.py:14)\n"
IN_C = POOL + "SyncToAsync.__call__.<locals>.func.<locals>.run_child (asgiref/sync.py:560)\n"
OTHER = POOL.replace("SyncToAsync.thread_handler (asgiref/sync.py:636)\n", "") + "crunch (numbers.py:3)\n"
IDLE = POOL.rsplit("_WorkItem", 1)[0]
SHARED = "ThreadPoolExecutor-0_0"


def judged(threads: dict[str, tuple[str, int]], *, ticks: int = 100) -> Analysis:
    """Every thread works for so many of the ticks and is idle for the rest."""
    stacks = {Stack(frames(LOOP), 7, "MainThread"): ticks}
    for name, (text, busy) in threads.items():
        stacks[Stack(frames(text), 7, name)] = busy
        stacks[Stack(frames(IDLE), 7, name)] = ticks - busy
    return analyse(Profile(stacks, (Origin("py-spy", "wall", 20, ticks / 20),)))


def workers(number: int, busy: int, text: str = WORK) -> dict[str, tuple[str, int]]:
    return {f"asyncio_{index}": (text, busy) for index in range(number)}


def test_the_one_shared_thread_is_full() -> None:
    analysis = judged({SHARED: (WORK, 97)})
    (finding,) = analysis.findings
    assert (finding.kind, finding.culprit.frame.function) == ("pool-saturated", "look_up")
    assert "thread-sensitive" in finding.call
    assert finding.share is not None
    assert finding.share.share == 0.97
    assert finding.threads == 1
    assert analysis.wall is not None
    assert analysis.wall.pool_threads == 0.97
    assert analysis.verdict == "none-seen"


def test_the_default_executor_is_full() -> None:
    (finding,) = judged(workers(6, 95)).findings
    assert finding.threads == 6
    assert "default executor" in finding.call


def test_work_without_a_frame_is_nobodys_line() -> None:
    (finding,) = judged(workers(6, 95, IN_C)).findings
    assert finding.culprit.package == "asgiref"


NOT_FULL = {
    "the shared thread has time left": {SHARED: (WORK, 80)},
    "threads of requests": {f"ThreadPoolExecutor-{n}_0": (WORK, 99) for n in range(1, 9)},
    "somebody else's pool that came first": {SHARED: (OTHER, 99)},
    "one of the default executor's threads has time left": {**workers(5, 99), "asyncio_5": (WORK, 30)},
    "too few threads to be all of them": workers(3, 99),
    "idle pools": {SHARED: (WORK, 0), **workers(6, 0)},
}


@pytest.mark.parametrize("threads", NOT_FULL.values(), ids=NOT_FULL)
def test_a_pool_that_is_not_full(threads: dict[str, tuple[str, int]]) -> None:
    assert judged(threads).findings == ()


def test_a_short_look_proves_nothing() -> None:
    assert judged({SHARED: (WORK, 15)}, ticks=15).findings == ()
