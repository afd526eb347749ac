"""Prints what `watch --exact --inject` counts at a gunicorn that recycles its workers, beside the program's own count.

    python -m benchmarks.inject.recycled --minutes 60 --workers 2

The program writes a line for each violation, and whether a hook was in at that moment. What is counted has to equal the
lines with a hook; the lines without one are of workers that had just been started. Memory, open files and processor
time are those of asyncspy.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from benchmarks.load import open_loop
from benchmarks.soak.__main__ import Seen
from tests.live.exact.served import PROGRAM
from tests.live.processes import accepts, free_port, running

LOOK_SECONDS = 5.0
FOLDERS = "asyncspy-" + "[0-9a-f]" * 32


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--minutes", type=float, default=60.0)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--recycle", type=int, default=500, help="requests that a worker lives for")
    asked.add_argument("--pace", type=float, default=60.0, help="requests a second")
    asked.add_argument("--mode", default="both", help="what is sampled beside: none for counts alone")
    asked.add_argument("--every", type=int, default=5, help="one request in so many breaks the rule")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="recycled-") as scratch, serving(scratch, given) as (master, url):
        folder = Path(scratch, "out")
        folder.mkdir()
        seconds = given.minutes * 60
        loading = threading.Thread(target=load, args=(url, given.pace, seconds + 60), daemon=True)
        loading.start()
        options = ["--exact", "--inject", "--mode", given.mode, "--output", str(folder), "--format", "json"]
        words = [sys.executable, "-m", "asyncspy", "watch", "--pid", str(master.pid), *options]
        began = time.monotonic()
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
            seen, cpu = look(psutil.Process(watching.pid), master, folder, began + seconds)
            watching.send_signal(signal.SIGINT)
            said, errors = watching.communicate(timeout=300)
        print(f"exit {watching.returncode} after {time.monotonic() - began:.0f} s; CPU {cpu / seconds:.1%} of a core")
        if not said:
            sys.exit(errors)
        print("\n".join(result(json.loads(said), Path(scratch, "made"), seen)))
        left = [path.name for path in Path(tempfile.gettempdir()).glob(FOLDERS)]
        print(f"folders left: {left}; notes: {errors.count('note:')}; traceback: {'Traceback' in errors}")
        print("\n".join(line for line in errors.splitlines() if "Counted in" in line or "note:" in line)[:4000])


@contextmanager
def serving(scratch: str, given: argparse.Namespace) -> Iterator[tuple[psutil.Process, str]]:
    """The guard program under gunicorn, and its address."""
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROGRAM),
        "GUARD_DATABASE": f"{scratch}/db",
        "GUARD_EVERY": str(given.every),
        "GUARD_LOG": f"{scratch}/made",
    }
    words = ["-m", "gunicorn", "-k", "uvicorn_worker.UvicornWorker", "-w", str(given.workers)]
    words += ["--max-requests", str(given.recycle), "--max-requests-jitter", str(given.recycle // 5)]
    words += ["guard.asgi:application", "-b", f"127.0.0.1:{port}"]
    argv = ["sh", "-ec", '"$0" -m guard.prepare; exec "$0" "$@"', sys.executable, *words]
    with running(argv, cwd="/", env=env, ready=lambda: accepts(port), timeout=90) as process:
        yield psutil.Process(process.pid), f"http://127.0.0.1:{port}/"


def load(url: str, pace: float, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        with suppress(OSError):  # a worker that is recycled ends its connections; at last the server ends
            open_loop(url, pace, min(60.0, left))


def look(asyncspy: psutil.Process, master: psutil.Process, folder: Path, until: float) -> tuple[Seen, float]:
    """What was seen until then, and asyncspy's processor time with that of its children."""
    seen, cpu = Seen(), 0.0
    while time.monotonic() < until and asyncspy.is_running() and asyncspy.status() != psutil.STATUS_ZOMBIE:
        seen.look(asyncspy, master, folder)
        with suppress(psutil.Error):
            cpu = sum(asyncspy.cpu_times()[:4])
        time.sleep(LOOK_SECONDS)
    return seen, cpu


def result(report: dict[str, Any], made: Path, seen: Seen) -> Iterator[str]:
    ours = sum(finding["evidence"]["exact"] for finding in report["findings"])
    beyond = sum(origin.get("beyond", 0) for origin in report["origins"])
    own = Counter(line.split()[2] for line in made.read_text().splitlines())
    yield f"counted {ours} and {beyond} beyond; the program's own: {dict(own)}"
    early = own["no"] / max(1, own.total())
    yield f"difference {ours - own['yes']} (at most {own['perhaps']}); without a hook {early:.2%}"
    yield f"workers seen: {len(seen.workers)}; origins in the report: {len(report['origins'])}"
    for name, values in (
        ("memory, KiB", seen.memory),
        ("open files", seen.files),
        ("children", seen.children),
        ("files", seen.on_disk),
    ):
        part = len(values) // 6 or 1
        sixths = [values[start : start + part] for start in range(0, len(values), part)][:6]
        yield f"{name:12} by sixths: " + ", ".join(f"{min(each)}–{max(each)}" for each in sixths)


if __name__ == "__main__":
    main()
