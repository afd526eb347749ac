"""Where nothing is wrong nothing is found: a busy async app, a WSGI app, a pool of threads, an idle worker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.live.corpus.attached import Report, attach, table, violations
from tests.live.corpus.load import asking, routes
from tests.live.corpus.marks import PROGRAM, truth
from tests.live.corpus.served import jobs, wsgi
from tests.live.harness import Loop, serving

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace"), pytest.mark.timeout(300)]

SECONDS = int(os.environ.get("ASYNCSPY_INNOCENT_SECONDS", "5"))
PLENTY = 2 * SECONDS  # samples of one world: far less than a busy program gives, even on a slow machine
IDLE_SECONDS = 3


def samples(report: Report, world: str) -> int:
    return int(report["samples"][world])


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_busy_app_that_is_right(loop: Loop, tmp_path: Path) -> None:
    with serving(PROGRAM, loop=loop) as server:
        twins = [route for route in routes(server.url) if route.startswith("twin/")]
        with asking(server.url, twins) as asked:
            report, _ = attach(server.pid, tmp_path, SECONDS)
    assert asked.failures == {}
    assert violations(report) == []
    assert samples(report, "loop") > PLENTY
    assert samples(report, "pool") > PLENTY


def without_asgi(paths: list[str]) -> list[str]:
    """channels answers no WSGI request."""
    return [path for path in paths if not path.endswith("/consumer")]


def test_a_wsgi_app_that_is_right(tmp_path: Path) -> None:
    """Its async views run on private loops in threads, and what they hand over runs on the main thread."""
    with wsgi() as server:
        twins = [route for route in without_asgi(routes(server.url)) if route.startswith("twin/")]
        with asking(server.url, twins, concurrency=2, per_connection=1) as asked:
            report, _ = attach(server.pid, tmp_path, SECONDS)
    assert asked.failures == {}
    assert violations(report) == []
    assert samples(report, "sync") > PLENTY


def test_faults_behind_wsgi_are_faults_all_the_same(tmp_path: Path) -> None:
    with wsgi() as server, asking(server.url, without_asgi(routes(server.url)), per_connection=1) as asked:
        report, recording = attach(server.pid, tmp_path, SECONDS)
    _, wrong = table(report, recording, truth())
    assert asked.failures == {}
    assert len(wrong) < 2  # of the few samples of one line all may show how its query is built, before it is one
    assert all(one.startswith("missed") for one in wrong)
    assert violations(report)


def test_a_pool_of_threads_without_a_server(tmp_path: Path) -> None:
    with jobs() as pid:
        report, _ = attach(pid, tmp_path, SECONDS)
    assert violations(report) == []
    assert samples(report, "pool") > PLENTY


def test_an_idle_worker(tmp_path: Path) -> None:
    with serving(PROGRAM) as server:
        report, _ = attach(server.pid, tmp_path, IDLE_SECONDS)
    assert violations(report) == []
    assert samples(report, "loop") < 50
