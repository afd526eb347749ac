"""Measure what `asyncspy report FOLDER` costs for the recordings of a fleet, beside the floor of reading their bytes.

    python -m benchmarks.fleet [--recordings N] [--rounds N]

Needs a gigabyte of disk for a thousand. Each task runs in a process of its own, by turns; the best round counts.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.fleet.recordings import SAMPLES, write

MEGABYTE = 1e6
READ = "import sys, pathlib\nfor path in pathlib.Path(sys.argv[1]).iterdir(): path.read_bytes()"
DECODE = f"import json\n{READ.replace('path.read_bytes()', 'json.loads(path.read_bytes())')}"
TASKS = {
    "reading the bytes": ["-c", READ],
    "json.loads of each": ["-c", DECODE],
    "asyncspy report": ["-m", "asyncspy", "report", "--format", "json"],
}


def cost(words: list[str], folder: Path) -> tuple[float, float, int]:
    """Seconds on the clock and on the processor, and the peak of memory in bytes."""
    started = time.perf_counter()
    output = os.open(os.devnull, os.O_WRONLY)
    argv = [sys.executable, *words, str(folder)]
    actions = [(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)]
    pid = os.posix_spawn(sys.executable, argv, os.environ, file_actions=actions)
    os.close(output)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{argv} failed: {status}")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def main() -> None:
    """Make the recordings, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="asyncspy-fleet-") as name:
        folder = Path(name)
        size = write(folder, chosen.recordings)
        print(f"{chosen.recordings:,} recordings of {SAMPLES:,} samples, {size / MEGABYTE:,.0f} MB")
        best: dict[str, tuple[float, float, int]] = {}
        for _ in range(chosen.rounds):
            for task, words in TASKS.items():
                now = cost(words, folder)
                best[task] = min(best.get(task, now), now, key=lambda one: one[1])
    floor = best["reading the bytes"][1]
    for task, (clock, processor, memory) in best.items():
        print(
            f"{task:20} {clock:7.1f} s {processor:7.1f} s of processor {processor / floor:6.1f} × floor "
            f"{size / processor / MEGABYTE:7.0f} MB/s {memory / MEGABYTE:6.0f} MB"
        )
    print(
        json.dumps(
            {task: dict(zip(("seconds", "processor", "memory"), one, strict=True)) for task, one in best.items()}
        )
    )


if __name__ == "__main__":
    main()
