"""What is kept of workers that ended long ago gives the findings that all of it gave; only lines nobody changes go."""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from typing import Any

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.ownership import is_framework
from asyncspy.model import Analysis, Finding, Frame
from asyncspy.read import load, of_document
from asyncspy.sample.joined import Table

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECORDED = sorted(
    path for folder in ("recordings", "matrix", "hops") for path in FIXTURES.glob(f"{folder}/**/*.speedscope.json")
)


def shortened(path: Path) -> dict[str, Any]:
    """This recording, as if all of its processes had ended long ago."""
    document = json.loads(path.read_text())
    table = Table(is_framework)
    profiles = [
        {**one, "samples": [array("I", table.shortened(array("I", places).tobytes())) for places in one["samples"]]}
        for one in table.moved(document)
    ]
    return {**document, "profiles": profiles, "shared": {"frames": table.frames}}


def told(analysis: Analysis) -> tuple[object, ...]:
    """All that it says, without lines that are nobody's to change.

    Nor is told which of several chains is shown, and where that one ends: of equals it is the first by its lines.
    """
    findings = sorted(_told(one) for one in (*analysis.findings, *analysis.faint))
    return analysis.verdict, analysis.samples, analysis.hops, analysis.wall, findings


def _told(finding: Finding) -> str:
    entries = sorted((one.kind, _lineless(one.frame), one.weight) for one in finding.entries)
    culprit = _lineless(finding.culprit.frame), finding.culprit.package
    figures = finding.evidence, finding.share, finding.allowed, finding.workers
    return repr((finding.kind, culprit, finding.call, entries, figures, finding.remedies))


def _lineless(frame: Frame) -> Frame:
    return frame._replace(line=0) if is_framework(frame.file) else frame


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: str(path.relative_to(FIXTURES)))
def test_no_finding_changes(path: Path) -> None:
    whole, short = load(path), of_document(shortened(path), path)
    assert short.total == whole.total
    assert len(short.stacks) <= len(whole.stacks)
    assert told(analyse(short)) == told(analyse(whole))
    if whole.waits is not None and short.waits is not None:
        assert told(analyse(short.waits, beside=short)) == told(analyse(whole.waits, beside=whole))
