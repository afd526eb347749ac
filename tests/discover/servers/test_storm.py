"""Processes that vanish, become zombies, change their title or fork while they are listed are no error.

`ASYNCSPY_LISTINGS=10000 pytest tests/discover/servers/test_storm.py` is the long form.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from asyncspy.discover import find_workers

LISTINGS = int(os.environ.get("ASYNCSPY_LISTINGS", "60"))

STORM = """
import ctypes, os, random, sys, time
titles = ["gunicorn: master [a:b]", "gunicorn: worker [a:b]", "granian asgi :80 a:b worker-1", "uvicorn", ""]
spawned = [sys.executable, "-S", "-c", "from multiprocessing.spawn import spawn_main", "--multiprocessing-fork"]
libc = ctypes.CDLL(None)
unreaped = []
print("ready", flush=True)
while os.getppid() == int(sys.argv[1]):
    child = os.fork()
    if child == 0:
        kind = random.randrange(20)
        if kind == 0:
            os._exit(0)
        if kind < 5 and os.fork() == 0:
            os._exit(0)
        if kind < 10:
            libc.prctl(15, b"gunicorn: new", 0, 0, 0)
            os.execv("/bin/true", [random.choice(titles) or " "])
        if kind == 10:
            os.execv(sys.executable, spawned)
        time.sleep(random.random() / 4)
        os._exit(0)
    unreaped.append(child)
    time.sleep(0.002)
    while len(unreaped) > 60:  # the rest are zombies for a while
        os.waitpid(unreaped.pop(0), 0)
"""


@pytest.fixture
def storm(tmp_path: Path) -> Iterator[int]:
    """A process that looks like gunicorn's master and forks all the time, with zombies, titles and orphans."""
    script = tmp_path / "gunicorn"
    script.write_text(STORM)
    command = [sys.executable, "-S", str(script), str(os.getpid()), "a:b"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process.pid
        finally:
            process.kill()


@pytest.mark.timeout(3600)
def test_listing_beside_a_forking_storm_is_no_error(storm: int) -> None:
    seen: Counter[str] = Counter()
    for number in range(LISTINGS):
        if number % 1000 == 0:
            print(f"{number} listings, {dict(seen)}", flush=True)  # noqa: T201 - for `pytest -s`
        for worker in find_workers():
            seen[worker.role] += 1
            assert worker.pid > 0
            assert worker.server
    assert seen["worker"] > 0, "the storm was never seen"
    assert psutil.Process(storm).status() != psutil.STATUS_ZOMBIE
    print(f"{LISTINGS} listings, {dict(seen)}")  # noqa: T201 - for `pytest -rP`
