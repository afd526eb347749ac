"""Types for a comparison of two recordings, BEFORE and AFTER: what became of each finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Culprit, Finding, Interval
from asyncspy.model.stacks import SamplingMode
from asyncspy.model.waiting import WaitingLine

ChangeKind = Literal["new", "more", "same", "less", "gone", "not-seen-before", "not-seen-yet"]
"""What became of a finding. The `not-seen` kinds are in one recording only, which chance may explain."""

DoubtReason = Literal["entry-not-seen", "not-sampled"]
"""Why nothing is concluded: no entry of it was used in AFTER; or it is only known from logs."""


@dataclass(frozen=True, slots=True)
class ComparedFinding:
    """A finding in one of the two recordings: its culprit, its samples, and their share of what was watched."""

    culprit: Culprit
    samples: int
    share: Interval | None = None
    logged: int = 0
    exact: int = 0


@dataclass(frozen=True, slots=True)
class FindingChange:
    """What became of one finding, and the probability that chance alone makes the two recordings differ like this.

    `finding` is AFTER's if it is there. `chance` allows for the number of findings compared. `needed_seconds` is how
    long an AFTER without the finding must be, at its rate and load, to prove that it is gone. `work_before` and
    `work_after` are the samples of other work that it is compared with.
    """

    change: ChangeKind
    finding: Finding
    before: ComparedFinding | None
    after: ComparedFinding | None
    chance: float | None = None
    needed_seconds: float | None = None
    doubt: DoubtReason | None = None
    work_before: int = 0
    work_after: int = 0

    @property
    def moved(self) -> bool:
        """Whether the same call of the same function is now on another line."""
        return bool(self.before and self.after and self.before.culprit.frame.line != self.after.culprit.frame.line)


class WaitingChange(NamedTuple):
    """What became of a line that waits: its share of all waits in each, and the probability that chance explains it."""

    change: ChangeKind
    line: WaitingLine
    before: Interval | None
    after: Interval | None
    chance: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two recordings of one app, compared.

    `load` is AFTER's work per second relative to BEFORE's, in the modes that both have; `left_out` are other modes.
    `waiting` is what became of the lines that wait, where a hook looked at the tasks of both.
    """

    before: Analysis
    after: Analysis
    differences: tuple[FindingChange, ...]
    load: float | None = None
    left_out: tuple[SamplingMode, ...] = ()
    waiting: tuple[WaitingChange, ...] = ()
