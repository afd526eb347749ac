"""The whole answer to one recording, or to several."""

from __future__ import annotations

from dataclasses import dataclass, field

from asyncspy.model.findings import DetectionLimit, Finding, Flame, Hops, LoopTime, SampleCounts, Verdict
from asyncspy.model.hangs import Hang
from asyncspy.model.stacks import InputFile, Origin


@dataclass(frozen=True, slots=True)
class Analysis:
    """The whole answer: what every report is made from."""

    verdict: Verdict
    samples: SampleCounts
    findings: tuple[Finding, ...] = ()
    reach: DetectionLimit = field(default_factory=DetectionLimit)
    origins: tuple[Origin, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    hops: Hops | None = None
    wall: LoopTime | None = None
    hangs: tuple[Hang, ...] = ()
    """Of each process that was dumped, worst first."""
    faint: tuple[Finding, ...] = ()
    """What is too weak to be a finding: only a comparison asks, whether it is gone or merely less."""
    flames: tuple[Flame, ...] = ()
    """What the loops ran, and where they waited, as trees; only made where pictures are drawn of them."""
