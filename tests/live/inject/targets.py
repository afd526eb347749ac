"""Programs to let something into, on any interpreter of this machine; each notices if it is harmed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.live.matrix.homes import Missing, interpreter
from tests.live.processes import eventually, running

OURS = f"{sys.version_info[0]}.{sys.version_info[1]}"
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
STEPS = ("before the stop", "stopped", "checked", "written", "released")
"""Of the writer."""

DEBIAN = "/usr/bin/python3.11"

SANE = """
import asyncio, os, socket, sys, threading, time
def work():
    x = 1.0
    for i in range(1, 200):
        x = x * 1.0000001 + i / 3.0
    return x
WANT = work()
def check():
    if work() != WANT:
        os.abort()
def ready():
    open(sys.argv[1], 'w').close()
"""
KINDS = {
    "tick": """
async def main():
    ready()
    while True:
        await asyncio.sleep(0.02)
        check()
asyncio.run(main())
""",
    "busy": "ready()\nwhile True: check()\n",
    "clock": """
import mmap
with open(sys.argv[1] + ".gap", "w+b") as file:
    file.truncate(8)
    gap = mmap.mmap(file.fileno(), 8)
ready()
last = time.monotonic_ns()
while True:
    check()
    now = time.monotonic_ns()
    if now - last > int.from_bytes(gap, "little"):
        gap[:] = (now - last).to_bytes(8, "little")
    last = now
""",
    "threads": """
def churn():
    while True:
        {str(i): [i] * 10 for i in range(50)}
        check()
        time.sleep(0.001)
for _ in range(6):
    threading.Thread(target=churn, daemon=True).start()
a, b = socket.socketpair()
def feed():
    while True:
        time.sleep(0.02)
        b.send(b'x')
threading.Thread(target=feed, daemon=True).start()
ready()
while True:
    if a.recv(1) != b'x':
        os.abort()
    check()
""",
    "short": """
def brief():
    time.sleep(0.001)
ready()
while True:
    started = [threading.Thread(target=brief) for _ in range(4)]
    for each in started: each.start()
    for each in started: each.join()
    check()
""",
    "forks": """
forked = open(sys.argv[1] + ".forked", "ab", buffering=0)
ready()
while True:
    child = os.fork()
    if child == 0:
        for _ in range(20): check()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        os.abort()
    forked.write(b"x")
""",
    "execs": """
def wait():
    while not os.path.exists(sys.argv[1] + ".exec"):
        time.sleep(0.01)
    again = "import sys, time; open(sys.argv[1], 'w').close(); time.sleep(100)"
    os.execv(sys.executable, [sys.executable, "-c", again, sys.argv[1] + ".again"])
threading.Thread(target=wait).start()
a, b = socket.socketpair()
ready()
a.recv(1)
""",
    "blocked": """
a, b = socket.socketpair()
ready()
a.recv(1)
while True:
    check()
""",
}
"""By what their main thread does: waits in a loop, computes, computes and notes how long it stood still, receives in C
among others that compute, starts threads all the time, forks children, runs another program when asked, stays in C."""


class Target(NamedTuple):
    """One that runs; `folder` is its own for files."""

    pid: int
    folder: Path

    def code(self, name: str, text: str) -> str:
        """A file with that code."""
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def state(self) -> str:
        """The kernel's letter for what it does; that of a dead one where it is gone."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return "X"

    def stood_still(self) -> float | None:
        """The longest time in seconds in which one of kind "clock" did not run since this was last asked."""
        noted = self.folder / "ready.gap"
        if not noted.exists():
            return None
        with noted.open("r+b") as file:
            longest = int.from_bytes(file.read(8), "little") / 1e9
            file.seek(0)
            file.write(bytes(8))
        return longest

    def is_well(self) -> bool:
        """Whether it runs on, held by nobody."""
        return self.state() in "SRD" and "TracerPid:\t0\n" in Path(f"/proc/{self.pid}/status").read_text()


@contextmanager
def target(
    python: str, kind: str, folder: Path, words: Sequence[str] = (), env: dict[str, str] | None = None
) -> Iterator[Target]:
    """One of these while it runs; it has to be well afterwards."""
    ready = folder / "ready"
    argv = [*words, python, "-c", SANE + KINDS[kind], str(ready)]
    with running(argv, cwd="/", env={"PATH": os.environ["PATH"], **(env or {})}, ready=ready.exists) as process:
        made = Target(process.pid, folder)
        yield made
        assert eventually(made.is_well, timeout=5), made.state()


def versions(*wanted: str) -> pytest.MarkDecorator:
    """A test on our own Python, and where the matrix is asked for on each of these."""
    each = dict.fromkeys([*([OURS] if OURS in VERSIONS else []), *wanted])
    marks = [pytest.param(one, marks=[] if one == OURS else [pytest.mark.matrix]) for one in each]
    return pytest.mark.parametrize("version", marks)


def python(version: str) -> str:
    """The interpreter of a version; the test is skipped where it is missing."""
    try:
        return DEBIAN if version == "debian" and Path(DEBIAN).exists() else interpreter(version)
    except Missing as missing:
        pytest.skip(str(missing))
