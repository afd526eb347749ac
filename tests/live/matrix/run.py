"""Combinations to a table: each is served, loaded, attached to with asyncspy, and held against what was planted.

python -m tests.live.matrix.run [--seconds N] [--save FOLDER] [NAME-PART...]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from asyncspy.analyse import analyse
from asyncspy.read import load
from tests.live.matrix.combinations import COMBINATIONS, Combination
from tests.live.matrix.homes import Home, Missing, home
from tests.live.matrix.load import ask, loading
from tests.live.matrix.serve import Core, serving
from tests.live.matrix.verdict import Row, judged, planted

SECONDS = 6
TRIES = 4
PY_SPY_RACE = "Failed to find a python interpreter"
"""py-spy 0.4.3 says so in about 3 of 100 attempts at a process whose threads come and go (see fixtures/README.md)."""

FAULTS = [f"/fault/{name}" for name in planted().values()]
TWINS = [f"/twin/{name}" for name in planted().values()]


def run(combination: Combination, folder: Path, *, seconds: int = SECONDS) -> Row:
    """Serve a combination, attach to it under load, and judge; `Missing` where this machine cannot."""
    return attach_in(home(combination), combination, folder, seconds=seconds)


def attach_in(where: Home, combination: Combination, folder: Path, *, seconds: int = SECONDS) -> Row:
    """The same in a home that is there."""
    with serving(where, combination.served, sync_middleware=combination.sync_middleware) as core:
        hold_the_program_to_its_marks(core)
        recording = folder / f"{combination.name}.json"
        recording.unlink(missing_ok=True)
        with loading(core.port, [*FAULTS, *TWINS]):
            attach(core.pid, recording, seconds)
    return judged(recording, analyse(load(recording)))


def hold_the_program_to_its_marks(core: Core) -> None:
    """Every fault is refused each time in this Django and every twin never: else the marks would be no truth."""
    for path in FAULTS:
        refused, done = ask(core.port, path)
        assert refused == done > 0, f"{path}: {refused} of {done} were refused"
    for path in TWINS:
        refused, done = ask(core.port, path)
        assert (refused, done > 0) == (0, True), f"{path}: {refused} of {done} were refused"


def attach(pid: int, recording: Path, seconds: int) -> None:
    """asyncspy attach, as a user would run it; once more where a thread began or ended just while py-spy looked."""
    words = ["attach", "--pid", str(pid), "--mode", "gil", "--duration", str(seconds)]
    words += ["--output", str(recording), "--format", "json"]
    for _ in range(TRIES):
        done = subprocess.run(
            [sys.executable, "-m", "asyncspy", *words],
            capture_output=True, text=True, timeout=seconds * 4 + 120, check=False,
        )  # fmt: skip
        if PY_SPY_RACE not in done.stderr:
            break
    assert done.returncode == 0, done.stderr


HEAD = f"{'combination':<62} planted  seen>=2  found  false alarms   loop   pool"


def line(name: str, row: Row) -> str:
    """One line of the table."""
    found = len(row.found & row.well_seen)
    figures = f"{len(row.seen):7}  {len(row.well_seen):7}  {found:5}  {len(row.false_alarms):12}"
    return f"{name:<62} {figures}  {row.loop:5}  {row.pool:5}"


def main() -> int:
    """Print the table; the exit code says whether every row is as it should be."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--save", type=Path, help="keep the recordings here")
    parser.add_argument("names", nargs="*", help="only combinations whose name holds one of these")
    chosen = parser.parse_args()
    wanted = [one for one in COMBINATIONS if not chosen.names or any(part in one.name for part in chosen.names)]
    say(HEAD)
    with tempfile.TemporaryDirectory(prefix="matrix-") as scratch:
        good = [_told(one, chosen.save or Path(scratch), chosen.seconds) for one in wanted]
    return 0 if all(good) else 1


def _told(combination: Combination, folder: Path, seconds: int) -> bool:
    """Run one, say its line, and whether it is as it should be; one world that fails does not hide the others."""
    try:
        row = run(combination, folder, seconds=seconds)
    except Missing as missing:
        say(f"{combination.name:<62} skipped: {missing}")
        return True
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        say(f"{combination.name:<62} failed: {error}")
        return False
    say(line(combination.name, row))
    for told in [*(f"missed: {name}" for name in sorted(row.missed)), *(f"alarm: {a}" for a in row.false_alarms)]:
        say(f"  {told}")
    return not row.missed and not row.false_alarms


def say(text: str) -> None:
    """One line on stdout, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
