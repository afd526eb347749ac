"""The corpus as something else than an ASGI server: behind WSGI, or as a worker that no request reaches."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.live.corpus.marks import PROGRAM
from tests.live.harness import Server, _environment
from tests.live.processes import accepts, free_port, running


@contextlib.contextmanager
def prepared() -> Iterator[dict[str, str]]:
    """The environment of a corpus whose database is filled."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as scratch:
        env = _environment(Path(scratch), "corpus", {"DJANGO_SETTINGS_MODULE": "corpus.settings"})
        prepare = [sys.executable, "-m", "corpus.prepare"]
        subprocess.run(prepare, cwd=PROGRAM, env=env, check=True, timeout=60)
        yield env


@contextlib.contextmanager
def wsgi() -> Iterator[Server]:
    """One sync worker of gunicorn, below its master."""
    port = free_port()
    gunicorn = [sys.executable, "-m", "gunicorn", "corpus.wsgi", "-k", "sync", "-w", "1", "-b", f"127.0.0.1:{port}"]
    argv = [*gunicorn, "--log-level", "warning"]
    with prepared() as env, running(argv, cwd=PROGRAM, env=env, ready=lambda: accepts(port)) as process:
        yield Server(process.pid, (), f"http://127.0.0.1:{port}/")


@contextlib.contextmanager
def jobs() -> Iterator[int]:
    """A pool of threads at work: the pid."""
    with prepared() as env:
        argv = [sys.executable, "-m", "corpus.jobs"]
        with subprocess.Popen(argv, cwd=PROGRAM, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n"
                yield process.pid
            finally:
                process.kill()
