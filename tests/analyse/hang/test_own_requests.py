"""A request to the own server is a deadlock where nobody else could answer it; to any other server it is a wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from asyncspy.analyse.hang import judge_hangs
from asyncspy.analyse.stacks.ownership import Ownership, libraries_in
from asyncspy.model.hangs import Hang
from asyncspy.model.stacks import AskedServer, Dump
from tests.analyse.hang.thread_dumps import (
    PID,
    SELECT,
    STILL,
    VIEW,
    WORKER,
    WORKER_OF,
    Actor,
    dumps,
    lines,
    loop,
    request,
    source,
)

ASKS = f"{VIEW}view (views.py:6)\nurlopen (urllib/request.py:216)\nSocketIO.readinto (socket.py:706)"
SYNC_ASKS = (
    "<module> (bin/gunicorn:8)\nview (views.py:6)\nurlopen (urllib/request.py:216)\nSocketIO.readinto (socket.py:706)"
)
ACCEPTS = Actor(
    "Thread-1", "Thread._bootstrap (threading.py:1002)\nserve_forever (socketserver.py:232)\nselect (selectors.py:415)"
)
LOOP_THREAD = 1000
PORT = 8000


def asked(looks: Sequence[Dump], pids: Sequence[int], port: int = PORT, thread: int = LOOP_THREAD) -> list[Dump]:
    """The same looks, in which a thread waits for the answer of these processes."""
    return [replace(look, asks={thread: AskedServer(tuple(pids), port)}) for look in looks]


def of_process(pid: int, looks: Sequence[Dump]) -> list[Dump]:
    return [replace(look, pid=pid) for look in looks]


def judged(looks: Sequence[Dump], bind: str | None = f"0.0.0.0:{PORT}") -> Mapping[int | None, Hang]:
    owners = Ownership((), libraries_in(frame for look in looks for thread in look.threads for frame in thread.frames))
    pids = {look.pid or 0 for look in looks}
    targets = {pid: replace(WORKER_OF, pid=pid, bind=bind) for pid in pids}
    return {hang.pid: hang for hang in judge_hangs(looks, targets, source=source, owners=owners)}


def verdict(looks: Sequence[Dump], **more: str | None) -> str:
    return judged(looks, **more)[PID].verdict


def test_a_loop_that_asks_its_own_process_is_a_deadlock_with_its_line() -> None:
    hang = judged(asked(dumps(loop(ASKS, STILL), request(WORKER)), [PID]))[PID]
    assert (hang.verdict, hang.certain, lines(hang)) == ("deadlock", True, ["views.py:6"])
    assert "to this very process: nothing is left that could answer" in hang.grounds[0]
    assert hang.later[0].text.startswith("call the function behind that address")
    assert hang.now[0].command == f"kill -KILL {PID}"


def test_the_only_thread_of_a_sync_worker_is_one_as_well() -> None:
    only = Actor("MainThread", SYNC_ASKS, STILL)
    assert verdict(asked(dumps(only), [PID])) == "deadlock"
    beside = Actor("ThreadPoolExecutor-0_0", WORKER, STILL)
    assert verdict(asked(dumps(only, beside), [PID])) != "deadlock"


@pytest.mark.parametrize(
    ("looks", "bind"),
    [
        (dumps(loop(ASKS, STILL)), f"127.0.0.1:{PORT}"),  # another server: nobody of this one is asked
        (asked(dumps(loop(ASKS, STILL)), [PID, 101]), f"127.0.0.1:{PORT}"),  # another worker may accept it
        (asked(dumps(loop(ASKS, STILL)), [101]), f"127.0.0.1:{PORT}"),  # another worker has accepted it
        (asked(dumps(loop(ASKS, STILL)), [PID], 9100), f"127.0.0.1:{PORT}"),  # a port that is not the server's
        (asked(dumps(loop(ASKS, STILL)), [PID]), None),
        (asked(dumps(loop(ASKS, STILL), ACCEPTS), [PID]), f"127.0.0.1:{PORT}"),  # a thread accepts beside the loop
        (asked(dumps(loop(ASKS, STILL), replace(loop(SELECT), name="Thread-2")), [PID]), f"127.0.0.1:{PORT}"),
        (asked(dumps(loop(ASKS, STILL), looks=1), [PID]), f"127.0.0.1:{PORT}"),
        ([*asked(dumps(loop(ASKS, STILL), looks=2), [PID]), *dumps(loop(ASKS, STILL))[2:]], f"127.0.0.1:{PORT}"),
    ],
)
def test_where_somebody_else_may_answer_the_loop_is_only_blocked(looks: list[Dump], bind: str | None) -> None:
    assert verdict(looks, bind=bind) == "blocked-loop"


def test_a_thread_beside_a_free_loop_is_no_deadlock() -> None:
    """The loop can take the request; what it needs for an answer is not known."""
    thread = request(ASKS.replace(VIEW, WORKER))
    assert verdict(asked(dumps(loop(), thread), [PID], thread=LOOP_THREAD + 1)) != "deadlock"


def test_workers_that_wait_for_one_another_are_a_deadlock_each() -> None:
    one, other = (dumps(loop(ASKS, STILL)) for _ in range(2))
    both = [*asked(one, [201]), *of_process(201, asked(other, [PID]))]
    assert {hang.verdict for hang in judged(both).values()} == {"deadlock"}
    assert "to process 201: they wait in the same way" in judged(both)[PID].grounds[0]
    either = [*asked(one, [PID, 201]), *of_process(201, asked(other, [PID, 201]))]
    assert {hang.verdict for hang in judged(either).values()} == {"deadlock"}


def test_a_chain_of_workers_that_ends_at_a_free_one_is_none() -> None:
    chain = [
        *asked(dumps(loop(ASKS, STILL)), [201]),
        *of_process(201, asked(dumps(loop(ASKS, STILL)), [202])),
        *of_process(202, dumps(loop())),
    ]
    assert {hang.verdict for hang in judged(chain).values()} <= {"blocked-loop", "idle", "healthy"}
