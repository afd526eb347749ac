"""Install a release, serve the project with it behind uvicorn, and ask for its pages."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncspy
from benchmarks.packages.__main__ import CACHE, share_bytecode, uv
from benchmarks.packages.guarded.case import ReportedBug

ROOT = Path(os.environ.get("ASYNCSPY_GUARDED_ROOT") or CACHE / "guarded")
PROJECT = ROOT / "shop"
LOG = ROOT / "server.log"
NOTES = ROOT / "notes.jsonl"
PATIENCE = 600
PAUSE = 0.1


def installed(case: ReportedBug, release: str) -> Path:
    """The interpreter of a venv that holds the release; made once."""
    packages = [f"{case.distribution}=={release}", "uvicorn", *case.needs]
    if case.distribution != "django":
        packages.append(f"django=={case.django}")
    key = hashlib.sha256(repr((packages, case.python)).encode()).hexdigest()[:6]
    folder = ROOT / "envs" / f"{case.distribution}-{release}-{key}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        uv(folder, "venv", "--python", os.environ.get(f"ASYNCSPY_PYTHON_{case.python}", case.python), str(folder))
        uv(folder, "pip", "install", *packages, "setuptools<81")
        share_bytecode(folder)
        next(folder.glob("lib/python3*/site-packages")).joinpath("asyncspy").symlink_to(Path(asyncspy.__file__).parent)
        (folder / "ready").touch()
    return python


class Shop:
    """A running server: its process, its port and the visitor's session."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, session: str) -> None:
        self.process, self.port, self.session = process, port, session

    def ask(self, request: str, *, session: bool = True) -> str:
        """The status and the beginning of the answer to `/path` (GET) or `/path {json}` (POST)."""
        path, _, body = request.partition(" ")
        headers = {"Accept": "text/html, */*"} | ({"Cookie": f"sessionid={self.session}"} if session else {})
        if body:
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST" if body else "GET", path, body or None, headers)
            answer = connection.getresponse()
            return f"{answer.status} {answer.read(90).decode(errors='replace')}"
        except OSError as error:
            return repr(error)
        finally:
            connection.close()

    @contextmanager
    def loaded(self, requests: list[str]) -> Iterator[None]:
        """A steady load of these requests, one after the other."""
        ended = threading.Event()

        def client() -> None:
            while not ended.is_set():
                for request in requests:
                    self.ask(request)
                    ended.wait(PAUSE)

        thread = threading.Thread(target=client)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


@contextmanager
def served(case: ReportedBug, python: Path) -> Iterator[Shop]:
    """The project behind uvicorn; what it writes goes to LOG, and what raised the exception to NOTES.

    Where the bug lies in the import, uvicorn imports the app on its running loop, as it does from a command line.
    """
    NOTES.unlink(missing_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(python), "-W", "ignore", "serve.py", str(port)]
    if case.at_import:
        command[3:] = ["-m", "uvicorn", "asgi:application", "--port", str(port), "--lifespan", "off"]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with LOG.open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env={**kept, "SHOP_NOTES": str(NOTES)}, stdout=log, stderr=log)
    try:
        _wait(process, port, case)
        yield Shop(process, port, "" if case.at_import else (PROJECT / "session").read_text())
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, case: ReportedBug) -> None:
    """Wait until the server listens, or has ended because it cannot import the app."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            if case.at_import and b"SynchronousOnly" in LOG.read_bytes():
                return
            raise RuntimeError(LOG.read_text(errors="replace")[-600:])
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not listen")
