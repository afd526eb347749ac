"""A combination's home and the core program; gives a server that answers, and nothing left behind."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.live.matrix.combinations import Served
from tests.live.matrix.homes import Home
from tests.live.processes import free_port, running

PROGRAM = Path(__file__).parents[1] / "programs" / "core"
PROGRAM_FOLDER = os.environ.get("ASYNCSPY_MATRIX_PROGRAM", "")
"""Where a copy of the program is served from; fixtures are recorded with /srv/core, which is nobody's home."""

COMMANDS: dict[Served, str] = {
    "uvicorn-asyncio": "uvicorn core.asgi:application --port {port} --loop asyncio --log-level warning --no-access-log",
    "uvicorn-uvloop": "uvicorn core.asgi:application --port {port} --loop uvloop --log-level warning --no-access-log",
    "uvicorn-worker-uvloop": "gunicorn core.asgi:application -b 127.0.0.1:{port} -k uvicorn_worker.UvicornWorker",
    "uvicorn-worker-asyncio": "gunicorn core.asgi:application -b 127.0.0.1:{port} -k uvicorn_worker.UvicornH11Worker",
    "gunicorn-asgi-asyncio": "gunicorn core.asgi:application -b 127.0.0.1:{port} -k asgi --asgi-loop asyncio",
    "gunicorn-asgi-uvloop": "gunicorn core.asgi:application -b 127.0.0.1:{port} -k asgi --asgi-loop uvloop",
    "daphne": "daphne -b 127.0.0.1 -p {port} -v 0 core.asgi:application",
    "hypercorn": "hypercorn -b 127.0.0.1:{port} -w 1 core.asgi:application",
    "granian": "granian --interface asgi --host 127.0.0.1 --port {port} --log-level warning core.asgi:application",
    "gunicorn-wsgi": "gunicorn core.wsgi:application -b 127.0.0.1:{port} --workers 1 --threads 4",
}
"""What follows `python -m`."""


@dataclass(frozen=True)
class Core:
    """The core program while it is served: the pid that answers, its port, and the folder its sources are in."""

    pid: int
    port: int
    folder: str


@contextlib.contextmanager
def serving(home: Home, served: Served, *, sync_middleware: bool = False) -> Iterator[Core]:
    """Serve the core in this home; what is yielded has answered."""
    with tempfile.TemporaryDirectory(prefix="core-", dir=home.root / "tmp" if home.root else None) as scratch:
        folder = _copied(home)
        env = _environment(home, Path(scratch), sync_middleware=sync_middleware)
        inside = ("env", "-C", home.inside(folder)) if home.root is None else ()
        python = (*inside, *home.python)
        if home.root:
            chroot, root, interpreter = home.python
            python = (chroot, root, "env", "-C", home.inside(folder), interpreter)
        subprocess.run([*python, "-m", "core.prepare"], env=env, check=True, timeout=120, capture_output=True)
        port = free_port()
        argv = [*python, "-m", *COMMANDS[served].format(port=port).split()]
        with running(argv, cwd="/", env=env, ready=lambda: answering(port) is not None, timeout=60):
            yield Core(answering(port) or 0, port, home.inside(folder))


def _copied(home: Home) -> Path:
    """The folder to serve from: the repository's own, unless it runs in another root or a neutral name is wanted."""
    if not PROGRAM_FOLDER and home.root is None:
        return PROGRAM
    folder = home.root / "srv" / "app" if home.root else Path(PROGRAM_FOLDER)
    shutil.copytree(PROGRAM, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _environment(home: Home, scratch: Path, *, sync_middleware: bool) -> dict[str, str]:
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
        "HOME": home.inside(scratch),
        "XDG_RUNTIME_DIR": home.inside(scratch),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": ".",
        "CORE_DATABASE": home.inside(scratch / "db.sqlite3"),
        "CORE_SYNC_MIDDLEWARE": "1" if sync_middleware else "0",
    }


def answering(port: int) -> int | None:
    """The pid of the process that answers, once one does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/ready")
        return int(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
