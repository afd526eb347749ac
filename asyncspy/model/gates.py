"""Types for a gate in CI: its conditions, what is allowed until when, and what failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from asyncspy.model.findings import Finding
from asyncspy.model.hangs import Hang
from asyncspy.model.stacks import FindingKind

GateFigure = Literal["hop-share", "blocked-share", "lost-share"]
"""A share in an analysis that a gate can limit."""


class GateCondition(NamedTuple):
    """What makes a gate fail: findings of a kind, or a figure above a limit; `spelt` is what the user wrote."""

    spelt: str
    kind: FindingKind | None = None
    figure: GateFigure | None = None
    limit: float = 0.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """Findings that a gate lets pass on purpose: which, why, until which day (included). None matches anything."""

    reason: str
    expires: date
    file: str
    function: str | None = None
    call: str | None = None
    kind: FindingKind | None = None


class GateFailure(NamedTuple):
    """Why a gate failed: a condition, and the finding or hang that met it, or the lower 95% bound of the figure."""

    condition: GateCondition
    finding: Finding | None = None
    value: float | None = None
    hang: Hang | None = None


@dataclass(frozen=True, slots=True)
class GateResult:
    """The result of a gate, which passes if there are no failures.

    `known` findings are in the baseline too; `let_pass` are covered by an allowance; `expired` and `unused` allowances
    are past their day or match nothing.
    """

    failures: tuple[GateFailure, ...] = ()
    known: tuple[Finding, ...] = ()
    let_pass: tuple[tuple[Finding, Allowance], ...] = ()
    expired: tuple[Allowance, ...] = ()
    unused: tuple[Allowance, ...] = ()
