"""Prints what asyncspy itself uses over time: a long watch of workers that are recycled, or one attach to many workers.

    python -m benchmarks.soak --minutes 60                          watch, under load, two workers, --max-requests 500
    python -m benchmarks.soak --minutes 1 --workers 16 --attach     one attach to a master of sixteen

Memory, open files and children of asyncspy are looked at every few seconds; so are the files in its folder, and whether
every worker that lived long enough is in the report.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.load import open_loop
from tests.live.harness import PROGRAMS, serving

EVERY_SECONDS = 5.0
MAX_REQUESTS = 500


@dataclass
class Seen:
    """What was looked at."""

    memory: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    on_disk: list[int] = field(default_factory=list)
    workers: Counter[int] = field(default_factory=Counter)

    def look(self, asyncspy: psutil.Process, master: psutil.Process, folder: Path) -> None:
        with suppress(psutil.Error):
            self.memory.append(asyncspy.memory_info().rss // 1024)
            self.files.append(asyncspy.num_fds())
            self.children.append(len(asyncspy.children(recursive=True)))
            self.on_disk.append(len(list(folder.iterdir())))
            self.workers.update(child.pid for child in master.children())


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--minutes", type=float, default=60.0)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--pace", type=float, default=60.0, help="requests a second")
    asked.add_argument("--attach", action="store_true", help="one attach, and workers that are not recycled")
    given = asked.parse_args()
    seconds = int(given.minutes * 60)
    recycled = "" if given.attach else f"--max-requests {MAX_REQUESTS} --max-requests-jitter 100"
    env = {"SHOP_VIOLATE_EVERY": "5", "GUNICORN_CMD_ARGS": recycled}
    with tempfile.TemporaryDirectory() as scratch, serving(
        PROGRAMS / "shop", server="gunicorn", loop="uvloop", env=env, workers=given.workers
    ) as server:  # fmt: skip
        folder = Path(scratch)
        threading.Thread(target=_load, args=(server.url, given.pace, seconds + 30), daemon=True).start()
        how = ["attach", "--duration", str(seconds)] if given.attach else ["watch", "--slice", "5"]
        words = [sys.executable, "-m", "asyncspy", *how, "--pid", str(server.pid), "--output", scratch]
        started = time.monotonic()
        before = {process.pid for process in psutil.process_iter() if process.name() == "py-spy"}
        with subprocess.Popen([*words, "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            seen, cost = _looked(running, psutil.Process(server.pid), folder, seconds, ends=not given.attach)
            out, err = running.communicate(timeout=300)
        _tell(seen, json.loads(out), cost, time.monotonic() - started, running.returncode)
        left = [one.pid for one in psutil.process_iter() if one.name() == "py-spy" and one.pid not in before]
        print(f"files left in the folder: {sorted(path.suffix for path in folder.iterdir())}; py-spy left: {left}")
        print(f"notes: {err.decode().count('note:')}; traceback: {b'Traceback' in err}")


def _load(url: str, pace: float, seconds: float) -> None:
    with suppress(OSError):  # the server ends before it does
        open_loop(url, pace, seconds)


def _looked(
    running: subprocess.Popen[bytes], master: psutil.Process, folder: Path, seconds: int, *, ends: bool
) -> tuple[Seen, float]:
    """What was seen until the end, and the CPU seconds that it took."""
    seen, asyncspy, cost = Seen(), psutil.Process(running.pid), 0.0
    deadline = time.monotonic() + seconds
    drained = threading.Event()  # its words fit into the pipe; its report does not, and is read by communicate()
    while running.poll() is None and time.monotonic() < deadline + (0 if ends else 60):
        seen.look(asyncspy, master, folder)
        with suppress(psutil.Error):
            times = asyncspy.cpu_times()
            cost = times.user + times.system
        drained.wait(EVERY_SECONDS)
        if not ends and time.monotonic() > deadline + EVERY_SECONDS:
            break
    if ends:
        running.send_signal(signal.SIGINT)
    return seen, cost


def _tell(seen: Seen, report: dict[str, object], cost: float, seconds: float, code: int) -> None:
    origins: list[dict[str, object]] = report["origins"]  # type: ignore[assignment]
    slices = sum(int(one["slices"]) for one in origins)  # type: ignore[call-overload]
    findings: list[dict[str, object]] = report["findings"]  # type: ignore[assignment]
    told = {worker["pid"] for one in findings for worker in one.get("workers", [])}  # type: ignore[attr-defined]
    lived = {pid for pid, looks in seen.workers.items() if looks > 3}  # noqa: PLR2004 - three looks are a slice
    half = len(seen.memory) // 2
    print(f"exit {code} after {seconds:.0f} s; {slices} slices; CPU of asyncspy {cost:.1f} s ({cost / seconds:.1%})")
    named = len(lived & told)
    print(f"workers seen by us {len(seen.workers)}; that lived for a slice {len(lived)}; of those in findings {named}")
    for name, values in (
        ("memory, KiB", seen.memory),
        ("open files", seen.files),
        ("children", seen.children),
        ("files", seen.on_disk),
    ):
        first, last = values[: half or 1], values[half:] or values
        print(f"{name:12} first half {min(first)}–{max(first)}, second half {min(last)}–{max(last)}")
    for one in findings:
        parts = [f"{worker['pid']}: {worker['samples']}" for worker in one.get("workers", [])]  # type: ignore[attr-defined]
        print(f"{one['kind']}: {', '.join(parts)}")


if __name__ == "__main__":
    main()
