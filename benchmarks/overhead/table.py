"""Measurements to a table: each profiler beside none and beside bare py-spy, with what chance alone may have done.

A round's figures are compared with each other only: what the machine did meanwhile, it did to all of them.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

RESAMPLES = 4000


@dataclass(frozen=True)
class Row:
    """One profiler in one round: at half the load, then at all that the server can take."""

    server: str
    profiler: str
    round: str
    pace: float
    seconds: float
    p50: float
    p99: float
    failed: int
    rate: float
    p50_full: float
    p99_full: float
    cpu: dict[str, float]
    memory: dict[str, int]


class Beside(NamedTuple):
    """How many times as much as another one in the same round: the median of the rounds, and its 95% interval.

    A shared machine now and then stands still for a second, under any profiler and under none: a mean would be of that.
    """

    ratio: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.ratio:5.2f} ({self.low:.2f}–{self.high:.2f})"


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Every server's figures."""
    for server in dict.fromkeys(row.server for row in rows):
        of_server = [row for row in rows if row.server == server]
        rounds = len({row.round for row in of_server})
        paces = sorted({round(row.pace) for row in of_server})
        failed = sum(row.failed for row in of_server)
        yield f"{server}: {rounds} rounds; half load {paces[0]}–{paces[-1]} requests/s; {failed} requests failed"
        yield f"{'':20}{'at half load':>56}{'saturated':>29}{'its own CPU':>16}{'memory':>7}"
        yield (
            f"{'':20}{'p50 ms':>8}{'times none':>20}{'p99 ms':>8}{'times none':>20}{'req/s':>9}{'times none':>20}"
            f"{'asyncspy':>9}{'sampler':>8}{'MiB':>6}"
        )
        for name in profilers(of_server):
            yield _line(name, of_server)
        yield ""
        for name in ("attach, 100 Hz", "Austin, 100 Hz"):
            if not math.isnan(beside(of_server, name, "py-spy, 100 Hz", "rate").ratio):
                parts = [f"{what} {beside(of_server, name, 'py-spy, 100 Hz', field)}" for field, what in FIELDS.items()]
                yield f"{name}, times bare py-spy at 100 Hz: {'; '.join(parts)}"
        yield ""


FIELDS = {"p50": "p50", "p99": "p99", "rate": "requests/s"}


def profilers(rows: Sequence[Row]) -> list[str]:
    """In the order that they are listed in."""
    order = ["none", "attach, 25 Hz", "attach, 50 Hz", "attach, 100 Hz", "py-spy, 100 Hz"]
    return sorted({row.profiler for row in rows}, key=lambda name: (order.index(name) if name in order else 9, name))


def _line(name: str, rows: Sequence[Row]) -> str:
    own = [row for row in rows if row.profiler == name]
    p50, p99, rate = (statistics.median(getattr(row, field) for row in own) for field in ("p50", "p99", "rate"))
    sampler = statistics.mean(sum(v for k, v in row.cpu.items() if k not in OURS) for row in own)
    ours = statistics.mean(sum(v for k, v in row.cpu.items() if k in OURS) for row in own)
    memory = max((row.memory.get("asyncspy", 0) for row in own), default=0) / 2**20
    costs = f"{ours:9.1%}{sampler:8.1%}{memory:6.0f}" if any(row.cpu for row in own) else ""
    return (
        f"{name:20}{p50:8.1f}{beside(rows, name, 'none', 'p50')!s:>20}"
        f"{p99:8.1f}{beside(rows, name, 'none', 'p99')!s:>20}{rate:9.0f}"
        f"{beside(rows, name, 'none', 'rate')!s:>20}{costs}"
    )


OURS = {"asyncspy"}


def beside(rows: Sequence[Row], name: str, other: str, field: str) -> Beside:
    """Compared round by round; the interval comes from drawing the rounds again and again."""
    of = {(row.round, row.profiler): getattr(row, field) for row in rows}
    ratios = [
        of[number, name] / of[number, other]
        for number in dict.fromkeys(row.round for row in rows)
        if (number, name) in of and (number, other) in of
    ]
    if not ratios:
        return Beside(math.nan, math.nan, math.nan)
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    return Beside(statistics.median(ratios), medians[int(0.025 * RESAMPLES)], medians[int(0.975 * RESAMPLES)])
