"""The whole answer to one recording, or to several."""

from __future__ import annotations

from dataclasses import dataclass, field

from asyncspy.model.findings import (
    AnalysisVerdict,
    DetectionLimit,
    Finding,
    FlameGraph,
    HopCosts,
    LoopTime,
    SampleCounts,
)
from asyncspy.model.hangs import Hang
from asyncspy.model.stacks import InputFile, Origin


@dataclass(frozen=True, slots=True)
class Analysis:
    """The whole answer: what every report is made from."""

    verdict: AnalysisVerdict
    samples: SampleCounts
    findings: tuple[Finding, ...] = ()
    reach: DetectionLimit = field(default_factory=DetectionLimit)
    origins: tuple[Origin, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    hops: HopCosts | None = None
    wall: LoopTime | None = None
    hangs: tuple[Hang, ...] = ()
    """Of each process that was dumped, worst first."""
    faint: tuple[Finding, ...] = ()
    """What is too weak to be a finding: only a comparison asks, whether it is gone or merely less."""
    flames: tuple[FlameGraph, ...] = ()
    """What the loops ran, and where they waited, as trees; only made where pictures are drawn of them."""
