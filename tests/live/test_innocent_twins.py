"""What has the stacks of a hang, or does not answer, and is none: dumped again and again, it is never a deadlock.

`ASYNCSPY_TWIN_TRIES` says how often each twin is dumped, `ASYNCSPY_TWIN_SECONDS` for how long at most; `-s` prints what
was said, and how often.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.live.hung import asked, dump, dumped, request, serving
from tests.live.processes import eventually

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

TRIES = int(os.environ.get("ASYNCSPY_TWIN_TRIES", "2"))
SECONDS = int(os.environ.get("ASYNCSPY_TWIN_SECONDS", str(30 + 15 * TRIES)))
LIFE = 120 + SECONDS
PART, PAUSE = 1024, 0.02
Twin = Callable[[], contextlib.AbstractContextManager[int]]


@contextlib.contextmanager
def slow_view() -> Iterator[int]:
    """Requests of some seconds, one after the other, behind sync-only middleware: the frames of asgiref#348."""
    with serving(middleware="sync", life=LIFE) as (process, port), repeated(lambda: _whole(port, "slow")):
        yield process.pid


@contextlib.contextmanager
def slow_in_a_thread() -> Iterator[int]:
    """The thread-sensitive thread waits for an event, as if for a second call; and it comes."""
    with serving(life=LIFE) as (process, port), repeated(lambda: _whole(port, "slow_in_a_thread")):
        yield process.pid


@contextlib.contextmanager
def upload() -> Iterator[int]:
    """An upload that takes minutes and moves."""
    with serving(middleware="sync", life=LIFE) as (process, port), repeated(lambda: _upload(port)):
        yield process.pid


@contextlib.contextmanager
def idle() -> Iterator[int]:
    with serving(middleware="sync", life=LIFE) as (process, port):
        _whole(port, "ready")
        yield process.pid


@contextlib.contextmanager
def computes() -> Iterator[int]:
    with serving(life=LIFE) as (process, port), asked(port, "computes"):
        yield process.pid


@contextlib.contextmanager
def in_pdb() -> Iterator[int]:
    """A person sits at a breakpoint() on the loop, and thinks."""
    with serving(life=LIFE, stdin=subprocess.PIPE) as (process, port), asked(port, "stops_in_the_debugger"):
        yield process.pid


@contextlib.contextmanager
def stopped() -> Iterator[int]:
    """Ctrl-Z; once it is continued it answers."""
    with serving(middleware="sync", life=LIFE) as (process, port):
        os.kill(process.pid, signal.SIGSTOP)
        try:
            assert eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, timeout=10)
            yield process.pid
            assert psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, "dumps let a stopped process go on"
        finally:
            os.kill(process.pid, signal.SIGCONT)
        assert _whole(port, "ready").startswith(b"HTTP/1.1 200")


def _gdb(pid: int) -> subprocess.Popen[bytes]:
    """gdb at its prompt; it goes once nobody can type any more, which leaving the block sees to."""
    words = ["gdb", "--quiet", "--nx", "--pid", str(pid)]
    return subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


TWINS: tuple[tuple[Twin, set[str]], ...] = (
    (slow_view, {"suspected", "slow", "healthy", "idle"}),
    (slow_in_a_thread, {"suspected", "slow", "healthy", "idle"}),
    (upload, {"idle", "healthy"}),
    (idle, {"idle", "healthy"}),
    (computes, {"busy"}),
    (in_pdb, {"blocked-loop"}),
    (stopped, {"blocked-loop"}),
)
"""Each with what may be said of it."""


@pytest.mark.timeout(60 + LIFE)
def test_an_innocent_twin_is_never_a_deadlock(tmp_path: Path) -> None:
    with ThreadPoolExecutor(len(TWINS)) as pool:
        tried = list(pool.map(lambda pair: _tried(pair[0], tmp_path), TWINS))
    for (twin, _), said in zip(TWINS, tried, strict=True):
        print(f"{twin.__name__:18} {said.total():4} tries: {dict(said)}")  # noqa: T201 - the table that -s is for
    for (twin, allowed), said in zip(TWINS, tried, strict=True):
        assert set(said) <= allowed, f"{twin.__name__}: {said}"


@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
def test_a_worker_in_the_hands_of_gdb_is_not_dumped_and_not_called_hung(tmp_path: Path) -> None:
    with serving(life=LIFE) as (process, _), _gdb(process.pid):
        assert eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_TRACING_STOP, timeout=60)
        done = dump(process.pid, tmp_path / "dumps")
    assert done.returncode == 3
    assert "gdb" in done.stderr
    assert done.stdout == ""


def _tried(twin: Twin, folder: Path) -> Counter[str]:
    said = Counter[str]()
    deadline = time.monotonic() + SECONDS
    with twin() as pid:
        for number in range(TRIES):
            said[dumped(pid, folder / f"{twin.__name__}-{number}")["verdict"]] += 1
            if time.monotonic() > deadline:
                break
    return said


@contextlib.contextmanager
def repeated(ask: Callable[[], object]) -> Iterator[None]:
    """Ask for the same again and again beside the block."""
    stop = threading.Event()

    def run() -> None:
        with contextlib.suppress(OSError):
            while not stop.is_set():
                ask()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
        assert thread.is_alive(), "nobody asks any more"
    finally:
        stop.set()


def _whole(port: int, page: str) -> bytes:
    with request(port, page) as connection:
        return connection.recv(10_000)


def _upload(port: int) -> None:
    """One part every now and then, until the server is gone."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"POST /takes_upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n")
        pause = threading.Event()
        while not pause.wait(PAUSE):
            connection.sendall(b"x" * PART)
