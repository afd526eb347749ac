"""Prints how often a rare violation is caught live: what asyncspy names, what grepping for the guard would, and chance.

    python -m benchmarks.catch_live --every 400 --seconds 180 --runs 2 --into catch.jsonl     add runs to the file
    python -m benchmarks.catch_live --from catch.jsonl                                        the table of all in it

Each run serves the shop anew, plants one violation in so many requests, records it under load, and knows from the
answers how many violations there were. `predicted` is what asyncspy's own figures say of such a recording: the share of
runs that catch it, and the samples that show it.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from asyncspy import read
from asyncspy.analyse.confidence import SECONDS_ON_STACK
from asyncspy.model import Frame, Profile
from benchmarks.catch.cases import PROGRAM, marked
from benchmarks.catch.readings import READINGS, Reading
from tests.live.harness import loading, serving

RATE = 100
SERVERS = ("uvicorn", "uvicorn-workers", "gunicorn")


@dataclass(frozen=True)
class Run:
    """One recording: what was planted in it, and which samples and lines each reading held against whom."""

    server: str
    every: int
    seconds: int
    recorded: float
    requests: float
    violations: float
    samples: int
    right: dict[str, int]
    wrong: dict[str, int]
    wrong_lines: dict[str, int]
    named: bool
    named_wrong: int

    @property
    def expected(self) -> float:
        """The samples that should show it."""
        return self.violations * SECONDS_ON_STACK * RATE


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--every", type=int, default=40)
    asked.add_argument("--seconds", type=int, default=30)
    asked.add_argument("--runs", type=int, default=1)
    asked.add_argument("--server", choices=SERVERS, default="gunicorn")
    asked.add_argument("--into", type=Path, default=Path("catch.jsonl"))
    asked.add_argument("--from", dest="source", type=Path)
    given = asked.parse_args()
    if given.source is None:
        for _ in range(given.runs):
            run = measured(given.server, given.every, given.seconds)
            with given.into.open("a") as file:
                file.write(json.dumps(asdict(run)) + "\n")
            print(run, file=sys.stderr, flush=True)
    lines = (given.source or given.into).read_text().splitlines()
    print("\n".join(table([Run(**json.loads(line)) for line in lines])))


def measured(server: str, every: int, seconds: int) -> Run:
    """Serve, load, attach, and compare with what was planted."""
    with tempfile.TemporaryDirectory() as folder, serving(
        PROGRAM, server=server, loop="uvloop", env={"SHOP_VIOLATE_EVERY": str(every)}  # type: ignore[arg-type]
    ) as served:  # fmt: skip
        words = ["--mode", "gil", "--duration", str(seconds), "--output", folder, "--format", "json"]
        with loading(served.url, at_most=seconds * 2 + 60, concurrency=8) as loads:
            done = subprocess.run(
                [sys.executable, "-m", "asyncspy", "attach", "--pid", str(served.pid), *words],
                capture_output=True, text=True, timeout=seconds * 2 + 60, check=True,
            )  # fmt: skip
        (saved,) = Path(folder).iterdir()
        profile = read.load(saved)
    planted, report, load = frozenset(marked("planted")), json.loads(done.stdout), loads[0]
    recorded = report["origins"][0]["duration"]
    findings = [one["culprit"] for one in report["findings"] if one["kind"] == "async-unsafe"]
    right = [one for one in findings if _is(planted, one["file"], one["line"])]
    scores = {name: _score(profile, reading, planted) for name, reading in READINGS.items()}
    return Run(
        server,
        every,
        seconds,
        recorded,
        load.rate,
        load.statuses.get(500, 0) / load.seconds * recorded,
        sum(profile.stacks.values()),
        *({name: score[part] for name, score in scores.items()} for part in range(3)),
        bool(right),
        len(findings) - len(right),
    )


def _score(profile: Profile, reading: Reading, planted: frozenset[tuple[str, int]]) -> tuple[int, int, int]:
    """The samples held against the planted line, those held against others, and how many others."""
    blamed = [(frame, weight) for stack, weight in profile.stacks.items() if (frame := reading(stack)) is not None]
    right = sum(weight for frame, weight in blamed if _is(planted, frame.file, frame.line))
    wrong: set[Frame] = {frame for frame, _ in blamed if not _is(planted, frame.file, frame.line)}
    return right, sum(weight for _, weight in blamed) - right, len(wrong)


def _is(planted: frozenset[tuple[str, int]], file: str, line: int) -> bool:
    return any(line == number and file.endswith("/" + end) for end, number in planted)


def table(runs: list[Run]) -> Iterator[str]:
    """One line for each kind of run and reading."""
    yield (
        f"{'planted':12}{'seconds':>8}{'runs':>6}{'req/s':>7}{'violations':>11}  {'reading':25}"
        f"{'named it':>10}{'predicted':>10}{'samples':>9}{'predicted':>10}{'false alarms':>14}"
    )
    for every, seconds in sorted({(run.every, run.seconds) for run in runs}):
        group = [run for run in runs if (run.every, run.seconds) == (every, seconds)]
        mean = sum(run.violations for run in group) / len(group)
        rate = sum(run.requests for run in group) / len(group)
        for number, name in enumerate(READINGS):
            caught = sum(run.right[name] > 0 for run in group)
            chance = sum(1 - math.exp(-run.expected) for run in group)
            hits, expected = sum(run.right[name] for run in group), sum(run.expected for run in group)
            wrong = sum(run.wrong_lines[name] for run in group)
            head = f"{f'1 in {every}':12}{seconds:8}{len(group):6}{rate:7.0f}{mean:11.0f}" if not number else " " * 44
            told = f"{chance:10.1f}{hits:9}{expected:10.1f}" if name == "asyncspy" else f"{'':10}{hits:9}{'':10}"
            yield f"{head}  {name:25}{caught:7}/{len(group):<2}{told}{wrong:8} lines"


if __name__ == "__main__":
    main()
