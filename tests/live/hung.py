"""A kind of hang or its innocent twin; gives a real server that is in it, and what `asyncspy dump` says of that."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.live.harness import PROGRAMS
from tests.live.processes import accepts, free_port, running

HANGS = PROGRAMS / "hangs"
PYTHON = sys.executable
"""What serves; these two are other ones where fixtures are recorded."""

LIFE_SECONDS = 150
"""After so long the kernel ends a server, also when the test that started it is gone."""

TOO_EARLY = frozenset({"idle", "healthy", "busy"})
"""What a first look may say of a server that has only just got the request."""

TRIES = 6
APP = "hangs.asgi:application"
COMMANDS: Mapping[str, Sequence[str]] = {
    "uvicorn": ("uvicorn", APP, "--host", "127.0.0.1", "--log-level", "critical", "--loop", "asyncio", "--port"),
    "uvloop": ("uvicorn", APP, "--host", "127.0.0.1", "--log-level", "critical", "--loop", "uvloop", "--port"),
    "daphne": ("daphne", "--application-close-timeout", "1", "-v", "0", "-b", "127.0.0.1", APP, "-p"),
}


@dataclass(frozen=True)
class Kind:
    """A page that hangs and what has to be said of it; `mark` is planted on the line to blame.

    `leaves`: the client goes away at once. `before`: what is rightly said until it has come that far.
    """

    page: str
    verdict: str
    waits_for: str
    certain: bool = True
    mark: str = ""
    server: str = "uvicorn"
    requests: int = 1
    middleware: str = "none"
    leaves: bool = False
    known: str | None = None
    before: frozenset[str] = TOO_EARLY
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What a person calls it."""
        return " ".join([self.page, *(word for word in (self.server, self.known) if word and word != "uvicorn")])


@contextlib.contextmanager
def serving(
    server: str = "uvicorn",
    *,
    middleware: str = "none",
    env: Mapping[str, str] | None = None,
    python: str | None = None,
    life: int = LIFE_SECONDS,
    stdin: int = subprocess.DEVNULL,
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """One server with one worker that listens: its process, its port."""
    dropped = {"PYTHONPATH", "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE", "PYTHONBREAKPOINT"}
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    ours = {"HANGS_MIDDLEWARE": middleware, "HANGS_LIFE": str(life), "PYTHONDONTWRITEBYTECODE": "1"}
    port = free_port()
    argv = [python or PYTHON, "-m", *COMMANDS[server], str(port)]
    environment = {**kept, **ours, **(env or {})}
    with running(argv, cwd=HANGS, env=environment, ready=lambda: accepts(port), stdin=stdin) as process:
        yield process, port


@contextlib.contextmanager
def asked(port: int, page: str, *, times: int = 1, leaves: bool = False) -> Iterator[None]:
    """So many requests for a page under way; nobody reads an answer."""
    with contextlib.ExitStack() as opened:
        for _ in range(times):
            connection = opened.enter_context(request(port, page))
            if leaves:
                taken_up(connection)
                connection.close()
        yield


def request(port: int, page: str) -> socket.socket:
    """A connection on which a page was asked for."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(f"GET /{page} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


def taken_up(connection: socket.socket) -> None:
    """Wait until the request is at work: the page says so by its first bytes, or by its silence for a moment."""
    connection.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        connection.recv(1)


def dump(pid: int, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "asyncspy", "dump", "--pid", str(pid), "--output", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def dumped(pid: int, folder: Path, *words: str) -> dict[str, Any]:
    """What `asyncspy dump` says of a process, as JSON."""
    done = dump(pid, folder, "--format", "json", *words)
    assert done.returncode == 0, done.stderr
    hang: dict[str, Any] = json.loads(done.stdout)["hang"]
    return hang


def watched(kind: Kind, folder: Path, *, python: str | None = None) -> dict[str, Any]:
    """Let it hang in a server of its own, and dump that until the verdict is more than that it was too early."""
    with (
        serving(kind.server, middleware=kind.middleware, env=kind.env, python=python) as (process, port),
        asked(port, kind.page, times=kind.requests, leaves=kind.leaves),
    ):
        for number in range(TRIES):
            hang = dumped(process.pid, folder / str(number))
            if hang["verdict"] not in kind.before:
                break
        return hang


def agree(kind: Kind, hang: Mapping[str, Any]) -> None:
    """Verdict, certainty, the line to blame and what it waits for are those that were planted."""
    assert (hang["verdict"], hang["certain"]) == (kind.verdict, kind.certain), hang["grounds"]
    assert blamed(hang) == [kind.mark or kind.page]
    assert [each["waits_for"] for each in hang["culprits"]] == [kind.waits_for]
    assert [known.partition(":")[0] for known in hang["known"]] == ([kind.known] if kind.known else [])


def blamed(hang: Mapping[str, Any]) -> list[str]:
    """What the lines to blame say of themselves behind `# planted: `."""
    return [_mark(Path(each["file"]), each["line"]) for each in hang["culprits"]]


def _mark(file: Path, number: int) -> str:
    line = file.read_text().splitlines()[number - 1]
    return line.partition("# planted: ")[2] or f"{file.name}:{number}"


def row(name: str, hang: Mapping[str, Any]) -> str:
    """One line of the table that `-s` prints."""
    sure = "certain" if hang["certain"] else "not certain"
    kinds = ", ".join(dict.fromkeys(each["waits_for"] for each in hang["culprits"]))
    lines = ", ".join(blamed(hang)) or "-"
    return f"{name:34} {hang['verdict']:15} {sure:12} {kinds:9} {lines:24} {hang['paused_seconds'] * 1000:5.1f} ms"
