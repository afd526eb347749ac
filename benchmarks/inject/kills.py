"""Prints what becomes of a process when the writer is killed or stopped: at each of its steps, and at random moments.

    python -m benchmarks.inject.kills --python 3.9 3.12 --steps 50 --random 400
    python -m benchmarks.inject.kills --python 3.9 3.12 3.13 --steps 0 --random 0 --stop 50
    python -m benchmarks.inject.kills --from kills.jsonl

Killed is SIGKILL, stopped is SIGSTOP, which the writer's parent answers by killing it. After each the process has
to run on, held by nobody, and to run a file that is let in. `hit` is how often the signal met the writer at work, and
`still` the longest time that the process did not run, by its own clock.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from asyncspy.sample.inject import writer_process
from asyncspy.sample.inject.inject import UNCERTAIN, Injection, clear, inject, withdraw
from asyncspy.sample.inject.refused import NotInjected
from asyncspy.sample.inject.target_python import find_python
from asyncspy.sample.inject.texts import run_file
from asyncspy.sample.inject.writer_process import BOOT, run_writer
from benchmarks.inject import end_writer
from tests.live.inject.pythons import Python, named_python, running_on
from tests.live.inject.targets import STEPS, VERSIONS, Target
from tests.live.processes import eventually

UNHARMED_RUNS = 15
"""How many show how long a writer takes from one step to the next. A random moment is a random part of the median of
that, after a random step: all together vary too much on a busy machine for most moments to meet the writer at work."""

CHECK_TRIES = 6
"""On a very busy machine the writer that looks afterwards may not be started in time; that is no harm."""

NOTED_SECONDS = 0.05
"""Within that a process that runs on has noted how long it did not."""

STOPPED_SECONDS = 3.0
"""Instead of ten: one that is stopped before it holds anybody is waited for so long."""

SIGNALS = {"kill": int(signal.SIGKILL), "stop": int(signal.SIGSTOP)}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--python", nargs="*", default=[*VERSIONS, "debian"])
    asked.add_argument("--kind", default="clock")
    asked.add_argument("--steps", type=int, default=5, help="kills at each step")
    asked.add_argument("--random", type=int, default=20, help="kills at a random moment")
    asked.add_argument("--stop", type=int, default=0, help="stops at each step, and at a random moment")
    asked.add_argument("--into", type=Path, default=Path("kills.jsonl"))
    asked.add_argument("--from", dest="source", type=Path)
    given = asked.parse_args()
    if given.source is None:
        endings = [("kill", name) for name in [*STEPS] * given.steps + ["random"] * given.random]
        endings += [("stop", name) for name in [*STEPS, "random"] * given.stop]
        for version in given.python:
            for row in trials(named_python(version), given.kind, endings):
                with given.into.open("a") as file:
                    file.write(json.dumps(row) + "\n")
    found = [json.loads(line) for line in (given.source or given.into).read_text().splitlines()]
    print("\n".join(table(found)))


def trials(python: Python, kind: str, endings: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="kills-") as folder, running_on(python, kind, Path(folder)) as on:
        counted = on.folder / "counted"
        counted.touch()
        counted.chmod(0o666)
        path = on.code("code", f"with open({str(counted)!r}, 'a') as file: file.write('x')")
        inject(on.pid, path)  # and a rehearsal
        lengths = step_lengths(on, path)
        for how, at in endings:
            step = random.choice(STEPS[:-1]) if at == "random" else at
            seconds = random.uniform(0, lengths[step]) if at == "random" else 0.0
            on.stood_still()
            ended = run_ended(on, path, step, SIGNALS[how], seconds)
            last = next((name for _, name in reversed(steps(on))), "")
            well = eventually(on.is_well, timeout=5)
            time.sleep(NOTED_SECONDS)
            row = {"python": python.name, "how": how, "at": at, "after": last}
            row |= {"hit": ended and (at != "random" or last != STEPS[-1]), "still": on.stood_still()}
            take_back(on, path)
            yield {**row, "harm": harm(on, path, counted) if well else f"stopped ({on.state()})"}


def step_lengths(on: Target, path: str) -> dict[str, float]:
    """How long a writer takes from each step to the next."""
    runs = []
    while len(runs) < UNHARMED_RUNS:
        if not run_ended(on, path, "never", 0, 0.0) and len(found := steps(on)) == len(STEPS):
            runs.append(found)
        take_back(on, path)
    return {
        name: statistics.median((run[number + 1][0] - run[number][0]) / 1e9 for run in runs)
        for number, name in enumerate(STEPS[:-1])
    }


def steps(on: Target) -> list[tuple[int, str]]:
    """When the last writer came to which steps."""
    lines = [line.split(" ", 1) for line in (on.folder / "notes").read_text().splitlines()]
    return [(int(when), name) for when, name in lines]


def run_ended(on: Target, path: str, at: str, number: int, seconds: float) -> bool:
    """Whether it was ended."""
    arguments = f"{str(on.folder / 'notes')!r}, {at!r}, {number}, {seconds}"
    boot = f"part = {{}}; exec(open({end_writer.__file__!r}).read(), part); " + BOOT.replace(
        "main(sys.argv[2])", f"main(sys.argv[2], part['ending']({arguments}))"
    )
    patience = STOPPED_SECONDS if number == signal.SIGSTOP else writer_process.START_SECONDS
    try:
        with patch.object(writer_process, "START_SECONDS", patience):
            run_writer("add", find_python(on.pid).write, run_file(path), boot)
    except NotInjected as refused:
        if refused.kind in {"slow", "failed"}:
            return True
        print(refused, file=sys.stderr)
    return False


def take_back(on: Target, path: str) -> None:
    """What was written has been run by now, or is withdrawn."""
    with suppress(NotInjected):
        made = Injection(find_python(on.pid).write, run_file(path), 0, 1)
        if any(made.target.found):
            withdraw(made)
            clear(made)


def harm(on: Target, path: str, counted: Path) -> str:
    """What is wrong with it, if anything."""
    if not Path(f"/proc/{on.pid}").exists():
        return "dead"
    if not eventually(on.is_well, timeout=5):
        return f"stopped ({on.state()})"
    before = counted.stat().st_size
    for tries_left in reversed(range(CHECK_TRIES)):
        try:
            made = inject(on.pid, path)
            break
        except NotInjected as refused:
            if refused.kind not in UNCERTAIN or not tries_left:
                return f"refused ({refused.kind} {refused.detail})"
    if not eventually(lambda: counted.stat().st_size > before, timeout=10):
        return "hung"
    clear(made)
    return ""


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"{'Python':17}{'ended':8}{'at':18}{'trials':>8}{'hit':>8}{'harmed':>8}{'still ms: median':>18}{'max':>8}"
    for key in dict.fromkeys((row["python"], row["how"], row["at"]) for row in rows):
        these = [row for row in rows if (row["python"], row["how"], row["at"]) == key]
        harmed = Counter(row["harm"] for row in these if row["harm"])
        still = [row["still"] * 1000 for row in these if row["still"]]
        times = f"{statistics.median(still):18.1f}{max(still):8.1f}" if still else ""
        after = Counter(row["after"] for row in these) if key[2] == "random" else {}
        words = f"  {dict(harmed)}" * bool(harmed) + f"  after {dict(after)}" * bool(after)
        hit = sum(row["hit"] for row in these)
        yield f"{key[0]:17}{key[1]:8}{key[2]:18}{len(these):8}{hit:8}{harmed.total():8}{times:26}{words}"


if __name__ == "__main__":
    main()
