"""The whole answer to one recording, or to several."""

from __future__ import annotations

from dataclasses import dataclass, field

from asyncspy.model.findings import Finding, Flame, Hops, Reach, Samples, Verdict, Wall
from asyncspy.model.hangs import Hang
from asyncspy.model.stacks import Input, Origin


@dataclass(frozen=True, slots=True)
class Analysis:
    """The whole answer: what every report is made from."""

    verdict: Verdict
    samples: Samples
    findings: tuple[Finding, ...] = ()
    reach: Reach = field(default_factory=Reach)
    origins: tuple[Origin, ...] = ()
    inputs: tuple[Input, ...] = ()
    hops: Hops | None = None
    wall: Wall | None = None
    hangs: tuple[Hang, ...] = ()
    """Of each process that was dumped, worst first."""
    faint: tuple[Finding, ...] = ()
    """What is too weak to be a finding: only a comparison asks, whether it is gone or merely less."""
    flames: tuple[Flame, ...] = ()
    """What the loops ran, and where they waited, as trees; only made where pictures are drawn of them."""
