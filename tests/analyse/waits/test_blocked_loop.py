"""What keeps the loop is told from what is idle, busy or crossing; where a sample cannot tell, the finding says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding, Wait
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin, Profile, SamplingMode, Stack
from asyncspy.read.profile_sum import merge_profiles
from tests.analyse.stack_samples import ASYNCIO, COUNT, HANDLER, OWN, POOL, UVLOOP, frames

VIEW = "fetches (views.py:54)\n"
HELPER = "ask (client.py:3)\n"
SELECT = "EpollSelector.select (selectors.py:468)\n"
READ = "urlopen (urllib/request.py:215)\nSocketIO.readinto (socket.py:720)\n"
IDLE_WORKER = """Thread._bootstrap (threading.py:1030)
Thread._bootstrap_inner (threading.py:1073)
Thread.run (threading.py:1010)
_worker (concurrent/futures/thread.py:89)
"""
IDLE = ASYNCIO.replace("Handle._run (asyncio/events.py:88)\n", "") + SELECT
AEXIT = """ASGIHandler.__call__ (django/core/handlers/asgi.py:165)
ThreadSensitiveContext.__aexit__ (asgiref/sync.py:207)
ThreadPoolExecutor.shutdown (concurrent/futures/thread.py:235)
Thread.join (threading.py:1147)
Thread._wait_for_tstate_lock (threading.py:1167)
"""
PRIVATE_LOOP = "AsyncToSync.__call__.<locals>.new_loop_wrap (asgiref/sync.py:320)\n"
SOURCES = {
    OWN + "views.py": "\n" * 53 + "time.sleep(1)\n",
    OWN + "client.py": "def ask():\n    with open(path) as file:\n        return lock.acquire()\n",
}


def recording(*parts: tuple[str, int], mode: SamplingMode = "wall", rate: int = 20) -> Profile:
    """A loop thread whose samples are these."""
    stacks = {Stack(frames(text), 7, "MainThread"): weight for text, weight in parts}
    total = sum(stacks.values())
    return Profile(stacks, (Origin("py-spy 0.4.3", mode, rate, total / rate, samples=total),))


def judged(*parts: tuple[str, int], source: bool = False) -> Analysis:
    return analyse(recording(*parts), source=SOURCES.get if source else lambda _file: None)


def only(analysis: Analysis) -> Finding:
    (finding,) = analysis.findings
    return finding


@pytest.mark.parametrize("loop", [ASYNCIO, UVLOOP], ids=["asyncio", "uvloop"])
def test_a_wait_of_a_library_is_the_line_that_called_it(loop: str) -> None:
    analysis = judged((loop + HANDLER + VIEW + HELPER + READ, 50), (IDLE, 50))
    finding = only(analysis)
    assert (finding.kind, finding.culprit.frame.function, finding.call) == ("blocked-loop", "ask", "urlopen")
    assert finding.wait is not None
    assert (finding.wait.kind, finding.wait.certain) == ("socket", True)
    assert [(entry.kind, entry.frame.function, entry.weight) for entry in finding.entries] == [
        ("async view", "fetches", 50)
    ]
    assert finding.share is not None
    assert finding.share.share == 0.5
    assert analysis.verdict == "none-seen"
    assert analysis.wall is not None
    assert (analysis.wall.loop, analysis.wall.waiting, analysis.wall.busy, analysis.wall.idle) == (100, 50, 0, 50)


def test_workers_that_were_spawned_or_forked_have_loops_of_their_own() -> None:
    spawned = "spawn_main (multiprocessing/spawn.py:122)\nBaseProcess._bootstrap (multiprocessing/process.py:314)\n"
    forked = "Popen._launch (multiprocessing/popen_fork.py:73)\n" + spawned
    for below in (spawned, ASYNCIO + forked, POOL + forked):
        analysis = judged((below + ASYNCIO + HANDLER + VIEW + READ, 80), (below + IDLE, 20))
        assert only(analysis).entries[0].frame.function == "fetches"
        assert analysis.wall is not None
        assert analysis.wall.loop == 100
    assert judged((ASYNCIO + forked + VIEW + READ, 100)).findings == ()


def test_the_source_tells_what_a_line_without_a_frame_waits_for() -> None:
    finding = only(judged((ASYNCIO + HANDLER + VIEW, 10), (IDLE, 90), source=True))
    assert (finding.call, finding.wait) == ("time.sleep", Wait("sleep", certain=True))


def test_without_it_only_a_line_that_keeps_the_loop_for_long_is_told_and_doubted() -> None:
    finding = only(judged((ASYNCIO + HANDLER + VIEW, 60), (IDLE, 40)))
    assert finding.wait == Wait("unknown", certain=False)
    assert judged((ASYNCIO + HANDLER + VIEW, 25), (IDLE, 75)).findings == ()


def test_a_lock_that_is_mostly_free_is_nothing() -> None:
    line = ASYNCIO + HANDLER + HELPER
    assert judged((line, 4), (IDLE, 96), source=True).findings == ()
    assert only(judged((line, 15), (IDLE, 85), source=True)).call == "lock.acquire"


INNOCENT = {
    "an idle loop": IDLE,
    "a busy library": ASYNCIO + HANDLER + VIEW + "dumps (json/__init__.py:231)\n",
    "the end of a request": ASYNCIO + AEXIT,
    "a hop": ASYNCIO + HANDLER + VIEW + "SyncToAsync.__call__ (asgiref/sync.py:567)\nThread.start (threading.py:992)\n"
    "Event.wait (threading.py:655)\nCondition.wait (threading.py:355)\n",
    "a thread of a pool": POOL + VIEW + READ,
    "a loop of its own in a thread of a pool": POOL + PRIVATE_LOOP + VIEW + READ,
    "a wait of the framework alone": ASYNCIO + HANDLER + READ,
    "a busy package": ASYNCIO + HANDLER + VIEW + "Filter.do (rest_framework/filters.py:9)\n",
}


@pytest.mark.parametrize("text", INNOCENT.values(), ids=INNOCENT)
def test_what_does_not_block_the_loop(text: str) -> None:
    assert judged((text, 90), (IDLE.replace("468", "469"), 10), source=True).findings == ()


def test_a_query_on_the_loop_is_a_violation_and_not_a_wait() -> None:
    finding = only(judged((ASYNCIO + HANDLER + VIEW + COUNT + READ, 50), (IDLE, 50)))
    assert finding.kind == "async-unsafe"


def test_violations_come_before_everything_else() -> None:
    analysis = judged((ASYNCIO + HANDLER + VIEW + READ, 80), (ASYNCIO + HANDLER + HELPER + COUNT, 3), (IDLE, 17))
    assert [finding.kind for finding in analysis.findings] == ["async-unsafe", "blocked-loop"]
    assert analysis.verdict == "violations"


@pytest.mark.parametrize(("held", "expected"), [(90, None), (40, False), (5, True)])
def test_a_recording_by_the_gil_tells_waiting_from_computing(held: int, expected: bool | None) -> None:
    busy = ASYNCIO + HANDLER + VIEW
    by_gil = recording((busy, held), (ASYNCIO, 10), mode="gil", rate=100)
    by_gil = replace(by_gil, origins=(replace(by_gil.origins[0], duration=1.0),))
    analysis = analyse(recording((busy, 90), (IDLE, 10)), gil=by_gil)
    assert [finding.wait and finding.wait.certain for finding in analysis.findings] == (
        [] if expected is None else [expected]
    )
    assert analysis.wall is not None
    assert analysis.wall.waiting == (90 if expected else 0)


@pytest.mark.parametrize("number", [1, 2, 6])
def test_so_many_workers_recorded_one_by_one_are_looked_at_no_oftener(number: int) -> None:
    """A line that computes for half of the time, in workers that have a recording each."""
    busy, rest = ASYNCIO + HANDLER + VIEW, IDLE

    def each(pid: int, mode: SamplingMode, rate: int, *parts: tuple[str, int]) -> Profile:
        one = recording(*parts, mode=mode, rate=rate)
        watched = Worker(pid, 1, "worker", certain=True, server="uvicorn")
        origin = replace(one.origins[0], target=watched, duration=10.0)
        return Profile({stack._replace(pid=pid): weight for stack, weight in one.stacks.items()}, (origin,))

    pids = range(7, 7 + number)
    by_gil = merge_profiles([each(pid, "gil", 100, (busy, 500), (ASYNCIO, 10)) for pid in pids])
    waits = merge_profiles([each(pid, "wall", 20, (busy, 100), (rest, 100)) for pid in pids])
    assert analyse(waits, gil=by_gil).findings == ()


@pytest.mark.parametrize("mode", ["gil", "default"])
def test_other_samples_do_not_count_waits(mode: SamplingMode) -> None:
    analysis = analyse(recording((ASYNCIO + HANDLER + VIEW + READ, 80), mode=mode))
    assert (analysis.findings, analysis.wall) == ((), None)


def foreign(threads: dict[str, tuple[str, int]]) -> Profile:
    return Profile({Stack(frames(text), 7, name): weight for name, (text, weight) in threads.items()})


def test_a_foreign_recording_proves_itself_by_threads_that_are_always_there() -> None:
    blocked = (ASYNCIO + HANDLER + VIEW + READ, 80)
    assert analyse(foreign({"MainThread": blocked, "asyncio_0": (IDLE_WORKER, 80)})).wall is not None
    assert analyse(foreign({"MainThread": blocked, "asyncio_0": (IDLE_WORKER, 60)})).wall is None
    assert analyse(foreign({"MainThread": (ASYNCIO, 80), "w": (POOL + VIEW, 80)})).wall is None
    assert analyse(foreign({"MainThread": (ASYNCIO, 10), "asyncio_0": (IDLE_WORKER, 10)})).wall is None


def test_the_share_is_of_the_workers_that_have_the_line() -> None:
    one, two = (recording((text, 100)) for text in (ASYNCIO + HANDLER + VIEW + READ, IDLE))
    other = {stack._replace(pid=8): weight for stack, weight in two.stacks.items()}
    finding = only(analyse(replace(one, stacks={**one.stacks, **other})))
    assert finding.share is not None
    assert finding.share.share == 1.0


def test_a_masters_own_loop_is_nobodys_time() -> None:
    one = recording((ASYNCIO + HANDLER + VIEW + READ, 50), (IDLE, 50))
    master = {Stack(frames(IDLE), 6, "control"): 100}
    target = Worker(6, 1, "master", True, "gunicorn")
    both = replace(one, stacks={**one.stacks, **master}, origins=(replace(one.origins[0], target=target),))
    analysis = analyse(both)
    assert analysis.wall is not None
    assert (analysis.wall.loop, analysis.wall.idle) == (100, 50)
