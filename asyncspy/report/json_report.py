"""Write an analysis, a comparison or a list of workers as JSON.

Reports and comparisons are the versioned contracts of schema/report-1.json and schema/diff-1.json: additions are
allowed, changes are not. Where a type of the model is in them as it is, its fields are the keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from asyncspy.report.view import View
from asyncspy.untrusted import to_json

if TYPE_CHECKING:
    from asyncspy.model.analysis import Analysis
    from asyncspy.model.comparisons import ComparedFinding, Comparison, FindingChange
    from asyncspy.model.findings import CodeShare, Culprit, Finding
    from asyncspy.model.hangs import Hang, WaitingThreads
    from asyncspy.model.processes import Diagnosis, Worker

SCHEMA_VERSION = 1


def render(analysis: Analysis, view: View) -> str:
    """The JSON report. File names stay as recorded; `root` is what the terminal shows them relative to."""
    hops, hangs = analysis.hops, [_hang(hang) for hang in analysis.hangs]
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "verdict": analysis.verdict,
        "samples": analysis.samples,
        "findings": [_finding(finding) for finding in analysis.findings],
        "inputs": analysis.inputs,
        "reach": analysis.reach,
        "origins": analysis.origins,
        "hops": None,
        "wall": analysis.wall,
        "root": view.root,
        "saved": view.saved,
    }
    if hops is not None:
        callers, work = ([_code_share(one) for one in shares] for shares in (hops.callers, hops.work))
        document["hops"] = {"samples": hops.samples, "share": hops.share, "callers": callers, "work": work}
    if hangs:  # the worst process, and all of them below it in the same form
        document["hang"] = {**hangs[0], "processes": hangs}
    return to_json(document)


def _finding(finding: Finding) -> dict[str, Any]:
    whole = sum(entry.weight for entry in finding.entries)
    entries = [
        {
            **entry.frame._asdict(),
            "kind": entry.kind,
            "weight": entry.weight,
            "share": entry.weight / whole if whole else 0.0,
        }
        for entry in finding.entries
    ]
    first = finding.entries[0] if finding.entries else None
    frame = first.frame if first else finding.culprit.frame
    return {
        "kind": finding.kind,
        "evidence": finding.evidence,
        "allowed": finding.allowed,
        "culprit": {
            **_line(finding.culprit),
            "distribution": finding.culprit.distribution,
            "by_name": finding.culprit.by_name,
        },
        "entry": {**frame._asdict(), "kind": first.kind if first else None},
        "entries": entries,
        "call": finding.call,
        "sink": finding.sink,
        "remedy": finding.remedies,
        "chain": finding.chain,
        "share": finding.share,
        "workers": finding.workers,
        "wait": finding.wait,
        "threads": finding.threads,
        "drags": finding.drags,
        "logged": finding.logged,
        "captured": finding.captured,
        "completed": finding.completed,
        **({"fleet": finding.fleet} if finding.fleet is not None else {}),
    }


def _code_share(share: CodeShare) -> dict[str, Any]:
    """What has no frame has a function of null."""
    frame = share.frame._asdict() if share.frame is not None else {"function": None, "file": "", "line": 0}
    return {**frame, "package": share.package, "weight": share.weight}


def _line(culprit: Culprit) -> dict[str, Any]:
    return {**culprit.frame._asdict(), "package": culprit.package}


def _hang(hang: Hang) -> dict[str, Any]:
    return {
        "pid": hang.pid,
        "verdict": hang.verdict,
        "certain": hang.certain,
        "grounds": hang.grounds,
        "culprits": [
            {**_line(one.culprit), "waits_for": one.kind, "role": one.role, "receiver": one.receiver}
            for one in hang.culprits
        ],
        "waits": [_waiting(waiting) for waiting in hang.waits],
        "known": hang.known,
        "now": hang.now,
        "later": hang.later,
        "watch_seconds": hang.watch,
        "looks": hang.looks,
        "seconds": hang.seconds,
        "paused_seconds": hang.paused,
        "idle_threads": hang.idle_threads,
        "coroutines": [{**tasks._asdict(), "line": _line(tasks.line)} for tasks in hang.awaiting],
        "other_tasks": hang.other_tasks,
        "no_tasks": hang.no_tasks,
    }


def _waiting(waiting: WaitingThreads) -> dict[str, Any]:
    return {
        "role": waiting.role,
        "threads": waiting.threads,
        "waits_for": waiting.kind,
        "on": waiting.on,
        "line": _line(waiting.line),
        "frames": waiting.frames,
        "looks": waiting.looks,
        "still": waiting.still,
        "timed": waiting.timed,
        "seconds": waiting.seconds,
        "receiver": waiting.receiver,
    }


def render_comparison(comparison: Comparison, view: View) -> str:
    """The comparison; file names stay as recorded."""
    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "before": _recording(comparison.before),
            "after": _recording(comparison.after),
            "differences": [_change(change) for change in comparison.differences],
            "load": comparison.load,
            "left_out": comparison.left_out,
            "root": view.root,
        }
    )


def _recording(analysis: Analysis) -> dict[str, Any]:
    return {name: getattr(analysis, name) for name in ("verdict", "samples", "inputs", "origins")}


def _change(change: FindingChange) -> dict[str, Any]:
    return {
        "change": change.change,
        "kind": change.finding.kind,
        **_line(change.finding.culprit),
        "call": change.finding.call,
        "moved": change.moved,
        "before": _side(change.before),
        "after": _side(change.after),
        "chance": change.chance,
        "needed_seconds": change.needed_seconds,
        "doubt": change.doubt,
        "work_before": change.work_before,
        "work_after": change.work_after,
    }


def _side(side: ComparedFinding | None) -> dict[str, Any] | None:
    if side is None:
        return None
    line = {"file": side.culprit.frame.file, "line": side.culprit.frame.line}
    return {**line, "samples": side.samples, "share": side.share, "logged": side.logged, "exact": side.exact}


def workers_as_json(workers: Sequence[Worker]) -> str:
    """A list of objects, one for each process, with the model's fields."""
    return to_json(workers)


def diagnosis_as_json(diagnosis: Diagnosis) -> str:
    """One object with the model's fields."""
    return to_json(diagnosis)
