"""Takes a program folder; gives a real server that answers, a bounded load on it, and nothing left behind.

A program folder `shop/` holds a package `shop` with `asgi.py`, `prepare.py` (run once before serving) and a view at
`/ready` that answers with the pid of the process it runs in.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import psutil

ServerKind = Literal["uvicorn", "uvicorn-workers", "gunicorn"]
Loop = Literal["asyncio", "uvloop"]

PROGRAMS = Path(__file__).parent / "programs"
WORKERS = 2
READY_SECONDS = 60.0
END_SECONDS = 10.0
PER_CONNECTION = 20  # then a new one, so that every worker gets its share
GUNICORN_WORKER = {"asyncio": "uvicorn_worker.UvicornH11Worker", "uvloop": "uvicorn_worker.UvicornWorker"}


@dataclass(frozen=True)
class Server:
    """A running server: `pid` is what was started, `worker_pids` are the processes that answer requests."""

    pid: int
    worker_pids: tuple[int, ...]
    url: str


@dataclass(frozen=True)
class Loaded:
    """What a load did: how many answers of each status, how many requests had none, and in how long."""

    statuses: Counter[int] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.statuses.total() / self.seconds if self.seconds else 0.0


def command(
    server: ServerKind, loop: Loop, app: str, port: int, *, python: str = sys.executable, workers: int = WORKERS
) -> list[str]:
    """The command line that serves `app` on the loopback interface."""
    if server == "gunicorn":
        worker = ["-k", GUNICORN_WORKER[loop], "-w", str(workers), "-b", f"127.0.0.1:{port}"]
        return [python, "-m", "gunicorn", app, *worker, "--log-level", "warning"]
    several = ["--workers", str(workers)] if server == "uvicorn-workers" else []
    quiet = ["--log-level", "warning", "--no-access-log"]
    return [python, "-m", "uvicorn", app, "--host", "127.0.0.1", "--port", str(port), "--loop", loop, *several, *quiet]


@contextlib.contextmanager
def serving(
    program_dir: Path,
    *,
    server: ServerKind = "uvicorn",
    loop: Loop = "asyncio",
    env: Mapping[str, str] | None = None,
    python: str = sys.executable,
    workers: int = WORKERS,
) -> Iterator[Server]:
    """Serve a program; what is yielded has answered from every worker; all of it is gone afterwards."""
    name = program_dir.name
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as scratch:
        variables = _environment(Path(scratch), name, env or {})
        subprocess.run([python, "-m", f"{name}.prepare"], cwd=program_dir, env=variables, check=True, timeout=60)
        port = _free_port()
        argv = command(server, loop, f"{name}.asgi:application", port, python=python, workers=workers)
        log = Path(scratch) / "server.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                argv, cwd=program_dir, env=variables, stdout=sink, stderr=sink, start_new_session=True
            )
        try:
            expected = 1 if server == "uvicorn" else workers
            yield Server(process.pid, _await_workers(process, port, expected, log), f"http://127.0.0.1:{port}/")
        finally:
            _end(process)


def _environment(scratch: Path, name: str, extra: Mapping[str, str]) -> dict[str, str]:
    """Ours without what would change the program's behaviour, with its database in the scratch folder."""
    dropped = {"PYTHONPATH", "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE", "WEB_CONCURRENCY"}
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    ours = {f"{name.upper()}_DATABASE": str(scratch / "db.sqlite3"), "XDG_RUNTIME_DIR": str(scratch)}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **ours, **extra}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_workers(process: subprocess.Popen[bytes], port: int, expected: int, log: Path) -> tuple[int, ...]:
    """The pids that have answered, once there are as many as expected."""
    seen: set[int] = set()
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        seen.update(_who_answers(port))
        if len(seen) >= expected:
            return tuple(sorted(seen))
        time.sleep(0.02)  # the pace of the polling; what is waited for is the answer
    raise RuntimeError(
        f"{expected} workers should answer on port {port}, only {sorted(seen)} did; the server's exit code is "
        f"{process.poll()} and it wrote:\n{log.read_text(errors='replace')[-4000:]}"
    )


def _who_answers(port: int, connections: int = 4) -> set[int]:
    """The pids behind several connections that are open at once, so that one worker cannot take them all for long."""
    pids = set()
    with contextlib.ExitStack() as opened:
        asked = []
        for _ in range(connections):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            opened.callback(connection.close)
            with contextlib.suppress(OSError):
                connection.request("GET", "/ready")
                asked.append(connection)
        for connection in asked:
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                pids.add(int(connection.getresponse().read()))
    return pids


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and all that it started; what does not go when asked is killed."""
    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(END_SECONDS)
    deadline = time.monotonic() + END_SECONDS
    while alive := [child for child in family if runs(child)]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"still running after SIGKILL: {alive}")
        time.sleep(0.02)


def runs(process: psutil.Process) -> bool:
    """Whether it still runs; an orphan that nobody has reaped does not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def load(url: str, *, requests: int | None = None, seconds: float = 30.0, concurrency: int = 4) -> Loaded:
    """Send so many requests, or as many as there is time for, over connections that stay open; returns when done."""
    return _drive(url, threading.Event(), requests, seconds, concurrency)


@contextlib.contextmanager
def loading(
    url: str, *, at_most: float = 240.0, concurrency: int = 4, pace: float | None = None
) -> Iterator[list[Loaded]]:
    """Load the server for as long as the block runs, with so many requests a second or as many as it answers.

    Afterwards the list holds the one `Loaded`.
    """
    stop, results = threading.Event(), list[Loaded]()

    def run() -> None:
        results.append(_drive(url, stop, None, at_most, concurrency, pace))

    thread = threading.Thread(target=run, name="load", daemon=True)
    thread.start()
    try:
        yield results
    finally:
        stop.set()
        thread.join(END_SECONDS)
        if not results:
            raise RuntimeError("the load did not end")


def _drive(
    url: str, stop: threading.Event, requests: int | None, seconds: float, concurrency: int, pace: float | None = None
) -> Loaded:
    parts = urlsplit(url)
    asked = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    tickets = iter(range(requests)) if requests is not None else itertools.count()
    statuses, failed = Counter[int](), Counter[str]()
    start = time.monotonic()
    deadline = start + seconds

    async def client() -> None:
        writer, answered = None, 0
        while not stop.is_set() and time.monotonic() < deadline and (number := next(tickets, None)) is not None:
            if pace is not None and (early := start + number / pace - time.monotonic()) > 0:
                await asyncio.sleep(early)
            try:
                if writer is None or answered % PER_CONNECTION == 0:
                    _close(writer)
                    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
                writer.write(asked)
                _acknowledge_at_once(writer)
                statuses[await asyncio.wait_for(_answer(reader), 10)] += 1
                answered += 1
            except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
                failed[type(error).__name__] += 1
                _close(writer)
                writer = None
                await asyncio.sleep(0.05)  # a server that is gone is not hammered
        _close(writer)

    async def clients() -> None:
        await asyncio.gather(*(client() for _ in range(concurrency)))

    asyncio.run(clients())
    return Loaded(statuses, failed, time.monotonic() - start)


def _acknowledge_at_once(writer: asyncio.StreamWriter) -> None:
    """A worker that was handed its socket leaves Nagle's algorithm on, and would wait 40 ms for us in every answer."""
    if hasattr(socket, "TCP_QUICKACK"):
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _close(writer: asyncio.StreamWriter | None) -> None:
    if writer is not None:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    """The status of one answer, whose body is read to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, found, length = head.partition(b"content-length: ")
    if found:
        await reader.readexactly(int(length.split(b"\r", 1)[0]))
    elif b"transfer-encoding: chunked" in head:
        await reader.readuntil(b"0\r\n\r\n")
    return int(head.split(b" ", 2)[1])
