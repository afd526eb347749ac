"""A PostgreSQL of the test's own, if Debian has put one here: on a socket in a scratch folder, ended with the block."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

OTHER_USER = "postgres"
"""PostgreSQL does not run as root; this is the user that Debian makes for it."""

QUIET = ("-c", "listen_addresses=", "-c", "fsync=off", "-c", "logging_collector=off")


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    dsn: str

    @contextlib.contextmanager
    def lock_held(self) -> Iterator[None]:
        """Somebody else has the lock that the program's pages want."""
        psycopg = pytest.importorskip("psycopg")
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(535)")
            yield


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Start one; skip with the reason where that is not possible."""
    pytest.importorskip("psycopg")
    programs = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None)
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="pg-") as scratch:
        other = _other_user(Path(scratch))
        data = Path(scratch) / "data"
        _run(*other, str(programs), "--pgdata", str(data), "--auth", "trust", "--username", "asyncspy")
        command = [*other, str(programs.with_name("pg_ctl")), "--pgdata", str(data)]
        options = " ".join([*QUIET, "-k", scratch])
        _run(*command, "--wait", "--log", str(data / "log"), "--options", options, "start")
        try:
            yield Postgres(f"host={scratch} user=asyncspy dbname=postgres")
        finally:
            _run(*command, "--wait", "--mode", "immediate", "stop")


def _other_user(scratch: Path) -> list[str]:
    if os.geteuid() != 0:
        return []
    try:
        shutil.chown(scratch, OTHER_USER)
    except LookupError:
        pytest.skip(f"PostgreSQL does not run as root, and there is no user {OTHER_USER}")
    return ["setpriv", "--reuid", OTHER_USER, "--regid", OTHER_USER, "--init-groups", "--"]


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
