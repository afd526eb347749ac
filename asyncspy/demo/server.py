"""Serve a private copy of the demo project with uvicorn, and remove everything afterwards."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from asyncspy.demo.shop import BROKEN, BUSY, DemoError, ShopCopy, copied_shop, last_line

HOST = "127.0.0.1"
START_SECONDS = 60.0
ANSWER_SECONDS = 2.0
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Shop:
    """A running shop: the pid of uvicorn's master, its address, the folder of its code, and a clerk's session key."""

    pid: int
    url: str
    root: Path
    session: str


class _PortTaken(Exception):  # noqa: N818
    """Another process has taken the port."""


@contextlib.contextmanager
def running_shop(workers: int = 2, log: Path | None = None, root: Path | None = None) -> Iterator[Shop]:
    """Serve a private copy of the project on loopback; on leaving, every process and the copy are gone.

    `log` takes what the server prints. With `root` the copy is made in that empty folder, and stays there.
    SIGTERM and SIGHUP leave the block like Ctrl-C does, unless the caller handles them.
    """
    with shop_to_serve(root) as copy, served_shop(copy, workers, log) as shop:
        yield shop


@contextlib.contextmanager
def shop_to_serve(root: Path | None = None) -> Iterator[ShopCopy]:
    """The private copy alone, to be served several times."""
    with _exit_on_signals(), copied_shop(root) as copy:
        yield copy


@contextlib.contextmanager
def served_shop(copy: ShopCopy, workers: int = 2, log: Path | None = None) -> Iterator[Shop]:
    """Serve this copy; on leaving, every process is gone."""
    with _served(copy, workers, log) as (pid, port):
        yield Shop(pid, f"http://{HOST}:{port}", copy.root, copy.session)


@contextlib.contextmanager
def _exit_on_signals() -> Iterator[None]:
    """Turn signals that would kill this process into SystemExit, so that the copy and the server are removed."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    ours: list[signal.Signals] = []
    if threading.current_thread() is threading.main_thread():
        ours = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def _served(copy: ShopCopy, workers: int, log: Path | None) -> Iterator[tuple[int, int]]:
    log = log or copy.root / "server.log"
    for attempt in range(ATTEMPTS):
        port = _free_port()
        with log.open("wb") as output:
            # In a session of its own: Ctrl-C at the terminal reaches asyncspy alone, which then ends the server.
            server = subprocess.Popen(
                [sys.executable, str(copy.root / "tether.py"), *_uvicorn(port, workers)],
                cwd=copy.root, env=copy.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        try:
            _wait_until_it_answers(server, port, workers, log)
            yield server.pid, port
            return
        except _PortTaken:
            if attempt == ATTEMPTS - 1:
                raise DemoError("no free port was found for the demo", remedy="try again") from None
        finally:
            _end(server)


def _uvicorn(port: int, workers: int) -> list[str]:
    return [
        *("-m", "uvicorn", "shop.asgi:application", "--host", HOST, "--port", str(port)),
        *("--workers", str(workers), "--lifespan", "off", "--no-access-log", "--log-level", "warning"),
    ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int, workers: int, log: Path) -> None:
    """Return once every worker has answered a request, or at the deadline if at least one has."""
    deadline = time.monotonic() + START_SECONDS
    answered: set[int] = set()
    while len(answered) < workers:
        if server.poll() is not None:
            said = log.read_text(encoding="utf-8", errors="replace")
            if "address already in use" in said.lower():
                raise _PortTaken
            raise DemoError(f"the demo's server ended at its start: {last_line(said)}", remedy=BROKEN)
        if time.monotonic() > deadline:
            if answered:
                return
            said = last_line(log.read_text(encoding="utf-8", errors="replace"))
            raise DemoError(f"the demo's server did not answer in time; it said: {said}", remedy=BUSY)
        worker = _worker_answering(port)
        if worker is None:
            time.sleep(0.05)
        else:
            answered.add(worker)


def _worker_answering(port: int) -> int | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/health/")
        return int(json.loads(connection.getresponse().read())["worker"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()


def _end(server: subprocess.Popen[bytes]) -> None:
    """Kill the process group at once: there is nothing to save, and a second Ctrl-C can interrupt nothing."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()
