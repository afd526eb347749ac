"""A Python version to the guard program that runs on it: here, in a home of the matrix, or in a root of its own.

Python 3.14 and newer comes from our own interpreter where that is one, else from a root with a Debian in it
(`ASYNCSPY_EXACT_ROOTS`, and what the matrix has built): there it runs as in a container, with its own PID namespace, as
another user.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.live.in_a_root import ENVIRONMENT, in_a_root
from tests.live.matrix.combinations import COMBINATIONS
from tests.live.matrix.homes import CACHE, Missing, home, venv
from tests.live.processes import eventually, free_port, running

PROGRAM = Path(__file__).parents[1] / "programs" / "guard"
PACKAGE = Path(__file__).parents[3] / "asyncspy"
SINCE = (3, 14)
DATABASE = "/tmp/data/db.sqlite3"  # noqa: S108 - a root of its own has a /tmp of its own
PACKAGES = ("django==5.2.8", "asgiref==3.11.1", "uvicorn")
ROOTS = [Path(each) for each in os.environ.get("ASYNCSPY_EXACT_ROOTS", "").split(":") if each]

OURS = f"{sys.version_info[0]}.{sys.version_info[1]}"

PREPARE_AND_SERVE = 'cd /tmp/program; "$0" -m guard.prepare; exec "$0" "$@"'


@dataclass(frozen=True)
class Served:
    """The program while it runs; `inside` is whether that is a root and a PID namespace of its own."""

    pid: int
    port: int
    inside: bool = False

    def get(self, path: str) -> str:
        """A page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            said = answer.read().decode()
            assert answer.status == 200, said
            return said
        finally:
            connection.close()

    def state(self) -> dict[str, Any]:
        """What the program says of itself."""
        told: dict[str, Any] = json.loads(self.get("/state"))
        return told

    def ask(self, times: int) -> None:
        """So many requests, one after the other."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            for _ in range(times):
                connection.request("GET", "/")
                connection.getresponse().read()
        finally:
            connection.close()


@contextlib.contextmanager
def serving(version: str, env: Mapping[str, str] | None = None, options: Sequence[str] = ()) -> Iterator[Served]:
    """Serve it; raises Missing where this machine has no such Python with a Django."""
    port = free_port()
    words = [*options, "-m", "uvicorn", "guard.asgi:application", "--port", str(port), "--log-level", "warning"]
    with tempfile.TemporaryDirectory(prefix="guard-") as scratch:
        variables = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
        root = _root(version) if needs_a_root(version) else None
        if root is not None:
            Path(scratch).chmod(0o777)
            variables |= {"GUARD_DATABASE": DATABASE, **ENVIRONMENT}
            bound = {PROGRAM: "/tmp/program", Path(scratch): "/tmp/data"}  # noqa: S108
            argv = in_a_root(root, bound, ["sh", "-ec", PREPARE_AND_SERVE, f"/usr/bin/python{version}", *words])
        else:
            python = _python(version)
            (Path(scratch) / "asyncspy").symlink_to(PACKAGE)  # and nothing else of what we are installed with
            variables |= {"GUARD_DATABASE": f"{scratch}/db.sqlite3", "PYTHONPATH": f"{scratch}:{PROGRAM}"}
            argv = ["sh", "-ec", '"$0" -m guard.prepare; exec "$0" "$@"', python, *words]
        with running(argv, cwd="/", env=variables, ready=lambda: _answers(port), timeout=90) as process:
            yield Served(_listener(process.pid), port, root is not None)


@contextlib.contextmanager
def starting(version: str, env: Mapping[str, str] | None = None, options: Sequence[str] = ()) -> Iterator[Served]:
    """The same for a test: skipped with the reason where that Python is missing, with the app where it is needed."""
    version = OURS if version == "ours" else version
    app = {"GUARD_APP": "1"} if _numbers(version) < SINCE else {}
    with contextlib.ExitStack() as held:
        try:
            served = held.enter_context(serving(version, {**app, **(env or {})}, options))
        except Missing as missing:
            pytest.skip(str(missing))
        yield served


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def needs_a_root(version: str) -> bool:
    """Whether only a root of its own has that Python."""
    return _numbers(version) >= SINCE and version != OURS


def _python(version: str) -> str:
    if version == OURS:
        return sys.executable
    known = [one for one in COMBINATIONS if one.python == version and "uvicorn" in one.served]
    return home(known[-1]).python[0] if known else str(venv(CACHE / f"exact-{version}", version, PACKAGES))


def _root(version: str) -> Path:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise Missing(f"Python {version} is only in a root of its own here: entering it needs root and unshare")
    for root in [*ROOTS, *sorted(CACHE.glob(f"{version}-*"))]:
        packages = root / "usr" / "local" / "lib" / f"python{version}" / "dist-packages"
        if (root / "usr" / "bin" / f"python{version}").exists() and (packages / "uvicorn").exists():
            return root
    raise Missing(f"no root with Python {version}, Django and uvicorn: name one in ASYNCSPY_EXACT_ROOTS")


def _answers(port: int) -> bool:
    try:
        Served(0, port).get("/ready")
    except (OSError, http.client.HTTPException, AssertionError):
        return False
    return True


def _listener(pid: int) -> int:
    """The server among what was started, as this side of the namespace calls it."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    found = [each.pid for each in family if "uvicorn" in each.cmdline() and "python" in Path(each.exe()).name]
    assert eventually(lambda: bool(found), timeout=1), family
    return found[-1]
