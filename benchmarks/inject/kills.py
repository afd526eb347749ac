"""Prints what becomes of a process when the writer is killed: at each of its steps, and at random moments.

    python -m benchmarks.inject.kills --python 3.9 3.12 --steps 50 --random 400
    python -m benchmarks.inject.kills --from kills.jsonl

After each, the process has to run on, held by nobody, and to run a file that is let in.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from asyncspy.sample.inject.inject import Injection, clear, inject, withdraw
from asyncspy.sample.inject.refused import NotInjected
from asyncspy.sample.inject.target_python import find_python
from asyncspy.sample.inject.texts import run_file
from asyncspy.sample.inject.writer_process import BOOT, run_writer
from tests.live.inject.targets import DEBIAN, VERSIONS, Target, target
from tests.live.matrix.homes import interpreter
from tests.live.processes import eventually

STEPS = ("before the stop", "stopped", "checked", "written", "released")
SPREAD_SECONDS = 0.0015
"""After it says that it stops the process, about so long is a writer at work; one without priority and in no hurry."""

AT_STEP = "lambda name: name == {!r} and __import__('os').kill(__import__('os').getpid(), 9)"
AT_RANDOM = (
    "lambda name: name == 'before the stop' and __import__('threading').Thread(target=lambda: "
    "(__import__('time').sleep({}), __import__('os').kill(__import__('os').getpid(), 9))).start()"
)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--python", nargs="*", default=[*VERSIONS, "debian"])
    asked.add_argument("--kind", default="busy")
    asked.add_argument("--steps", type=int, default=5, help="kills at each step")
    asked.add_argument("--random", type=int, default=20, help="kills at a random moment")
    asked.add_argument("--into", type=Path, default=Path("kills.jsonl"))
    asked.add_argument("--from", dest="source", type=Path)
    given = asked.parse_args()
    if given.source is None:
        for version in given.python:
            python = DEBIAN if version == "debian" else interpreter(version)
            for row in trials(version, python, given.kind, given.steps, given.random):
                with given.into.open("a") as file:
                    file.write(json.dumps(row) + "\n")
    found = [json.loads(line) for line in (given.source or given.into).read_text().splitlines()]
    print("\n".join(table(found)))


def trials(version: str, python: str, kind: str, steps: int, at_random: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="kills-") as folder, target(python, kind, Path(folder)) as on:
        counted = on.folder / "counted"
        counted.touch()
        path = on.code("code", f"with open({str(counted)!r}, 'a') as file: file.write('x')")
        for name in [*STEPS] * steps + ["random"] * at_random:
            how = AT_RANDOM.format(random.uniform(0, SPREAD_SECONDS)) if name == "random" else AT_STEP.format(name)
            killed = one(on, path, BOOT.replace("main(sys.argv[2])", f"main(sys.argv[2], {how})"))
            yield {"python": version, "at": name, "killed": killed, "harm": harm(on, path, counted)}


def one(on: Target, path: str, boot: str) -> bool:
    """Whether it was killed; what it may have written is taken back or has been run afterwards."""
    text = run_file(path)
    found = find_python(on.pid).write
    made = Injection(found, text, 0, 1)
    try:
        run_writer("add", found, text, boot)
    except NotInjected as refused:
        killed = refused.kind in {"slow", "failed"}
        if not killed:
            print(refused, file=sys.stderr)
    else:
        killed = False
    time.sleep(0.05)
    with suppress(NotInjected):
        withdraw(made)
    clear(made)
    return killed


def harm(on: Target, path: str, counted: Path) -> str:
    """What is wrong with it, if anything."""
    if not Path(f"/proc/{on.pid}").exists():
        return "dead"
    if not eventually(on.is_well, timeout=5):
        return f"stopped ({on.state()})"
    before = counted.stat().st_size
    made = inject(on.pid, path)
    if not eventually(lambda: counted.stat().st_size > before, timeout=10):
        return "hung"
    clear(made)
    return ""


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"{'Python':9}{'killed at':20}{'trials':>8}{'killed':>8}{'harmed':>8}"
    for python, at in dict.fromkeys((row["python"], row["at"]) for row in rows):
        these = [row for row in rows if (row["python"], row["at"]) == (python, at)]
        harmed = Counter(row["harm"] for row in these if row["harm"])
        yield f"{python:9}{at:20}{len(these):8}{sum(row['killed'] for row in these):8}{harmed.total():8}" + (
            f"  {dict(harmed)}" if harmed else ""
        )


if __name__ == "__main__":
    main()
