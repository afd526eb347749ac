"""Write an analysis, a comparison or a list of workers as JSON.

Reports and comparisons are the versioned contracts of schema/report-1.json and schema/diff-1.json: additions are
allowed, changes are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from asyncspy.report.view import View
from asyncspy.untrusted import to_json

if TYPE_CHECKING:
    from asyncspy.model.analysis import Analysis
    from asyncspy.model.comparisons import ComparedFinding, Comparison, FindingChange
    from asyncspy.model.findings import (
        CodeShare,
        Culprit,
        DetectionLimit,
        Entry,
        Finding,
        FleetSpread,
        HopCosts,
        Interval,
    )
    from asyncspy.model.hangs import AwaitingTasks, Hang, WaitingThreads
    from asyncspy.model.processes import Diagnosis, Worker

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
            "reach": _limit(analysis.reach),
            "origins": [asdict(origin) for origin in analysis.origins],
            "hops": _hops(analysis.hops),
            "wall": asdict(analysis.wall) if analysis.wall is not None else None,
            "root": view.root,
            "saved": view.saved,
            **({"hang": _worst_hang(analysis.hangs)} if analysis.hangs else {}),
        }
    )


def _finding(finding: Finding) -> dict[str, Any]:
    first = finding.entries[0] if finding.entries else None
    entry = first.frame if first else finding.culprit.frame
    return {
        "kind": finding.kind,
        "evidence": asdict(finding.evidence),
        "allowed": finding.allowed,
        "culprit": _culprit(finding.culprit),
        "entry": {**entry._asdict(), "kind": first.kind if first else None},
        "entries": [_entry(entry, finding) for entry in finding.entries],
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


def _limit(limit: DetectionLimit) -> dict[str, Any]:
    return {**asdict(limit), "needed": [needed._asdict() for needed in limit.needed]}


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
    frame = portion.frame._asdict() if portion.frame is not None else {"function": None, "file": "", "line": 0}
    return {**frame, "package": portion.package, "weight": portion.weight}


def _culprit(culprit: Culprit) -> dict[str, Any]:
    distribution = culprit.distribution._asdict() if culprit.distribution is not None else None
    return {**_line(culprit), "distribution": distribution, "by_name": culprit.by_name}


def _line(culprit: Culprit) -> dict[str, Any]:
    return {**culprit.frame._asdict(), "package": culprit.package}


def _entry(entry: Entry, finding: Finding) -> dict[str, Any]:
    whole = sum(each.weight for each in finding.entries)
    share = entry.weight / whole if whole else 0.0
    return {**entry.frame._asdict(), "kind": entry.kind, "weight": entry.weight, "share": share}


def _worst_hang(hangs: Sequence[Hang]) -> dict[str, Any]:
    """The worst process, and all processes below it in the same form."""
    processes = [_hang(hang) for hang in hangs]
    return {**processes[0], "processes": processes}


def _hang(hang: Hang) -> dict[str, Any]:
    return {
        "pid": hang.pid,
        "verdict": hang.verdict,
        "certain": hang.certain,
        "grounds": list(hang.grounds),
        "culprits": [
            {**_line(each.culprit), "waits_for": each.kind, "role": each.role, "receiver": each.receiver}
            for each in hang.culprits
        ],
        "waits": [_waiting(each) for each in hang.waits],
        "known": list(hang.known),
        "now": [action._asdict() for action in hang.now],
        "later": [asdict(remedy) for remedy in hang.later],
        "watch_seconds": hang.watch,
        "looks": hang.looks,
        "seconds": hang.seconds,
        "paused_seconds": hang.paused,
        "idle_threads": hang.idle_threads,
        "coroutines": [_awaiting(each) for each in hang.awaiting],
        "other_tasks": hang.other_tasks,
        "no_tasks": hang.no_tasks,
    }


def _waiting(waiting: WaitingThreads) -> dict[str, Any]:
    return {
        "role": waiting.role,
        "threads": list(waiting.threads),
        "waits_for": waiting.kind,
        "on": list(waiting.on),
        "line": _line(waiting.line),
        "frames": [link._asdict() for link in waiting.frames],
        "looks": waiting.looks,
        "still": waiting.still,
        "timed": waiting.timed,
        "seconds": waiting.seconds,
        "receiver": waiting.receiver,
    }


def _awaiting(awaiting: AwaitingTasks) -> dict[str, Any]:
    return {
        "tasks": list(awaiting.tasks),
        "line": _line(awaiting.line),
        "frames": [link._asdict() for link in awaiting.frames],
        "awaited_by": list(awaiting.awaited_by),
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


def _change(change: FindingChange) -> dict[str, Any]:
    finding = change.finding
    return {
        "change": change.change,
        "kind": finding.kind,
        **_line(finding.culprit),
        "call": finding.call,
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
    return {
        "file": side.culprit.frame.file,
        "line": side.culprit.frame.line,
        "samples": side.samples,
        "share": _share(side.share),
        "logged": side.logged,
        "exact": side.exact,
    }


def workers_as_json(workers: Sequence[Worker]) -> str:
    """A list of objects, one for each process, with the model's fields."""
    return to_json([asdict(worker) for worker in workers])


def diagnosis_as_json(diagnosis: Diagnosis) -> str:
    """One object with the model's fields."""
    return to_json(asdict(diagnosis))
