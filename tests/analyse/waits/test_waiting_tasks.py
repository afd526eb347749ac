"""Which tasks count, at which line, and what they await: by ways as servers and libraries give them."""

from __future__ import annotations

import pytest

from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.waits.waiting_tasks import sum_up_waiting
from asyncspy.model.observed import AwaitWay, TaskLooks, TaskState
from asyncspy.model.stacks import Frame

SITE, PYTHON = "/venv/lib/python3.12/site-packages", "/usr/lib/python3.12"
SERVER = Frame("RequestResponseCycle.run_asgi", f"{SITE}/uvicorn/protocols/http/h11_impl.py", 403)
HANDLER = Frame("ASGIHandler.__call__", f"{SITE}/django/core/handlers/asgi.py", 170)
HANDLE = Frame("ASGIHandler.handle", f"{SITE}/django/core/handlers/asgi.py", 200)
VIEWS = Frame("BaseHandler._get_response_async", f"{SITE}/django/core/handlers/base.py", 253)
OWN = Frame("checkout", "/srv/shop/views.py", 97)
HOP = Frame("SyncToAsync.__call__", f"{SITE}/asgiref/sync.py", 468)
SLEEP = Frame("sleep", f"{PYTHON}/asyncio/tasks.py", 665)
WAIT = Frame("_wait", f"{PYTHON}/asyncio/tasks.py", 534)
LOCK = Frame("Lock.acquire", f"{PYTHON}/asyncio/locks.py", 113)
ACOUNT = Frame("QuerySet.acount", f"{SITE}/django/db/models/query.py", 608)
PSYCOPG = Frame("AsyncConnection.wait", f"{SITE}/psycopg/connection_async.py", 484)
HTTPX = Frame("AsyncClient.get", f"{SITE}/httpx/_client.py", 1814)
RECEIVE = Frame("RequestResponseCycle.receive", f"{SITE}/uvicorn/protocols/http/h11_impl.py", 530)
DISCONNECT = Frame("ASGIHandler.listen_for_disconnect", f"{SITE}/django/core/handlers/asgi.py", 230)
EVENT = Frame("Event.wait", f"{PYTHON}/asyncio/locks.py", 213)
REQUEST = (SERVER, HANDLER, HANDLE, VIEWS)


def summed(state: TaskState, *frames: Frame, looks: int = 10) -> tuple[object, ...]:
    """Of the only line: its file, kind and package; None where none counts."""
    found = sum_up_waiting([TaskLooks(7, "MainThread", looks, (AwaitWay(frames, state, 20, 40),))], Ownership())
    assert found is not None
    if not found.lines:
        return (None, found.clients)
    (line,) = found.lines
    assert (line.tasks, line.share.share, found.tasks) == (2.0, 1.0, 2.0)
    return (line.culprit.frame.function, line.kind, line.package)


@pytest.mark.parametrize(
    ("state", "beyond", "kind", "package"),
    [
        ("future", [SLEEP], "sleep", None),
        ("future", [LOCK], "lock", None),
        ("future", [], "future", None),
        ("queued", [HOP], "hop-queue", None),
        ("running", [HOP], "hop", None),
        ("running", [ACOUNT, HOP], "hop", None),
        ("queued", [], "hop-queue", None),
        ("future", [PSYCOPG], "database", "psycopg"),
        ("running", [HTTPX], "http", "httpx"),
        ("task", [], "task", None),
        ("future", [WAIT], "task", None),
        ("ready", [PSYCOPG], "turn", None),
    ],
)
def test_what_own_code_awaits(state: TaskState, beyond: list[Frame], kind: str, package: str | None) -> None:
    assert summed(state, *REQUEST, OWN, *beyond) == ("checkout", kind, package)


def test_a_request_without_own_code_is_djangos() -> None:
    assert summed("running", *REQUEST, HOP) == ("BaseHandler._get_response_async", "hop", None)


@pytest.mark.parametrize(
    "frames",
    [
        (SERVER, HANDLER, HANDLE, WAIT),
        (SERVER, OWN, HANDLER, HANDLE, WAIT),
        (Frame("Server.main_loop", f"{SITE}/uvicorn/server.py", 230), SLEEP),
        (HTTPX, SLEEP),
    ],
    ids="django-for-its-task below-an-own-wrapper the-server a-package-alone".split(),
)
def test_what_does_not_count(frames: tuple[Frame, ...]) -> None:
    assert summed("future", *frames) == (None, 0.0)


def test_who_waits_for_a_client_is_told_apart() -> None:
    assert summed("future", SERVER, HANDLER, HANDLE, DISCONNECT, RECEIVE, EVENT) == (None, 2.0)
    assert summed("future", SERVER, OWN, RECEIVE, EVENT) == (None, 2.0)


def test_bounds_are_those_of_single_waits_and_workers_add_up() -> None:
    def way(frame: Frame, seen: float, squares: float) -> AwaitWay:
        return AwaitWay((*REQUEST, frame, SLEEP), "future", seen, squares)

    other = OWN._replace(line=12)
    looked = [
        TaskLooks(7, "a", 100, (way(OWN, 50, 2_500), way(other, 50, 50))),
        TaskLooks(8, "a", 10, (way(other, 5, 5),)),
    ]
    found = sum_up_waiting(looked, Ownership())
    assert found is not None
    assert [(line.culprit.frame.line, line.tasks) for line in found.lines] == [(12, 1.0), (97, 0.5)]
    assert found.evidence == pytest.approx(1.5**2 / (0.25 + 0.005 + 0.05))
    assert found.lines[0].share.low < 0.4, "half of it is one wait that was seen fifty times"
    assert sum(line.share.share for line in found.lines) == pytest.approx(1)


def test_where_nobody_looked_nothing_is_said() -> None:
    assert sum_up_waiting([], Ownership()) is None
