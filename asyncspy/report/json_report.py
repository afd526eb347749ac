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
    from asyncspy.model.comparisons import ComparedFinding, Comparison, FindingChange, WaitingChange
    from asyncspy.model.findings import CodeShare, Culprit, Finding
    from asyncspy.model.hangs import Hang, WaitingThreads
    from asyncspy.model.observed import LoopLateness
    from asyncspy.model.processes import Diagnosis, Worker
    from asyncspy.model.waiting import Waiting, WaitingLine

SCHEMA_VERSION = 1


def _fields(value: object, names: str) -> dict[str, Any]:
    """The fields of these names, under their names."""
    return {name: getattr(value, name) for name in names.split()}


def render(analysis: Analysis, view: View) -> str:
    """The JSON report. File names stay as recorded; `root` is what the terminal shows them relative to."""
    hops, hangs = analysis.hops, [_hang(hang) for hang in analysis.hangs]
    document = {
        "schema_version": SCHEMA_VERSION,
        **_fields(analysis, "verdict samples"),
        "findings": [_finding(finding) for finding in analysis.findings],
        **_fields(analysis, "inputs reach origins"),
        "hops": None,
        "wall": analysis.wall,
        "app_import": analysis.app_import
        and {
            **_fields(analysis.app_import, "processes samples"),
            "line": analysis.app_import.line and _code_share(analysis.app_import.line),
        },
        **_fields(view, "root saved"),
    }
    if hops is not None:
        callers, work = ([_code_share(one) for one in shares] for shares in (hops.callers, hops.work))
        document["hops"] = {**_fields(hops, "samples share"), "callers": callers, "work": work}
    if analysis.lateness:
        document["lateness"] = [_lateness(loop) for loop in analysis.lateness]
    if analysis.waiting is not None:
        document["waiting"] = _waiting_tasks(analysis.waiting)
    if hangs:  # the worst process, and all of them below it in the same form
        document["hang"] = {**hangs[0], "processes": hangs}
    return to_json(document)


def _finding(finding: Finding) -> dict[str, Any]:
    whole = sum(entry.weight for entry in finding.entries)
    entries = [
        {**entry.frame._asdict(), **_fields(entry, "kind weight"), "share": entry.weight / whole if whole else 0.0}
        for entry in finding.entries
    ]
    first = finding.entries[0] if finding.entries else None
    frame = first.frame if first else finding.culprit.frame
    return {
        **_fields(finding, "kind evidence allowed"),
        "culprit": {**_line(finding.culprit), **_fields(finding.culprit, "distribution by_name")},
        "entry": {**frame._asdict(), "kind": first.kind if first else None},
        "entries": entries,
        **_fields(finding, "call sink"),
        "remedy": finding.remedies,
        **_fields(finding, "chain share workers wait threads drags logged captured completed"),
        **({"beside_loop": True} if finding.beside_loop else {}),
        **({"fleet": finding.fleet} if finding.fleet is not None else {}),
        **({"middleware": finding.middleware} if finding.middleware else {}),
    }


def _lateness(loop: LoopLateness) -> dict[str, Any]:
    moments = [
        {**_fields(one, "seconds at known_by"), "line": _line(one.line) if one.line else None} for one in loop.moments
    ]
    bands = [{"from_seconds": start, "share": share} for start, share in loop.bands]
    return {**_fields(loop, "pid thread loop seconds p50 p99 worst off"), "bands": bands, "moments": moments}


def _waiting_tasks(waiting: Waiting) -> dict[str, Any]:
    return {
        **_fields(waiting, "looks tasks evidence kinds clients beyond off"),
        "lines": [_waiting_line(line) for line in waiting.lines],
    }


def _waiting_line(line: WaitingLine) -> dict[str, Any]:
    entry = {**line.entry[1]._asdict(), "kind": line.entry[0]} if line.entry else None
    awaited = {"awaits": line.kind, "awaited_package": line.package}
    return {**_line(line.culprit), **awaited, **_fields(line, "tasks share chain"), "entry": entry}


def _code_share(share: CodeShare) -> dict[str, Any]:
    """What has no frame has a function of null."""
    frame = share.frame._asdict() if share.frame is not None else {"function": None, "file": "", "line": 0}
    return {**frame, **_fields(share, "package weight")}


def _line(culprit: Culprit) -> dict[str, Any]:
    return {**culprit.frame._asdict(), "package": culprit.package}


def _hang(hang: Hang) -> dict[str, Any]:
    culprits = [{**_line(one.culprit), "waits_for": one.kind, **_fields(one, "role receiver")} for one in hang.culprits]
    return {
        **_fields(hang, "pid verdict certain grounds"),
        "culprits": culprits,
        "waits": [_waiting(waiting) for waiting in hang.waits],
        **_fields(hang, "known now later"),
        "watch_seconds": hang.watch,
        **_fields(hang, "looks seconds"),
        "paused_seconds": hang.paused,
        "idle_threads": hang.idle_threads,
        "coroutines": [{**tasks._asdict(), "line": _line(tasks.line)} for tasks in hang.awaiting],
        **_fields(hang, "other_tasks no_tasks"),
    }


def _waiting(waiting: WaitingThreads) -> dict[str, Any]:
    return {
        **_fields(waiting, "role threads"),
        "waits_for": waiting.kind,
        "on": waiting.on,
        "line": _line(waiting.line),
        **_fields(waiting, "frames looks still timed seconds receiver"),
    }


def render_comparison(comparison: Comparison, view: View) -> str:
    """The comparison; file names stay as recorded."""
    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "before": _fields(comparison.before, "verdict samples inputs origins"),
            "after": _fields(comparison.after, "verdict samples inputs origins"),
            "differences": [_change(change) for change in comparison.differences],
            **_fields(comparison, "load left_out"),
            **({"waiting": [_waiting_change(each) for each in comparison.waiting]} if comparison.waiting else {}),
            "root": view.root,
        }
    )


def _change(change: FindingChange) -> dict[str, Any]:
    return {
        "change": change.change,
        "kind": change.finding.kind,
        **_line(change.finding.culprit),
        "call": change.finding.call,
        "moved": change.moved,
        "before": _side(change.before),
        "after": _side(change.after),
        **_fields(change, "chance needed_seconds doubt work_before work_after"),
    }


def _waiting_change(change: WaitingChange) -> dict[str, Any]:
    line = change.line
    awaited = {"awaits": line.kind, "awaited_package": line.package}
    return {**_line(line.culprit), **awaited, **_fields(change, "change before after chance")}


def _side(side: ComparedFinding | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {**_fields(side.culprit.frame, "file line"), **_fields(side, "samples share logged exact")}


def workers_as_json(workers: Sequence[Worker]) -> str:
    """A list of objects, one for each process, with the model's fields."""
    return to_json(workers)


def diagnosis_as_json(diagnosis: Diagnosis) -> str:
    """One object with the model's fields."""
    return to_json(diagnosis)
