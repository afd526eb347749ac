"""`watch --exact --inject` at a gunicorn that recycles its workers: each new one is counted in, up to its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
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
GUNICORN = "-m gunicorn -k uvicorn_worker.UvicornWorker -w 1 --max-requests 100 guard.asgi:application"
WORKERS = 3
"""So many, one after the other, are waited for."""


@contextmanager
def recycling(folder: Path) -> Iterator[int]:
    """The master's pid, under a load that recycles a worker every few seconds; `made` there is its own count."""
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
    env["GUARD_LOG"] = f"{folder}/made"
    with running(argv, cwd="/", env=env, ready=lambda: accepts(port), timeout=90) as process:
        loading.start()
        try:
            yield process.pid
        finally:
            over.set()
            loading.join()


def test_new_workers_are_counted_in_and_to_their_end(tmp_path: Path) -> None:
    options = ["--exact", "--inject", "--mode", "none", "--output", str(tmp_path), "--format", "json"]
    seen: list[str] = []
    pids: set[int] = set()
    with recycling(tmp_path) as master:
        command = [sys.executable, "-m", "asyncspy", "watch", "--pid", str(master), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
            late = threading.Timer(PATIENCE, watching.kill)
            late.start()
            try:
                assert watching.stderr is not None
                for line in watching.stderr:
                    seen.append(line)
                    if " stood still for " in line:
                        pids.add(int(line.split()[1]))
                    if len(pids) == WORKERS:
                        break
                watching.send_signal(signal.SIGINT)
                said, errors = watching.communicate()
            finally:
                late.cancel()
                watching.kill()
        made = [line.split() for line in (tmp_path / "made").read_text().splitlines()]
    assert (watching.returncode, len(pids)) == (130, WORKERS), [*seen, errors]
    report = json.loads(said)
    assert {finding["culprit"]["file"].rpartition("/")[2] for finding in report["findings"]} <= {"planted.py"}
    origins = [origin["target"]["pid"] for origin in report["origins"] if origin["mode"] == "exact"]
    hooked = Counter(when for pid, _, when in made if int(pid) in pids)
    assert set(origins) == pids
    counted = sum(finding["evidence"]["exact"] for finding in report["findings"])
    assert 0 <= counted - hooked["yes"] <= hooked["perhaps"]
    assert hooked["yes"] > 20
