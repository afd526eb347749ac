"""`watch --exact --inject` at a gunicorn that recycles its workers: each new one is counted in, and nothing is left."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.live.exact.served import PROGRAM, Served
from tests.live.inject.targets import OURS, VERSIONS
from tests.live.processes import accepts, free_port, running

pytestmark = [
    pytest.mark.live,
    pytest.mark.usefixtures("may_trace"),
    pytest.mark.skipif(OURS not in VERSIONS, reason="our own Python needs no --inject"),
]

PATIENCE = 120.0
GUNICORN = "-m gunicorn -k uvicorn_worker.UvicornWorker -w 1 --max-requests 150 guard.asgi:application"


@contextmanager
def recycling(folder: Path) -> Iterator[int]:
    """The master's pid, under a load that recycles a worker every few seconds."""
    port, over = free_port(), threading.Event()
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROGRAM), "GUARD_DATABASE": f"{folder}/db", "GUARD_EVERY": "2"}
    words = [*GUNICORN.split(), "-b", f"127.0.0.1:{port}"]
    argv = ["sh", "-ec", '"$0" -m guard.prepare; exec "$0" "$@"', sys.executable, *words]
    served = Served(0, port)

    def load() -> None:
        while not over.wait(0.02):
            with suppress(OSError, AssertionError):  # a worker that is recycled ends its connections
                served.get("/")

    loading = threading.Thread(target=load)
    with running(argv, cwd="/", env=env, ready=lambda: accepts(port), timeout=90) as process:
        loading.start()
        try:
            yield process.pid
        finally:
            over.set()
            loading.join()


def test_new_workers_are_counted_in(tmp_path: Path) -> None:
    options = ["--exact", "--inject", "--slice", "2", "--mode", "gil", "--output", str(tmp_path), "--format", "json"]
    with recycling(tmp_path) as master:
        command = [sys.executable, "-m", "asyncspy", "watch", "--pid", str(master), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
            late = threading.Timer(PATIENCE, watching.kill)
            late.start()
            try:
                assert watching.stderr is not None
                let_in = (line for line in watching.stderr if " stood still for " in line)
                pids = {int(line.split()[1]) for line in itertools.islice(let_in, 3)}
                watching.send_signal(signal.SIGINT)
                said, errors = watching.communicate()
            finally:
                late.cancel()
                watching.kill()
    assert (watching.returncode, len(pids)) == (130, 3), errors
    told = json.loads(said)
    assert {finding["culprit"]["file"].rpartition("/")[2] for finding in told["findings"]} <= {"planted.py"}
    counted = {origin["target"]["pid"] for origin in told["origins"] if origin["mode"] == "exact"}
    assert len(counted & pids) > 1
    assert sum(finding["evidence"]["exact"] for finding in told["findings"]) > 0
