"""What is kept of workers that ended long ago gives the findings that all of it gave, also beside what is whole."""

from __future__ import annotations

import json
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.stacks.ownership import lineless_files
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.read import load, profile_of_document
from asyncspy.recording.pass_samples import SharedFrames

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECORDED = sorted([*FIXTURES.glob("recordings/*.speedscope.json"), *FIXTURES.glob("matrix/*.speedscope.json")])
RECORDED += sorted(FIXTURES.glob("hops/*.json"))


def shortened(path: Path, every: int) -> dict[str, Any]:
    """This recording, as if every sample, or every second one, were of a process that ended long ago."""
    document = json.loads(path.read_text())
    table = SharedFrames(lineless_files())
    profiles = table.renumber(document)
    for profile in profiles:
        packed = [array("I", places).tobytes() for places in profile["samples"]]
        profile["samples"] = [
            array("I", places if number % every else table.shorten(places)) for number, places in enumerate(packed)
        ]
    return {**document, "profiles": profiles, "shared": {"frames": table.frames}}


def told(analysis: Analysis) -> tuple[object, ...]:
    """All that it says, but which of several chains is shown, and where it ends: of equals the first by its lines."""
    findings = sorted(map(_told, (*analysis.findings, *analysis.faint)))
    return analysis.verdict, analysis.samples, analysis.hops, analysis.wall, findings


def _told(finding: Finding) -> str:
    culprit = finding.culprit
    if finding.kind == "pool-saturated" and culprit.package is not None:  # it is the pool's, whatever stands in it
        culprit = replace(culprit, frame=culprit.frame._replace(line=0))
    return repr(replace(finding, chain=(), sink="", culprit=culprit))


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: str(path.relative_to(FIXTURES)))
def test_no_finding_changes(path: Path, every: int) -> None:
    whole, short = load(path), profile_of_document(shortened(path, every), path)
    assert short.total == whole.total
    assert told(analyse(short)) == told(analyse(whole))
