"""`attach --exact --inject` at a gunicorn that is reloaded all the time counts or says why not, and harms nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from tests.live.exact.served import PROGRAM, Served
from tests.live.inject.targets import OURS, VERSIONS
from tests.live.processes import accepts, eventually, free_port, running

pytestmark = [
    pytest.mark.live,
    pytest.mark.matrix,
    pytest.mark.usefixtures("may_trace"),
    pytest.mark.skipif(OURS not in VERSIONS, reason="our own Python needs no --inject"),
]

GUNICORN = "-m gunicorn -k uvicorn_worker.UvicornWorker -w 2 guard.asgi:application"


@pytest.mark.parametrize("pause", [0.3, 1.0, 2.5])
def test_workers_are_replaced_while_a_file_is_let_in(pause: float, tmp_path: Path) -> None:
    port, over = free_port(), threading.Event()
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROGRAM),
        "GUARD_DATABASE": f"{tmp_path}/db",
        "GUARD_EVERY": "2",
    }
    words = [*GUNICORN.split(), "-b", f"127.0.0.1:{port}"]
    argv = ["sh", "-ec", '"$0" -m guard.prepare; exec "$0" "$@"', sys.executable, *words]
    with running(argv, cwd="/", env=env, ready=lambda: accepts(port), timeout=90) as process:

        def reload() -> None:
            while not over.wait(pause):
                os.kill(process.pid, signal.SIGHUP)

        reloading = threading.Thread(target=reload)
        reloading.start()
        counting = ("--exact", "--inject", "--mode", "none", "--duration", "5", "--output", str(tmp_path / "saved"))
        try:
            done = subprocess.run(
                [sys.executable, "-m", "asyncspy", "attach", "--pid", str(process.pid), *counting],
                capture_output=True, text=True, timeout=170, check=False,
            )  # fmt: skip
        finally:
            over.set()
            reloading.join()
        sys.stdout.write(done.stderr)  # pytest -s shows it
        assert done.returncode in {0, 3}, done.stderr
        assert "Traceback" not in done.stderr
        assert eventually(lambda: len(workers(process.pid)) == 2, timeout=60)
        assert not [each for each in workers(process.pid) if each.status() in {"stopped", "tracing-stop"}]
        assert Served(0, port).get("/ready")


def workers(master: int) -> list[psutil.Process]:
    return psutil.Process(master).children()
