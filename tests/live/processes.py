"""A command line to a running process group: started, awaited until ready, and always ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

PAUSE = 0.02
PATIENCE = 10.0


@contextlib.contextmanager
def running(
    argv: Sequence[str],
    *,
    cwd: str | Path,
    env: Mapping[str, str],
    ready: Callable[[], bool],
    timeout: float = 30.0,
    stdin: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server in a process group of its own; yield once `ready()`, and end the whole group whatever happens."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            argv, cwd=cwd, env=dict(env), stdin=stdin, stdout=log, stderr=log, start_new_session=True
        )
        try:
            if (
                not eventually(lambda: process.poll() is not None or ready(), timeout=timeout)
                or process.poll() is not None
            ):
                log.seek(0)
                text = log.read()[-4000:].decode("utf-8", "replace")
                raise AssertionError(f"{argv} was not ready in {timeout:g} s (exit {process.poll()}):\n{text}")
            yield process
        finally:
            end_group(process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end, then kill what is left of it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        if eventually(lambda: process.poll() is not None and not _group_lives(process.pid), timeout=PATIENCE):
            return


def eventually(condition: Callable[[], bool], *, timeout: float) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether somebody listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _group_lives(pgid: int) -> bool:
    try:
        os.killpg(pgid, 0)
    except ProcessLookupError:
        return False
    return True
