"""Each command to the modules that it loads and the time that it takes, beside importing click alone, in turns."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.house.checkout import Checkout, environment

FIXTURE = Path("fixtures/recordings/uvicorn-asyncio-default.speedscope.json")
BEFORE = Path("fixtures/recordings/uvicorn-asyncio-every1.speedscope.json")
AFTER = Path("fixtures/recordings/uvicorn-asyncio-never.speedscope.json")

BARE = "import click"
LOADED = """
import sys
from asyncspy.__main__ import main
try:
    main()
except SystemExit:
    pass
finally:
    names = list(sys.modules)
    ours = sum(name.partition(".")[0] == "asyncspy" for name in names)
    sys.__stderr__.write(f"\\n{ours} {len(names)}")
"""
BARE_LOADED = f"import sys\n{BARE}\nsys.__stderr__.write(f'\\n0 {{len(sys.modules)}}')"


def imports(of: Checkout, fixture: Path, rounds: int) -> dict[str, dict[str, Any]]:
    """For bare click, and each command: its modules, and the median of so many whole runs in milliseconds."""
    commands = {
        "--version": ["--version"],
        "--help": ["--help"],
        "find-workers --json": ["find-workers", "--json"],
        "report FIXTURE --format json": ["report", str(fixture.resolve()), "--format", "json"],
        "diff BEFORE AFTER": ["diff", str(BEFORE.resolve()), str(AFTER.resolve())],
    }
    python = sys.executable
    loading = {"import click": [python, "-c", BARE_LOADED]}
    running = {"import click": [python, "-c", BARE]}
    for name, words in commands.items():
        loading[name] = [python, "-c", LOADED, *words]
        running[name] = [python, "-m", "asyncspy", *words]
    counts = {name: _counts(command, of) for name, command in loading.items()}
    for command in running.values():
        _run(command, of)  # so that what is compiled is there
    taken: dict[str, list[float]] = {name: [] for name in running}
    for _ in range(rounds):
        for name, command in running.items():
            start = time.perf_counter()
            _run(command, of)
            taken[name].append((time.perf_counter() - start) * 1000)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    return {
        name: {
            "modules": counts[name][0],
            "all_modules": counts[name][1],
            "milliseconds": round(medians[name], 1),
            "ratio": round(medians[name] / medians["import click"], 2),
        }
        for name in running
    }


def print_imports(found: dict[str, dict[str, Any]]) -> None:
    """One row for each."""
    print(f"{'command':<32}{'modules of':>12}{'all':>10}{'whole run':>14}{'beside':>10}")
    print(f"{'':<32}{'asyncspy':>12}{'modules':>10}{'(median)':>14}{'click':>10}")
    for name, its in found.items():
        time_taken = f"{its['milliseconds']:.0f} ms"
        print(f"{name:<32}{its['modules']:>12}{its['all_modules']:>10}{time_taken:>14}{its['ratio']:>9.2f}x")


def _run(command: list[str], of: Checkout) -> str:
    """Run it where Python finds that checkout's package first; what it says on stderr."""
    quiet, kept = subprocess.DEVNULL, subprocess.PIPE
    ran = subprocess.run(command, cwd=of.folder, env=environment(), stdout=quiet, stderr=kept, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{' '.join(command[1:])} left with {ran.returncode}: {ran.stderr}")
    return ran.stderr


def _counts(command: list[str], of: Checkout) -> tuple[int, int]:
    ours, every = _run(command, of).rsplit("\n", 1)[-1].split()
    return int(ours), int(every)
