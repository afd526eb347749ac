"""An analysis to JSON: the versioned contract of schema/report-1.json; additions are allowed, changes are not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import CodeShare, Culprit, DetectionLimit, Entry, Finding, FleetSpread, HopCosts, Interval
from asyncspy.model.stacks import Frame
from asyncspy.report.json import hang_json
from asyncspy.report.view import View
from asyncspy.untrusted import to_json

SCHEMA_VERSION = 1


def render(analysis: Analysis, view: View) -> str:
    """The JSON report. File names stay as recorded; `root` is what the terminal shows them relative to."""
    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "verdict": analysis.verdict,
            "samples": asdict(analysis.samples),
            "findings": [_finding(finding) for finding in analysis.findings],
            "inputs": [asdict(read) for read in analysis.inputs],
            "reach": _reach(analysis.reach),
            "origins": [asdict(origin) for origin in analysis.origins],
            "hops": _hops(analysis.hops),
            "wall": asdict(analysis.wall) if analysis.wall is not None else None,
            "root": view.root,
            "saved": view.saved,
            **({"hang": hang_json.worst(analysis.hangs)} if analysis.hangs else {}),
        }
    )


def _finding(finding: Finding) -> dict[str, Any]:
    entries = [_entry(entry, finding) for entry in finding.entries]
    return {
        "kind": finding.kind,
        "evidence": asdict(finding.evidence),
        "allowed": finding.allowed,
        "culprit": _culprit(finding.culprit),
        "entry": {**_frame(finding.entries[0].frame), "kind": finding.entries[0].kind}
        if finding.entries
        else {**_frame(finding.culprit.frame), "kind": None},
        "entries": entries,
        "call": finding.call,
        "sink": finding.sink,
        "remedy": [asdict(remedy) for remedy in finding.remedies],
        "chain": [link._asdict() for link in finding.chain],
        "share": _share(finding.share),
        "workers": [{**one._asdict(), "share": _share(one.share)} for one in finding.workers],
        "wait": asdict(finding.wait) if finding.wait is not None else None,
        "threads": finding.threads,
        "drags": finding.drags,
        "logged": finding.logged._asdict() if finding.logged is not None else None,
        "captured": finding.captured._asdict() if finding.captured is not None else None,
        "completed": finding.completed,
        **({"fleet": _fleet(finding.fleet)} if finding.fleet is not None else {}),
    }


def _fleet(fleet: FleetSpread) -> dict[str, Any]:
    groups = [{**one._asdict(), "share": _share(one.share)} for one in fleet.groups]
    return {**fleet._asdict(), "groups": groups}


def _reach(reach: DetectionLimit) -> dict[str, Any]:
    return {**asdict(reach), "needed": [needed._asdict() for needed in reach.needed]}


def _share(share: Interval | None) -> dict[str, Any] | None:
    return share._asdict() if share is not None else None


def _hops(hops: HopCosts | None) -> dict[str, Any] | None:
    if hops is None:
        return None
    return {
        "samples": hops.samples,
        "share": _share(hops.share),
        "callers": [_portion(portion) for portion in hops.callers],
        "work": [_portion(portion) for portion in hops.work],
    }


def _portion(portion: CodeShare) -> dict[str, Any]:
    """What has no frame has a function of null."""
    frame = _frame(portion.frame) if portion.frame is not None else {"function": None, "file": "", "line": 0}
    return {**frame, "package": portion.package, "weight": portion.weight}


def _frame(frame: Frame) -> dict[str, Any]:
    return frame._asdict()


def _culprit(culprit: Culprit) -> dict[str, Any]:
    distribution = culprit.distribution._asdict() if culprit.distribution is not None else None
    return {
        **_frame(culprit.frame),
        "package": culprit.package,
        "distribution": distribution,
        "by_name": culprit.by_name,
    }


def _entry(entry: Entry, finding: Finding) -> dict[str, Any]:
    whole = sum(each.weight for each in finding.entries)
    share = entry.weight / whole if whole else 0.0
    return {**_frame(entry.frame), "kind": entry.kind, "weight": entry.weight, "share": share}
