"""Prints what `attach --exact` captured beside what the application itself counted, for a rare violation.

    python -m benchmarks.exact.count --python 3.14 --seconds 60 --every 400

Five ways break the rule in turn; each that was made must be there under its own line, as often as it was made.
"""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.load import closed_loop
from tests.live.exact.attached import attach, captured, wait_until_in
from tests.live.exact.served import OURS, SINCE, serving

CLIENTS = 4


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--python", default=OURS)
    asked.add_argument("--seconds", type=float, default=60.0)
    asked.add_argument("--every", type=int, default=400)
    asked.add_argument("--mode", default="none", choices=["none", "gil", "both"], help="what is sampled beside it")
    asked.add_argument("--inject", action="store_true", help="before Python 3.14: without asyncspy.django")
    given = asked.parse_args()
    app = "1" if tuple(map(int, given.python.split("."))) < SINCE and not given.inject else ""
    how = ["--mode", given.mode, *["--inject"] * given.inject]
    with (
        serving(given.python, {"GUARD_EVERY": str(given.every), "GUARD_APP": app}) as served,
        tempfile.TemporaryDirectory() as folder,
        attach(served, Path(folder), *how, seconds=round(given.seconds) + 60) as attached,
    ):
        wait_until_in(attached, served)
        before, started = Counter(served.state()["made"]), time.monotonic()
        taken = closed_loop(f"http://127.0.0.1:{served.port}/", given.seconds, CLIENTS)
        lasted = time.monotonic() - started
        made = Counter(served.state()["made"]) - before
        attached.send_signal(signal.SIGINT)
        told = json.loads(attached.communicate(timeout=120)[0])
    raised, found = made.pop("raised", 0), captured(told)
    requests = len(taken.latencies) + taken.failed
    print(f"Python {given.python}: {requests:,} requests in {lasted:.0f} s, {taken.failed} failed, 1 in {given.every}")
    print(
        f"made {made.total()}, raised {raised}, captured {found.total()}: {'equal' if found == made else 'DIFFERENT'}"
    )
    for site in sorted(made | found):
        print(f"  {site:12} made {made[site]:5}  captured {found[site]:5}")


if __name__ == "__main__":
    main()
