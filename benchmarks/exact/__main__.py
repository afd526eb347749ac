"""Prints what a worker serves with the hook of `attach --exact` in it, beside the same worker without.

    python -m benchmarks.exact --rounds 20 --into exact.jsonl       measure, and add to the file
    python -m benchmarks.exact --python 3.14 --every 1              another Python (see tests/live/exact/served.py)
    python -m benchmarks.exact --waiting 2000                       beside so many requests that only wait
    python -m benchmarks.exact --from exact.jsonl                   the table of all that is in it

A saturated worker; each round serves a while without and a while with the hook, in an order that is drawn, so that the
two of a round share whatever else the machine did. What counts is the ratio within the rounds. The worker's own
processor time per request hardly depends on who else is busy.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import statistics
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from asyncspy.discover import inspect_process
from asyncspy.sample.inside.hook_sessions import HookSessions
from benchmarks.load import closed_loop
from tests.live.exact.served import OURS, SINCE, Served, serving

WARM_SECONDS, DRAWS = 2.0, 2_000
Rows = list[dict[str, Any]]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=10)
    asked.add_argument("--seconds", type=float, default=4.0)
    asked.add_argument("--python", default=OURS)
    asked.add_argument("--every", type=int, default=400, help="one request in so many breaks the rule")
    asked.add_argument("--waiting", type=int, default=0, help="so many requests wait meanwhile")
    asked.add_argument("--into", type=Path, default=Path("exact.jsonl"))
    asked.add_argument("--from", dest="source", type=Path)
    asked.add_argument("--inject", action="store_true", help="before Python 3.14: without asyncspy.django")
    given = asked.parse_args()
    if given.source is None:
        mix = {"python": given.python, "every": given.every, "waiting": given.waiting}
        measure(mix, given.rounds, given.seconds, given.into, inject=given.inject)
    found: dict[tuple[str, int, int], Rows] = defaultdict(list)
    for line in (given.source or given.into).read_text().splitlines():
        row = json.loads(line)
        found[row["python"], row["every"], row.get("waiting", 0)].append(row)
    print("\n".join(table(found)))


def measure(mix: dict[str, Any], rounds: int, seconds: float, into: Path, *, inject: bool) -> None:
    """Interleaved rounds; each is a line of the file at once."""
    python, every = mix["python"], mix["every"]
    app = "1" if tuple(map(int, python.split("."))) < SINCE and not inject else ""
    with serving(python, {"GUARD_EVERY": str(every), "GUARD_APP": app}) as served, parked(served, mix["waiting"]):
        url = f"http://127.0.0.1:{served.port}/"
        closed_loop(url, WARM_SECONDS)
        for _ in range(rounds):
            row = dict(mix)
            for way in random.sample(["without", "with"], 2):
                row[way] = one(served, url, seconds, hooked=way == "with", inject=inject)
            with into.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{row['without']['rate']:.0f} without, {row['with']['rate']:.0f} with", file=sys.stderr)


def one(served: Served, url: str, seconds: float, *, hooked: bool, inject: bool) -> dict[str, float]:
    """Requests per second and the 99th percentile; with the hook in, it has counted something."""
    if not hooked:
        return _taken(served, url, seconds)
    with HookSessions() as stays:
        with asking(served):
            stays.start(inspect_process(served.pid), may_inject=inject)
        figures = _taken(served, url, seconds)
        (ended,) = stays.stop_all()
        assert ended.report is not None, ended.error
        return {**figures, "counted": ended.report.calls}


def _taken(served: Served, url: str, seconds: float) -> dict[str, float]:
    used = _used(served.pid)
    taken = closed_loop(url, seconds)
    cpu = (_used(served.pid) - used) / max(1, len(taken.latencies) + taken.failed)
    return {"rate": taken.rate, "p99": taken.quantile(0.99), "cpu": 1000 * cpu, "failed": taken.failed}


def _used(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@contextmanager
def parked(served: Served, number: int) -> Iterator[None]:
    """So many requests that wait until this ends."""
    held = []
    try:
        for _ in range(number):
            held.append(socket.create_connection(("127.0.0.1", served.port), timeout=60))
            held[-1].sendall(b"GET /park/86400 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        yield
    finally:
        for each in held:
            each.close()


@contextmanager
def asking(served: Served) -> Iterator[None]:
    """A request now and then: the app of older Pythons looks as requests begin."""
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.1):
            served.get("/innocent")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()


FIGURES = {"rate": ("requests/s", 0), "p99": ("p99 (ms)", 1), "cpu": ("CPU per request (ms)", 2)}


def table(found: dict[tuple[str, int, int], Rows]) -> Iterator[str]:
    """Medians of both ways, and the ratio within rounds with its 95% bounds (bootstrap)."""
    yield f"{'Python':8}{'1 in':>5}{'waiting':>9}{'rounds':>8}  {'':22}{'without':>9}{'with':>9}{'ratio (95%)':>22}"
    for (python, every, waiting), rows in sorted(found.items()):
        for figure, (name, digits) in FIGURES.items():
            without, hooked = ([row[way][figure] for row in rows] for way in ("without", "with"))
            ratios = [b / a for a, b in zip(without, hooked, strict=True)]
            low, high = bounds(ratios)
            pair = "".join(f"{statistics.median(each):9,.{digits}f}" for each in (without, hooked))
            ratio = f"{statistics.median(ratios):.3f} ({low:.3f}-{high:.3f})"
            yield f"{python:8}{every:5}{waiting:9}{len(rows):8}  {name:22}{pair}{ratio:>22}"


def bounds(ratios: list[float]) -> tuple[float, float]:
    """Of the median, by drawing again."""
    drawn = sorted(statistics.median(random.choices(ratios, k=len(ratios))) for _ in range(DRAWS))
    return drawn[int(0.025 * DRAWS)], drawn[int(0.975 * DRAWS)]


if __name__ == "__main__":
    main()
