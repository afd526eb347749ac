"""Build dumps of one process from threads written as text, with what the kernel let each run in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from asyncspy.analyse.hang import judge_hangs
from asyncspy.analyse.stacks.ownership import Ownership, libraries_in
from asyncspy.model.hangs import Hang
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Dump, ThreadActivity, ThreadSnapshot
from tests.analyse.stack_samples import ASYNCIO, HANDLER, POOL, frames

PID = 100
STILL, TICKING, COMPUTING = ThreadActivity(0, 0), ThreadActivity(5, 900_000), ThreadActivity(40, 480_000_000)

RUN_ONCE = ASYNCIO.replace("Handle._run (asyncio/events.py:88)\n", "")
SELECT = f"{RUN_ONCE}EpollSelector.select (selectors.py:468)"
WORKER = POOL.replace("_WorkItem.run (concurrent/futures/thread.py:59)\n", "").replace(
    "SyncToAsync.thread_handler (asgiref/sync.py:636)\n", ""
)
VIEW = f"{ASYNCIO}{HANDLER}"
MIDDLEWARE = f"""{POOL}
convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:55)
Stamp.__call__ (middleware.py:11)
"""
FOR_LOOP = """
AsyncToSync.__call__ (asgiref/sync.py:291)
CurrentThreadExecutor.run_until_future (asgiref/current_thread_executor.py:85)
Condition.wait (threading.py:3)
"""
RESULT = """
Future.result (concurrent/futures/_base.py:451)
Condition.wait (threading.py:3)
"""
CLOSING = f"""{ASYNCIO}
ASGIHandler.__call__ (django/core/handlers/asgi.py:165)
ThreadSensitiveContext.__aexit__ (asgiref/sync.py:148)
ThreadPoolExecutor.shutdown (concurrent/futures/thread.py:235)
Thread.join (threading.py:1119)
Thread._wait_for_tstate_lock (threading.py:1139)
"""
SOURCES = {
    "threading.py": "def wait(self, timeout=None):\n    if timeout is None:\n        waiter.acquire()\n"
    "    else:\n        waiter.acquire(True, timeout)\n",
    "views.py": "import asyncio, time\n"
    "async def view(request):\n"
    "    with LOCK:\n"
    "        await asyncio.sleep(1)\n"
    "    time.sleep(60)\n"
    "    LOCK.acquire(True, 5)\n"
    "    return asyncio.run_coroutine_threadsafe(work(), loop).result()\n"
    "def compute():\n"
    "    return sum(range(10))\n"
    "def wait_for(pool):\n"
    "    return pool.submit(compute).result()\n",
}
WORKER_OF = Worker(PID, 1, "worker", certain=True, server="uvicorn", python="3.12", django="5.2.19", asgiref="3.13.0")


@dataclass(frozen=True)
class Actor:
    """One thread: its name, what it does, and what it was let run between looks; `new`: another at each look."""

    name: str
    text: str
    ran: ThreadActivity | None = STILL
    new: bool = False


def source(file: str) -> str | None:
    """The text of a file by its last name."""
    return SOURCES.get(file.rpartition("/")[2])


def loop(text: str = SELECT, ran: ThreadActivity | None = TICKING) -> Actor:
    """The loop's thread."""
    return Actor("MainThread", text, ran)


def request(text: str, number: int = 1, *, ran: ThreadActivity | None = STILL, new: bool = False) -> Actor:
    """The thread of a request."""
    return Actor(f"ThreadPoolExecutor-{number}_0", text, ran, new)


def dumps(*actors: Actor, looks: int = 5, every: float = 0.5, counted: bool = True) -> list[Dump]:
    """Looks at these threads."""
    return [_look(actors, number, every, counted=counted) for number in range(looks)]


def _look(actors: Sequence[Actor], number: int, every: float, *, counted: bool) -> Dump:
    ids = [1000 + at + (100 * number if actor.new else 0) for at, actor in enumerate(actors)]
    threads = [
        ThreadSnapshot(frames(actor.text), actor.name, PID, os_id=tid) for actor, tid in zip(actors, ids, strict=True)
    ]
    ran = {tid: actor.ran for actor, tid in zip(actors, ids, strict=True) if actor.ran is not None}
    return Dump(tuple(threads), PID, 100.0 + number * every, ran=ran if number and counted else None, cpus=2)


def judged(looks: Sequence[Dump], *, asgiref: str = "3.13.0", django: str = "5.2.19") -> Hang:
    """The verdict on them."""
    owners = Ownership((), libraries_in(frame for look in looks for thread in look.threads for frame in thread.frames))
    (hang,) = judge_hangs(
        looks, {PID: replace(WORKER_OF, asgiref=asgiref, django=django)}, source=source, owners=owners
    )
    return hang


def lines(hang: Hang) -> list[str]:
    """The lines to blame, as `file:line`."""
    return [f"{each.culprit.frame.file.rpartition('/')[2]}:{each.culprit.frame.line}" for each in hang.culprits]
