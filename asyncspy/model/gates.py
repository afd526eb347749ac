"""What is asked of an analysis in CI, what is allowed until when, and what failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from asyncspy.model.findings import Finding
from asyncspy.model.hangs import Hang
from asyncspy.model.stacks import FindingKind

GateFigure = Literal["hop-share", "blocked-share", "lost-share"]
"""A share of an analysis that a gate can hold to a limit."""


class GateCondition(NamedTuple):
    """What a gate must not let pass: findings of a kind, or a figure above a limit; `spelt` as the user wrote it."""

    spelt: str
    kind: FindingKind | None = None
    figure: GateFigure | None = None
    limit: float = 0.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """Findings that a gate lets pass on purpose: which, why, until when (that day included). None matches anything."""

    reason: str
    expires: date
    file: str
    function: str | None = None
    call: str | None = None
    kind: FindingKind | None = None


class GateFailure(NamedTuple):
    """Why a gate is closed: a condition, and the finding that met it, or the least that the figure can be (95%)."""

    condition: GateCondition
    finding: Finding | None = None
    value: float | None = None
    hang: Hang | None = None


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a gate says: it is open where nothing fails.

    `known` findings are in the baseline too; `let_pass` are those that an allowance covers; `expired` and `unused` are
    allowances that no longer work, or match nothing.
    """

    failures: tuple[GateFailure, ...] = ()
    known: tuple[Finding, ...] = ()
    let_pass: tuple[tuple[Finding, Allowance], ...] = ()
    expired: tuple[Allowance, ...] = ()
    unused: tuple[Allowance, ...] = ()
