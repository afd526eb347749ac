"""What a server's master does with its workers while one of them, or all, are recorded."""

from __future__ import annotations

import os
import signal

import psutil

from tests.live.faults.scene import LONG, Scene
from tests.live.faults.table import fault, two_workers
from tests.live.harness import load
from tests.live.processes import eventually


@fault("gunicorn reloads on HUP", 0)
def _(one: Scene) -> None:
    master, url = one.gunicorn()
    one.start(duration="5")
    one.sampling()
    (old,) = psutil.Process(master).children()
    os.kill(master, signal.SIGHUP)
    assert eventually(lambda: psutil.Process(master).children() not in ([], [old]), timeout=LONG)
    load(url, requests=50)


@fault("worker recycled by max_requests", 0, "took its place and is recorded from now on", also=two_workers)
def _(one: Scene) -> None:
    master, url = one.gunicorn("--max-requests", "40")
    (old,) = psutil.Process(master).children()
    one.start(duration="6", pid=old.pid)
    one.sampling()
    load(url, requests=60)


@fault("worker killed, and its master recorded", 0)
def _(one: Scene) -> None:
    master, url = one.gunicorn()
    one.start(duration="4")
    one.sampling()
    (old,) = psutil.Process(master).children()
    old.kill()
    load(url, requests=50)


@fault("worker killed again and again", 0, "took its place", also=two_workers)
def _(one: Scene) -> None:
    master, _ = one.gunicorn()
    (old,) = psutil.Process(master).children()
    one.start(duration="8", pid=old.pid)
    for _ in range(2):
        sampler = one.sampling()
        (current,) = psutil.Process(master).children()
        current.kill()
        assert eventually(lambda was=sampler: not was.is_running(), timeout=LONG)  # type: ignore[misc]


@fault("server shut down", 0, "no other took its place", target="ended")
def _(one: Scene) -> None:
    master, _ = one.gunicorn()
    (worker,) = psutil.Process(master).children()
    one.start(pid=worker.pid)
    one.sampling()
    os.kill(master, signal.SIGTERM)
