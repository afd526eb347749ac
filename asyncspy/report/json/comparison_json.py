"""A comparison to JSON: the versioned contract of schema/diff-1.json; additions are allowed, changes are not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from asyncspy.model.analysis import Analysis
from asyncspy.model.comparisons import ComparedFinding, Comparison, FindingChange
from asyncspy.report.view import View
from asyncspy.untrusted import to_json

SCHEMA_VERSION = 1


def render(comparison: Comparison, view: View) -> str:
    """The comparison; file names stay as recorded."""
    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "before": _recording(comparison.before),
            "after": _recording(comparison.after),
            "differences": [_difference(difference) for difference in comparison.differences],
            "load": comparison.load,
            "left_out": list(comparison.left_out),
            "root": view.root,
        }
    )


def _recording(analysis: Analysis) -> dict[str, Any]:
    return {
        "verdict": analysis.verdict,
        "samples": asdict(analysis.samples),
        "inputs": [asdict(read) for read in analysis.inputs],
        "origins": [asdict(origin) for origin in analysis.origins],
    }


def _difference(difference: FindingChange) -> dict[str, Any]:
    finding = difference.finding
    return {
        "change": difference.change,
        "kind": finding.kind,
        "function": finding.culprit.frame.function,
        "file": finding.culprit.frame.file,
        "line": finding.culprit.frame.line,
        "package": finding.culprit.package,
        "call": finding.call,
        "moved": difference.moved,
        "before": _side(difference.before),
        "after": _side(difference.after),
        "chance": difference.chance,
        "needed_seconds": difference.needed_seconds,
        "doubt": difference.doubt,
        "work_before": difference.work_before,
        "work_after": difference.work_after,
    }


def _side(side: ComparedFinding | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "file": side.culprit.frame.file,
        "line": side.culprit.frame.line,
        "samples": side.samples,
        "share": side.share._asdict() if side.share is not None else None,
        "logged": side.logged,
        "exact": side.exact,
    }
