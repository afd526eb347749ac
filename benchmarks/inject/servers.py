"""The servers that things are let into, each with its command line; the guard program is what they serve."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator

from asyncspy.discover import inspect_process, workers_of
from tests.live.exact.served import PROGRAM, Served
from tests.live.matrix.homes import CACHE, venv
from tests.live.processes import accepts, eventually, free_port, running

GUNICORN = "-m gunicorn -k uvicorn_worker.UvicornWorker -w 2 -b 127.0.0.1:PORT"
SERVERS = {
    "uvicorn-asyncio": "-m uvicorn --loop asyncio --log-level warning guard.asgi:application --port PORT",
    "uvicorn-uvloop": "-m uvicorn --loop uvloop --log-level warning guard.asgi:application --port PORT",
    "gunicorn": f"{GUNICORN} guard.asgi:application",
    "gunicorn-preload": f"{GUNICORN} --preload guard.asgi:application",
    "daphne": "-m daphne -p PORT -v 0 guard.asgi:application",
    "hypercorn": "-m hypercorn -w 1 -b 127.0.0.1:PORT guard.asgi:application",
    "granian": "-m granian --interface asgi --port PORT guard.asgi:application",
}
PACKAGES = ("django", "uvicorn", "uvloop", "httptools", "gunicorn", "uvicorn-worker", "daphne", "hypercorn", "granian")


@contextlib.contextmanager
def served(server: str, version: str) -> Iterator[tuple[str, int]]:
    """Its address and the pid of a worker."""
    port = free_port()
    python = str(venv(CACHE / f"inject-{version}", version, PACKAGES))
    words = [word.replace("PORT", str(port)) for word in SERVERS[server].split()]
    with tempfile.TemporaryDirectory(prefix="guard-") as scratch:
        variables = {"GUARD_DATABASE": f"{scratch}/db.sqlite3", "PYTHONPATH": str(PROGRAM), "PATH": os.environ["PATH"]}
        argv = ["sh", "-ec", '"$0" -m guard.prepare; exec "$0" "$@"', python, *words]
        with running(argv, cwd="/", env=variables, ready=lambda: accepts(port), timeout=90) as process:
            assert eventually(lambda: _answers(port), timeout=30)
            time.sleep(1.0)  # all workers of a master are there
            found = inspect_process(process.pid)
            yield f"http://127.0.0.1:{port}/innocent", [*workers_of(found), found][0].pid


def _answers(port: int) -> bool:
    try:
        Served(0, port).get("/ready")
    except (OSError, AssertionError):
        return False
    return True
