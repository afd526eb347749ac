"""Prints what watching a Django worker costs its customers, and the watcher itself; draws it.

    python -m benchmarks.overhead --rounds 3 --into overhead.jsonl     measure, and add to the file
    python -m benchmarks.overhead --from overhead.jsonl                the table of all that is in it
    python -m benchmarks.overhead --from overhead.jsonl --draw docs    and its plot

Every round has each profiler once, in random order, on the same running server (cProfile has one of its own, started
under it). Under each, first half the load that the server can take, sent on time whatever happens (latency is counted
from when a request was meant); then as many requests as it answers. The server is on one core, the load on another.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import psutil

from benchmarks.load import closed_loop, open_loop
from benchmarks.overhead.profilers import at_work, commands, used
from benchmarks.overhead.table import Row, table
from tests.live.harness import PROGRAMS, Server, ServerKind, serving

WARM_SECONDS, HALF = 3.0, 0.5
TRIES = 3
"""The least of so many is what the server can take: on a shared machine any one may be a good moment."""

KINDS: tuple[ServerKind, ...] = ("uvicorn", "gunicorn")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--server", choices=KINDS, default="uvicorn")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--seconds", type=float, default=5.0, help="of each of the two loads")
    asked.add_argument("--only", nargs="*", help="these profilers")
    asked.add_argument("--into", type=Path, default=Path("overhead.jsonl"))
    asked.add_argument("--from", dest="source", type=Path)
    asked.add_argument("--draw", type=Path)
    given = asked.parse_args()
    if given.source is None:
        measure(given.server, given.rounds, given.seconds, given.only, given.into)
    rows = [Row(**json.loads(line)) for line in (given.source or given.into).read_text().splitlines()]
    print("\n".join(table(rows)))
    if given.draw:
        from benchmarks.overhead.plot import draw  # noqa: PLC0415 - only who draws needs matplotlib

        draw(rows, given.draw)


def measure(kind: ServerKind, rounds: int, seconds: float, only: list[str] | None, into: Path) -> None:
    """Interleaved rounds on one server; each measurement is a line of the file at once."""
    with tempfile.TemporaryDirectory() as scratch, served(kind) as server:
        closed_loop(server.url, WARM_SECONDS)
        pace = HALF * min(closed_loop(server.url, WARM_SECONDS).rate for _ in range(TRIES))
        words = {name: words for name, words in commands(server.pid, Path(scratch)).items() if not only or name in only}
        identity = f"{os.getpid()}"
        for number in range(rounds):
            for name in random.sample(list(words), len(words)):
                if name == "cProfile":
                    with served(kind, under=Path(scratch) / "profile") as slowed:
                        closed_loop(slowed.url, WARM_SECONDS)
                        found = _loads(slowed, None, pace, seconds)
                else:
                    with at_work(words[name]) as profiler:
                        found = _loads(server, profiler, pace, seconds)
                row = Row(kind, name, f"{identity}.{number}", pace, seconds, **found)
                with into.open("a") as file:
                    file.write(json.dumps(asdict(row)) + "\n")
                print(f"{name:20} {row.p50:7.1f} {row.p99:7.1f} ms  {row.rate:6.0f}/s", file=sys.stderr, flush=True)


def _loads(server: Server, profiler: psutil.Process | None, pace: float, seconds: float) -> dict[str, object]:
    before = used(profiler)
    half = open_loop(server.url, pace, seconds)
    after = used(profiler)
    most = closed_loop(server.url, seconds)
    cpu = {name: after.cpu.get(name, 0.0) - before.cpu.get(name, 0.0) for name in after.cpu}
    return {
        "p50": half.quantile(0.5),
        "p99": half.quantile(0.99),
        "failed": half.failed + most.failed,
        "rate": most.rate,
        "p50_full": most.quantile(0.5),
        "p99_full": most.quantile(0.99),
        "cpu": {name: max(0.0, value) / seconds for name, value in cpu.items()},
        "memory": used(profiler).memory,
    }


@contextmanager
def served(kind: ServerKind, under: Path | None = None) -> Iterator[Server]:
    """The shop, without faults, on one core; the load has the other."""
    env = {"SHOP_VIOLATE_EVERY": "0"}
    cores = sorted(os.sched_getaffinity(0))
    wrapped = ("taskset", "-c", str(cores[-1]), sys.executable)
    with (
        _python(wrapped, under) as python,
        serving(PROGRAMS / "shop", server=kind, loop="uvloop", env=env, python=python) as server,
    ):
        yield server


@contextmanager
def _python(words: tuple[str, ...], under: Path | None) -> Iterator[str]:
    """A Python that runs on one core, and under cProfile if asked."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "python"
        profiled = f"-m cProfile -o {under}" if under else ""
        script.write_text(
            f'#!/bin/sh\ncase "$2" in *.prepare) exec {words[-1]} "$@";; esac\nexec {" ".join(words)} {profiled} "$@"\n'
        )
        script.chmod(0o755)
        yield str(script)


if __name__ == "__main__":
    main()
