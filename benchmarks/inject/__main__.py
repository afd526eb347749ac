"""Prints how often a file could be run in a live process, and how long that stood still for it.

    python -m benchmarks.inject --entries 300 --into inject.jsonl         programs that tick, compute, have threads
    python -m benchmarks.inject --python debian bullseye forky:python3.13 Debian's Pythons, in roots of their own
    python -m benchmarks.inject --servers --python 3.12 --entries 300     servers under load (builds their venvs)
    python -m benchmarks.inject --from inject.jsonl                       the table of all that is in it

Every entry is one whole injection without a new rehearsal, its answer awaited. A program checks itself all the time
and aborts if it computes something wrong; a server's requests are counted. `tests.live.inject.pythons.py` says which
Pythons can be named; a root is built from `ASYNCSPY_DEBIAN_MIRROR`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from asyncspy.sample.inject.inject import clear, inject
from asyncspy.sample.inject.refused import NotInjected
from benchmarks.inject.servers import SERVERS, served
from benchmarks.load import Taken, closed_loop
from tests.live.inject.pythons import named_python, running_on
from tests.live.inject.targets import KINDS, VERSIONS, Target

ANSWER_SECONDS, CLIENTS = 10.0, 4


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--entries", type=int, default=30)
    asked.add_argument("--python", nargs="*", default=[*VERSIONS, "debian"], help="see tests.live.inject.pythons.py")
    asked.add_argument("--kind", nargs="*", default=[kind for kind in KINDS if kind != "blocked"])
    asked.add_argument("--servers", nargs="*", choices=sorted(SERVERS), help="none named: all")
    asked.add_argument("--into", type=Path, default=Path("inject.jsonl"))
    asked.add_argument("--from", dest="source", type=Path)
    given = asked.parse_args()
    if given.source is None:
        rows = (
            of_programs(given.python, given.kind, given.entries)
            if given.servers is None
            else of_servers(given.python, given.servers or sorted(SERVERS), given.entries)
        )
        for row in rows:
            with given.into.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{row['python']} {row['kind']}: {row['ran']} of {row['entries']}", file=sys.stderr)
    found = [json.loads(line) for line in (given.source or given.into).read_text().splitlines()]
    print("\n".join(table(found)))


def of_programs(versions: list[str], kinds: list[str], entries: int) -> Iterator[dict[str, Any]]:
    for version in versions:
        python = named_python(version)
        for kind in kinds:
            with tempfile.TemporaryDirectory(prefix="inject-") as folder, running_on(python, kind, Path(folder)) as on:
                yield {"python": python.name, "kind": kind, **measured(on, entries, on.is_well)}


def of_servers(versions: list[str], servers: list[str], entries: int) -> Iterator[dict[str, Any]]:
    for version in versions:
        for server in servers:
            with served(server, version) as (url, pid), tempfile.TemporaryDirectory(prefix="inject-") as folder:
                on, over, taken = Target(pid, Path(folder)), threading.Event(), list[Taken]()

                def load(url: str = url, over: threading.Event = over, taken: list[Taken] = taken) -> None:
                    while not over.is_set():
                        taken.append(closed_loop(url, 1.0, CLIENTS))

                loading = threading.Thread(target=load)
                loading.start()
                try:
                    row = measured(on, entries, on.is_well)
                finally:
                    over.set()
                    loading.join()
                failed = sum(each.failed for each in taken)
                requests = sum(len(each.latencies) for each in taken)
                yield {
                    "python": named_python(version).name,
                    "kind": server,
                    **row,
                    "requests": requests,
                    "failed": failed,
                }


def measured(on: Target, entries: int, is_well: Callable[[], bool]) -> dict[str, Any]:
    """So many entries, one after the other."""
    counted = on.folder / "counted"
    counted.touch()
    counted.chmod(0o666)
    path = on.code("code", f"with open({str(counted)!r}, 'a') as file: file.write('x')")
    stops, refused = [], Counter[str]()
    for _ in range(entries):
        try:
            made = inject(on.pid, path)
        except NotInjected as error:
            refused[error.kind] += 1
            continue
        stops.append(made.stopped_ns)
        began = time.monotonic()
        while counted.stat().st_size < len(stops) and time.monotonic() - began < ANSWER_SECONDS:
            time.sleep(0.0005)
        with suppress(NotInjected):  # the next entry recognises what is left
            clear(made)
    row = {"entries": entries, "ran": counted.stat().st_size, "refused": dict(refused), "load": os.getloadavg()[0]}
    return {**row, "stops": stops, "well": is_well()}


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each Python and kind, over all runs that are in the file."""
    head = ("ran", "refused", "stop ms: median", "p99", "max", "requests", "failed", "harmed", "load")
    yield f"{'Python':17}{'target':18}" + "".join(f"{each:>{max(9, len(each) + 2)}}" for each in head)
    for python, kind in dict.fromkeys((row["python"], row["kind"]) for row in rows):
        these = [row for row in rows if (row["python"], row["kind"]) == (python, kind)]
        stops = sorted(each / 1e6 for row in these for each in row["stops"])
        refused = sum((Counter(row["refused"]) for row in these), Counter())
        cells = [
            f"{sum(row['ran'] for row in these)}/{sum(row['entries'] for row in these)}",
            str(refused.total()),
            *(f"{quantile(stops, share):.2f}" for share in (0.5, 0.99, 1.0)),
            *(str(sum(row.get(name, 0) for row in these)) for name in ("requests", "failed")),
            str(sum(not row["well"] for row in these)),
            f"{quantile(sorted(row['load'] for row in these), 0.5):.1f}",
        ]
        yield f"{python:17}{kind:18}" + "".join(
            f"{cell:>{max(9, len(each) + 2)}}" for cell, each in zip(cells, head, strict=True)
        )


def quantile(ranked: list[float], share: float) -> float:
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else float("nan")


if __name__ == "__main__":
    main()
