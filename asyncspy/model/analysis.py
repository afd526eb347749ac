"""The result of analysing one or several recordings, from which every report is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from asyncspy.model.findings import CodeShare, DetectionLimit, Finding, HopCosts, LoopTime, SampleCounts
from asyncspy.model.hangs import Hang
from asyncspy.model.observed import LoopLateness
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, InputFile, Origin
from asyncspy.model.waiting import Waiting

AnalysisVerdict = Literal["violations", "none-seen", "no-data"]
"""Whether async-unsafe calls on the loop were found; `no-data`: nothing in the recording could have shown one."""


class FlameBox(NamedTuple):
    """One box of a flame graph: `start` is how many samples lie to the left of it, `depth` 0 is the root's.

    `finding` is the index of the finding that most of its samples belong to, if the box is that finding's culprit or
    above it; `towards` is how many of its samples belong to any finding.
    """

    depth: int
    start: int
    samples: int
    frame: Frame
    package: str | None
    finding: int | None = None
    towards: int = 0


@dataclass(frozen=True, slots=True)
class FlameGraph:
    """What the event loops ran, without the loop's own frames; a box's children follow it, from left to right.

    `samples` is the width of the whole; `idle` are those left out since the loop waited for work. Boxes too narrow to
    be seen are not in `rows`. `waits`: it shows where the loops waited, too. `of_tasks`: it shows where tasks wait; a
    sample is a thousandth of a task.
    """

    rows: tuple[FlameBox, ...]
    samples: int
    idle: int = 0
    waits: bool = False
    of_tasks: bool = False


class AppImport(NamedTuple):
    """The import of the app, where it is all that was seen of so many processes; `line` is the line most seen at it."""

    processes: int
    samples: int
    line: CodeShare | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result of an analysis.

    `target` is the process that was recorded, None where there were several in different folders; `django` the version
    that all targets run, None where it is not known or differs. `reach` is its detection limit, `wall` what the loops
    did with their time. `hangs` has one entry for each process that was dumped, worst first. `faint` findings are too
    weak to report; a comparison needs them to tell whether one is gone or merely rarer. `flames` are only made if
    pictures are drawn. `app_import` is set where the processes did nothing but import their app. `lateness` is how late
    each loop was, and `waiting` where its tasks waited, where a hook measured that.
    """

    verdict: AnalysisVerdict
    samples: SampleCounts
    findings: tuple[Finding, ...] = ()
    reach: DetectionLimit = field(default_factory=DetectionLimit)
    origins: tuple[Origin, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    target: Worker | None = None
    django: str | None = None
    hops: HopCosts | None = None
    wall: LoopTime | None = None
    hangs: tuple[Hang, ...] = ()
    faint: tuple[Finding, ...] = ()
    flames: tuple[FlameGraph, ...] = ()
    app_import: AppImport | None = None
    lateness: tuple[LoopLateness, ...] = ()
    waiting: Waiting | None = None
