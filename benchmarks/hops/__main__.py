"""Prints the latency of one handler by its way to the database, and draws it.

    python -m benchmarks.hops --rounds 3 --into hops.jsonl      measure, and add to the file
    python -m benchmarks.hops --from hops.jsonl --draw docs     the table of all that is in it, and its plot

The same query, in a thread of the request's own (thread-sensitive, as sync_to_async does it), in any thread, and by the
async ORM; each without middleware and under one that is sync-only. Sent on time at one pace, whatever happens.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.load import open_loop
from tests.live.harness import serving

PROGRAM = Path(__file__).parent / "crossing"
PAGES = {
    "plain": "no query",
    "sensitive": "thread-sensitive hop",
    "free": "thread_sensitive=False",
    "native": "async ORM",
}
MIDDLEWARE = ("none", "sync-only")
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
WARM_SECONDS = 1.5

Latencies = dict[tuple[str, str], list[float]]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--seconds", type=float, default=5.0)
    asked.add_argument("--pace", type=float, default=100.0, help="requests a second")
    asked.add_argument("--into", type=Path, default=Path("hops.jsonl"))
    asked.add_argument("--from", dest="source", type=Path)
    asked.add_argument("--draw", type=Path)
    given = asked.parse_args()
    if given.source is None:
        measure(given.rounds, given.seconds, given.pace, given.into)
    found: Latencies = defaultdict(list)
    for line in (given.source or given.into).read_text().splitlines():
        row = json.loads(line)
        found[row["middleware"], row["page"]] += row["latencies"]
    print("\n".join(table(found)))
    if given.draw:
        from benchmarks.hops.plot import draw  # noqa: PLC0415 - only who draws needs matplotlib

        draw(found, given.draw)


def measure(rounds: int, seconds: float, pace: float, into: Path) -> None:
    """Interleaved rounds; each measurement is a line of the file at once."""
    with ExitStack() as held:
        servers = {
            kind: held.enter_context(serving(PROGRAM, loop="uvloop", env={"CROSSING_MIDDLEWARE": kind}))
            for kind in MIDDLEWARE
        }
        ways = [(kind, page) for kind in MIDDLEWARE for page in PAGES]
        for kind, page in ways:
            open_loop(servers[kind].url + page, pace, WARM_SECONDS)
        for _ in range(rounds):
            for kind, page in random.sample(ways, len(ways)):
                taken = open_loop(servers[kind].url + page, pace, seconds)
                row = {"middleware": kind, "page": page, "failed": taken.failed, "latencies": taken.latencies}
                with into.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                print(f"{kind:10} {page:10} {taken.quantile(0.5):.2f} ms, {taken.failed} failed", file=sys.stderr)


def table(found: Latencies) -> Iterator[str]:
    """Milliseconds by way and quantile."""
    yield f"{'middleware':12}{'way to the database':26}{'requests':>9}" + "".join(f"{name:>8}" for name in QUANTILES)
    for kind, page in ((kind, page) for kind in MIDDLEWARE for page in PAGES if (kind, page) in found):
        own = found[kind, page]
        cells = "".join(f"{1000 * quantile(own, share):8.2f}" for share in QUANTILES.values())
        yield f"{kind:12}{PAGES[page]:26}{len(own):9,}{cells}"


def quantile(values: list[float], share: float) -> float:
    """The value that so many stay under."""
    return statistics.quantiles(values, n=1000, method="inclusive")[round(share * 1000) - 1]


if __name__ == "__main__":
    main()
