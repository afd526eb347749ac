"""What became of each finding from one recording to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Culprit, Finding, Interval
from asyncspy.model.stacks import SamplingMode

ChangeKind = Literal["new", "more", "same", "less", "gone", "not-seen-before", "not-seen-yet"]
"""What became of a finding. The `not-seen` ones are on one side only, and chance may explain it."""

DoubtReason = Literal["entry-not-seen", "not-sampled"]
"""Why nothing is concluded: no way to it was taken in AFTER; or nothing but logs tell of it."""


@dataclass(frozen=True, slots=True)
class ComparedFinding:
    """One finding in one of two recordings: where it stands, its samples, and their share of what was watched."""

    culprit: Culprit
    samples: int
    share: Interval | None = None
    logged: int = 0
    exact: int = 0


@dataclass(frozen=True, slots=True)
class FindingChange:
    """What became of one finding, and the probability that chance alone makes the two recordings differ so.

    `finding` is AFTER's where it is there. `chance` allows for all the findings that were compared beside it;
    `needed_seconds` is how long an AFTER without it must last, at its rate and load, to prove that it is gone.
    `work_before` and `work_after` are the samples of other work that it is held against.
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
        """Whether the same call of the same function now stands on another line."""
        return bool(self.before and self.after and self.before.culprit.frame.line != self.after.culprit.frame.line)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two recordings of one app. `load` is the work per second of AFTER, of each part that both have, to BEFORE's.

    `left_out` are the modes that only one of the two was recorded in.
    """

    before: Analysis
    after: Analysis
    differences: tuple[FindingChange, ...]
    load: float | None = None
    left_out: tuple[SamplingMode, ...] = ()
