"""Prints how often a rare violation is caught live: what asyncspy names, what grepping for the guard would, and chance.

    python -m benchmarks.catch_live --every 400 --seconds 180 --runs 2 --into catch.jsonl     add runs to the file
    python -m benchmarks.catch_live --every 400 --seconds 180 --runs 20 --fault first --pace 300
    python -m benchmarks.catch_live --from catch.jsonl                                        the table of all in it

Each run serves the shop anew, plants one violation in so many requests, records it under load, and knows from the
answers how many violations there were. `predicted` is what is to be expected of such a recording: the share of runs
that catch it, and the samples that show it. That follows from how long one violation is on the stack: as the runs with
a violation in every request tell where the file has some of that fault, else by asyncspy's own figure. With --allowed
DJANGO_ALLOW_ASYNC_UNSAFE lets the violations pass: each then runs its query, too, and is longer on the stack.
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
from urllib.parse import urljoin

from asyncspy import read
from asyncspy.analyse.confidence import SECONDS_ON_STACK
from asyncspy.model.stacks import Frame, Profile
from benchmarks.catch.cases import PROGRAM, marked
from benchmarks.catch.readings import READINGS, Reading
from tests.live.harness import loading, serving

RATE = 100
FAULTS = {"count": ("/", "planted"), "first": ("/account", "planted-first")}
"""The page with the fault, and the mark on its line: a short call, and one of the length that is common."""

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
    fault: str = "count"

    def expected(self, seconds_on_stack: float) -> float:
        """The samples that should show it."""
        return self.violations * seconds_on_stack * RATE


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--every", type=int, default=40)
    asked.add_argument("--seconds", type=int, default=30)
    asked.add_argument("--runs", type=int, default=1)
    asked.add_argument("--server", choices=SERVERS, default="gunicorn")
    asked.add_argument("--fault", choices=FAULTS, default="count")
    asked.add_argument("--allowed", action="store_true", help="with DJANGO_ALLOW_ASYNC_UNSAFE")
    asked.add_argument("--pace", type=float, help="requests a second; else as many as are answered")
    asked.add_argument("--into", type=Path, default=Path("catch.jsonl"))
    asked.add_argument("--from", dest="source", type=Path)
    given = asked.parse_args()
    if given.source is None:
        for _ in range(given.runs):
            run = measured(given.server, given.every, given.seconds, given.fault, given.pace, given.allowed)
            with given.into.open("a") as file:
                file.write(json.dumps(asdict(run)) + "\n")
            print(run, file=sys.stderr, flush=True)
    lines = (given.source or given.into).read_text().splitlines()
    print("\n".join(table([Run(**json.loads(line)) for line in lines])))


def measured(server: str, every: int, seconds: int, fault: str, pace: float | None, allowed: bool) -> Run:
    """Serve, load, attach, and compare with what was planted."""
    page, mark = FAULTS[fault]
    env = {"SHOP_VIOLATE_EVERY": str(every)} | ({"DJANGO_ALLOW_ASYNC_UNSAFE": "true"} if allowed else {})
    with tempfile.TemporaryDirectory() as folder, serving(
        PROGRAM, server=server, loop="uvloop", env=env  # type: ignore[arg-type]
    ) as served:  # fmt: skip
        words = ["--mode", "gil", "--duration", str(seconds), "--output", folder, "--format", "json"]
        with loading(urljoin(served.url, page), at_most=seconds * 2 + 60, concurrency=8, pace=pace) as loads:
            done = subprocess.run(
                [sys.executable, "-m", "asyncspy", "attach", "--pid", str(served.pid), *words],
                capture_output=True, text=True, timeout=seconds * 2 + 60, check=True,
            )  # fmt: skip
        (saved,) = Path(folder).iterdir()
        profile = read.load(saved)
    planted, report, load = frozenset(marked(mark)), json.loads(done.stdout), loads[0]
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
        (load.statuses[200] / every if allowed else load.statuses[500]) / load.seconds * recorded,
        sum(profile.stacks.values()),
        *({name: score[part] for name, score in scores.items()} for part in range(3)),
        bool(right),
        len(findings) - len(right),
        f"{fault}, allowed" if allowed else fault,
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
        f"{'planted':26}{'seconds':>8}{'runs':>6}{'req/s':>7}{'violations':>11}  {'reading':25}"
        f"{'named it':>10}{'predicted':>10}{'samples':>9}{'predicted':>17}{'false alarms':>14}"
    )
    for fault, every, seconds in sorted({(run.fault, run.every, run.seconds) for run in runs}):
        group = [run for run in runs if (run.fault, run.every, run.seconds) == (fault, every, seconds)]
        on_stack = _seconds_on_stack([run for run in runs if run.fault == fault])
        mean = sum(run.violations for run in group) / len(group)
        rate = sum(run.requests for run in group) / len(group)
        chance = sum(1 - math.exp(-run.expected(on_stack)) for run in group)
        expected = sum(run.expected(on_stack) for run in group)
        around = 1.96 * math.sqrt(expected)
        for number, name in enumerate(READINGS):
            caught = sum(run.right[name] > 0 for run in group)
            hits = sum(run.right[name] for run in group)
            wrong = sum(run.wrong_lines[name] for run in group)
            title = f"{fault}, 1 in {every}"
            head = f"{title:26}{seconds:8}{len(group):6}{rate:7.0f}{mean:11.0f}" if not number else " " * 58
            ours = name == "asyncspy"
            told = f"{chance:10.1f}{hits:9}{f'{expected:.1f} ±{around:.1f}':>17}" if ours else f"{'':10}{hits:9}{'':17}"
            yield f"{head}  {name:25}{caught:7}/{len(group):<2}{told}{wrong:8} lines"


def _seconds_on_stack(runs: list[Run]) -> float:
    """How long one violation shows the ORM: as the runs tell that are nothing but violations."""
    always = [run for run in runs if run.every == 1]
    violations = sum(run.violations for run in always)
    return sum(run.right["asyncspy"] for run in always) / violations / RATE if violations else SECONDS_ON_STACK


if __name__ == "__main__":
    main()
