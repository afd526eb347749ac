"""Print for each format the throughput and peak memory of reading it, and the ratio to its floor.

    python -m benchmarks.report [--megabytes N] [--rounds N] [--peers] [--recorded FILE] [FORMAT...]

Needs grep. Each task runs in a process of its own, the tasks of a
format by turns; the best of the rounds counts, since noise only ever adds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report.inputs import WRITERS
from benchmarks.report.peers import PEERS, there

MEGABYTE = 1024**2
FLOORS = {
    "folded (py-spy raw)": ["split_lines"],
    "folded (Austin)": ["split_lines"],
    "speedscope": ["msgspec_decode", "json_loads"],
    "svg": ["expat_empty"],
    "log": ["grep_count"],
}


def measure(task: str, path: Path) -> tuple[float, int]:
    """Seconds and peak memory of one run."""
    argv = [sys.executable, "-m", "benchmarks.report.tasks", task, str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=1800)
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def compare(form: str, path: Path, rounds: int, peers: list[str]) -> None:
    """Print the rows of one format."""
    floors = FLOORS[form]
    size = path.stat().st_size
    best: dict[str, tuple[float, int]] = {}
    for _ in range(rounds):
        for task in ["asyncspy", *floors, *peers]:
            now = measure(task, path)
            best[task] = min(best.get(task, now), now)
    floor = min(best[task][0] for task in floors)
    for task, (seconds, peak) in best.items():
        ratio = seconds / floor
        print(
            f"{form:20} {task:15} {size / MEGABYTE:7.0f} MB {seconds:7.2f} s {size / MEGABYTE / seconds:7.0f} MB/s "
            f"{ratio:5.2f} × floor {peak / MEGABYTE:6.0f} MB {peak / size:5.2f} × size",
            flush=True,
        )


def main() -> None:
    """Make the files, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", action="store_true", help="beside what others need for the same file")
    parser.add_argument("--recorded", type=Path, help="this file of the one format that is named, instead of one made")
    parser.add_argument("formats", nargs="*", help=", ".join(WRITERS))
    chosen = parser.parse_args()
    if chosen.recorded and len(chosen.formats) != 1:
        parser.error("--recorded needs the one format that the file is of")
    with tempfile.TemporaryDirectory(prefix="asyncspy-benchmark-") as folder:
        for form, write in WRITERS.items():
            if chosen.formats and form not in chosen.formats:
                continue
            path = chosen.recorded or Path(folder, "input")
            if not chosen.recorded:
                write(path, chosen.megabytes * MEGABYTE)
            peers = [peer.__name__ for peer in PEERS.get(form, ()) if chosen.peers and there(peer)]
            compare(form, path, chosen.rounds, peers)
            if not chosen.recorded:
                path.unlink()


if __name__ == "__main__":
    main()
