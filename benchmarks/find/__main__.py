"""find-workers on a machine with 2,000 processes beside one bare psutil pass, and start-up beside a bare click hello.

    python -m benchmarks.find [--processes 2000] [--rounds 9]

Everything is compared within one run, in turns, and given as medians: machines and hours differ, ratios less.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from asyncspy.discover import find_workers

APP = "async def application(scope, receive, send): pass\n"
HELLO = "import click\n@click.command()\n@click.version_option('0')\ndef hello(): pass\nhello()\n"
BARE = "import psutil\nfor process in psutil.process_iter(['name', 'cmdline']): process.info\n"
WAIT = "import sys; sys.stdin.read()"
PYTHONS = 100
SERVERS = 3
ASYNCSPY = [sys.executable, "-m", "asyncspy"]


def bare_pass() -> None:
    """What a listing cannot do without."""
    for _ in psutil.process_iter(["name", "cmdline"], ad_value=None):
        pass


@contextlib.contextmanager
def crowd(processes: int) -> Iterator[None]:
    """So many processes on the machine: servers with two workers each, other Pythons, and small ones."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as started:
        (Path(folder) / "app.py").write_text(APP)

        def start(*command: str) -> None:
            child = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            started.callback(child.wait)
            started.callback(child.terminate)

        for _ in range(SERVERS):
            start(
                sys.executable, "-m", "uvicorn", "app:application", "--port", "0", "--workers", "2", "--lifespan", "off"
            )
        for _ in range(PYTHONS):
            start(sys.executable, "-S", "-c", WAIT)
        while len(psutil.pids()) < processes:
            start("sleep", "3600")
        deadline = time.monotonic() + 60
        while sum(worker.role == "worker" for worker in find_workers()) < 2 * SERVERS and time.monotonic() < deadline:
            time.sleep(0.1)
        yield


def in_turns(rounds: int, **timed: Callable[[], object]) -> dict[str, float]:
    """The median milliseconds of each, run in turns."""
    taken: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(rounds):
        for name, run in timed.items():
            start = time.perf_counter()
            run()
            taken[name].append((time.perf_counter() - start) * 1000)
    return {name: statistics.median(times) for name, times in taken.items()}


def command(*words: str) -> Callable[[], object]:
    """Run a command to its end."""
    return lambda: subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def row(what: str, ours: float, theirs: float, bound: float) -> None:
    print(f"{what:<66} {ours:8.1f} ms {theirs:8.1f} ms  {ours / theirs:5.2f}x  (wanted: at most {bound}x)")


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--processes", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=9)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        hello = Path(folder) / "hello.py"
        hello.write_text(HELLO)
        version = command(*ASYNCSPY, "--version")
        start = in_turns(chosen.rounds * 2, ours=version, theirs=command(sys.executable, str(hello), "--version"))
    row("asyncspy --version, beside a bare click hello", start["ours"], start["theirs"], 1.3)
    with crowd(chosen.processes):
        listed = len(psutil.pids())
        found = len(find_workers())
        times = in_turns(chosen.rounds, ours=find_workers, theirs=bare_pass)
        whole = in_turns(
            chosen.rounds,
            table=command(*ASYNCSPY, "find-workers"),
            json=command(*ASYNCSPY, "find-workers", "--json"),
            theirs=command(sys.executable, "-c", BARE),
        )
    what = f"{listed} processes, {found} of servers"
    row(f"{what}: the listing, beside a bare pass", times["ours"], times["theirs"], 1.5)
    row(f"{what}: find-workers, beside a bare script", whole["table"], whole["theirs"], 1.5)
    row(f"{what}: find-workers --json, beside it", whole["json"], whole["theirs"], 1.5)


if __name__ == "__main__":
    main()
