"""A diagnosis to what `doctor` prints: each check with its remedy, and the answer below."""

from __future__ import annotations

from dataclasses import asdict

from rich.text import Text

from asyncspy.model.processes import CheckResult, Diagnosis, Worker
from asyncspy.report.present.place_names import outside
from asyncspy.report.terminal.layout import ALARM, CODE, FAINT, NAME, labelled, page, prose_room, wrap
from asyncspy.report.view import View
from asyncspy.untrusted import to_json

GAP = 2
MARKS = {True: ("ok", CODE), False: ("no", ALARM)}


def diagnosis_as_json(diagnosis: Diagnosis) -> str:
    """One object with the model's fields."""
    return to_json(asdict(diagnosis))


def render_diagnosis(diagnosis: Diagnosis, view: View) -> str:
    """The checks, then the workers where no process was asked for, then whether attaching will work."""
    width = max(len(check.name) for check in diagnosis.checks) + GAP
    lines = [line for check in diagnosis.checks for line in _check(check, width, view)]
    if diagnosis.workers:
        lines += [Text(), *(line for worker in diagnosis.workers for line in _worker(worker, view))]
    return page([*lines, Text(), *wrap(Text(_answer(diagnosis), NAME), prose_room(view, 0))], view)


def _check(check: CheckResult, width: int, view: View) -> list[Text]:
    mark, style = MARKS[check.ok]
    indent = len(mark) + GAP + width
    said = wrap(Text(outside(check.said, view), "" if check.ok else NAME), prose_room(view, indent))
    first, *rest = labelled(check.name, said, 0, width)
    lines = [
        Text.assemble((mark, style), " " * GAP, first),
        *(Text.assemble(" " * (len(mark) + GAP), one) for one in rest),
    ]
    return lines + (_remedy(check.remedy, indent, view) if check.remedy else [])


def _remedy(remedy: str, indent: int, view: View) -> list[Text]:
    arrow = f"{view.glyphs.arrow} "
    lines = wrap(Text(outside(remedy, view), CODE), view.columns - indent - len(arrow))
    return labelled(arrow, lines, indent, len(arrow), FAINT)


def _worker(worker: Worker, view: View) -> list[Text]:
    """A worker, and whether it can be attached to."""
    mark, style = MARKS[worker.attachable]
    named = f"{outside(worker.server, view)} worker {worker.pid}" + (
        f"  {outside(worker.app, view)}" if worker.app else ""
    )
    why = "" if worker.attachable else f": {outside(worker.reason or '', view)}"
    lines = wrap(Text(named + why), prose_room(view, len(mark) + GAP))
    shown = labelled(mark, lines, 0, len(mark) + GAP, style)
    return shown + (_remedy(worker.remedy, len(mark) + GAP, view) if worker.remedy else [])


def _answer(diagnosis: Diagnosis) -> str:
    whom = f"to process {diagnosis.pid}" if diagnosis.pid is not None else "to the workers here"
    if diagnosis.pid is None and not diagnosis.workers:
        whom = "to processes of your own. No worker of a known server was found here"
    if diagnosis.will_attach:
        return f"Attaching will work {whom}."
    wrong = [check.name for check in diagnosis.checks if not check.ok]
    return f"Attaching will not work {whom}{': ' if wrong else ''}{', '.join(wrong)}."
