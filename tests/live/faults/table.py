"""A fault and what is to be found afterwards: the rows of the table, and what more than words they are held to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import psutil

from tests.live.faults.scene import Outcome, Scene

Provoke = Callable[[Scene], None]


@dataclass(frozen=True)
class Fault:
    """What is done, and what is to be found afterwards."""

    provoke: Provoke
    code: int
    says: str
    target: str = "runs"
    saved: bool = True
    kept: bool = False
    also: Callable[[Outcome], bool] = lambda _: True
    unless: tuple[str, int] | None = None
    """Where it is chance what comes first: the words that say that nothing was recorded, and the exit code then."""

    def expected(self, said: str) -> Fault:
        """What is to be found, where this was said."""
        if self.unless is None or not re.search(self.unless[0], said):
            return self
        return replace(self, code=self.unless[1], saved=False, also=lambda _: True)


FAULTS: dict[str, Fault] = {}


def samples(outcome: Outcome) -> bool:
    """Whether what had been recorded by then is in the report."""
    return outcome.report is not None and outcome.report["samples"]["total"] > 0


def fell_behind(outcome: Outcome) -> bool:
    return samples(outcome) and origin(outcome)["late_seconds"] >= 1


def ends_after_it_starts(outcome: Outcome) -> bool:
    return samples(outcome) and origin(outcome)["ended_at"] > origin(outcome)["started_at"]


def origin(outcome: Outcome) -> dict[str, Any]:
    assert outcome.report is not None
    found: dict[str, Any] = outcome.report["origins"][0]
    return found


def two_workers(outcome: Outcome) -> bool:
    return outcome.report is not None and len({one["target"]["pid"] for one in outcome.report["origins"]}) > 1


def fault(
    name: str,
    code: int,
    says: str = "",
    *,
    target: str = "runs",
    saved: bool = True,
    kept: bool = False,
    also: Callable[[Outcome], bool] = lambda _: True,
    unless: tuple[str, int] | None = None,
) -> Callable[[Provoke], Provoke]:
    """Add a row to the table."""

    def add(provoke: Provoke) -> Provoke:
        FAULTS[name] = Fault(provoke, code, says, target, saved, kept, also, unless)
        return provoke

    return add


def started(one: Scene, **how: object) -> psutil.Process:
    """A recording that is under way."""
    one.spin()
    one.start(**how)  # type: ignore[arg-type]
    return one.sampled()
