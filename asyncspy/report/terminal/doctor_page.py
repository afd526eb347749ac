"""Lay out what `doctor` found: each check with its remedy, and the answer below."""

from __future__ import annotations

from rich.text import Text

from asyncspy.model.processes import CheckResult, Diagnosis, Worker
from asyncspy.report.terminal.layout import ALARM, CODE, NAME, arrowed, labelled, page, prose
from asyncspy.report.view import View

GAP = 2
MARKS = {True: ("ok", CODE), False: ("no", ALARM)}


def render_diagnosis(diagnosis: Diagnosis, view: View) -> str:
    """The checks, then the workers where no process was asked for, then whether attaching will work."""
    width = max(len(check.name) for check in diagnosis.checks) + GAP
    checks = [line for check in diagnosis.checks for line in _check(check, width, view)]
    workers = [line for worker in diagnosis.workers for line in _worker(worker, view)]
    return page([checks, workers, prose(_answer(diagnosis), view, style=NAME)], view)


def _check(check: CheckResult, width: int, view: View) -> list[Text]:
    mark, style = MARKS[check.ok]
    indent = len(mark) + GAP + width
    finding = prose(view.escape(check.said), view, indent, "" if check.ok else NAME) or [Text()]
    lines = labelled(mark, labelled(check.name, finding, 0, width), 0, len(mark) + GAP, style)
    return lines + arrowed(check.remedy, view, indent)


def _worker(worker: Worker, view: View) -> list[Text]:
    mark, style = MARKS[worker.attachable]
    indent = len(mark) + GAP
    name = f"{view.escape(worker.server)} worker {worker.pid}"
    name += f"  {view.escape(worker.app)}" if worker.app else ""
    why = "" if worker.attachable else f": {view.escape(worker.reason or '')}"
    lines = labelled(mark, prose(name + why, view, indent), 0, indent, style)
    return lines + arrowed(worker.remedy, view, indent)


def _answer(diagnosis: Diagnosis) -> str:
    target = f"to process {diagnosis.pid}" if diagnosis.pid is not None else "to the workers here"
    if diagnosis.pid is None and not diagnosis.workers:
        target = "to processes of your own. No worker of a known server was found here"
    if diagnosis.will_attach:
        return f"Attaching will work {target}."
    failed = [check.name for check in diagnosis.checks if not check.ok]
    return f"Attaching will not work {target}{': ' if failed else ''}{', '.join(failed)}."
