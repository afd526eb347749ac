"""gunicorn -k gevent with one view that runs a loop: attach names it, and none of the views that are refused."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.live.matrix.homes import CACHE, Missing, venv
from tests.live.processes import free_port, running

pytestmark = [pytest.mark.live, pytest.mark.matrix, pytest.mark.usefixtures("may_trace")]
PROGRAM = Path(__file__).parents[1] / "programs" / "trips"
PACKAGES = ("django==5.2.8", "gunicorn", "packaging", "gevent")


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def answers(port: int) -> bool:
    try:
        return status(port, "/ready") == 200
    except OSError:
        return False


@pytest.mark.parametrize(("kind", "refused"), [("gevent", True), ("gthread", False)])
def test_who_runs_the_loop_is_named_and_no_innocent_view(kind: str, refused: bool, tmp_path: Path) -> None:
    try:
        python = str(venv(CACHE / "greenlets", f"3.{sys.version_info[1]}", PACKAGES))
    except Missing as missing:
        pytest.skip(str(missing))
    port = free_port()
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROGRAM), "TRIPS_DATABASE": str(tmp_path / "trips.sqlite3")}
    subprocess.run([python, "-m", "trips.prepare"], env=env, check=True, timeout=60)
    threads = ["--threads", "4"] if kind == "gthread" else []
    argv = [python, "-m", "gunicorn", "trips.wsgi", "-k", kind, *threads, "-b", f"127.0.0.1:{port}"]
    over, statuses = threading.Event(), list[int]()

    def ask(path: str) -> None:
        while not over.wait(0.02):
            statuses.append(status(port, path))

    with running(argv, cwd=tmp_path, env=env, ready=lambda: answers(port)) as server:
        clients = [threading.Thread(target=ask, args=(path,)) for path in ("/weather", "/people", "/newest")]
        for client in clients:
            client.start()
        try:
            words = [
                "--duration",
                "6",
                "--mode",
                "gil",
                "--output",
                str(tmp_path / "r.json"),
                "--format",
                "json",
                "--pid",
                str(server.pid),
            ]
            done = subprocess.run([sys.executable, "-m", "asyncspy", "attach", *words], capture_output=True, check=True)
        finally:
            over.set()
            for client in clients:
                client.join(30)
    findings = json.loads(done.stdout)["findings"]
    assert (500 in statuses) == refused
    assert {each["culprit"]["function"] for each in findings if each["kind"] == "async-unsafe"} == (
        {"weather"} if refused else set()
    )
    assert len(list(itertools.takewhile(bool, statuses))) > 20
