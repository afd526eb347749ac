"""Lay out dumped processes for a terminal: the verdict, who waits for whom, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.text import Text

from asyncspy.model.hangs import AwaitingTasks, Hang
from asyncspy.model.stacks import ChainFrame
from asyncspy.report.present.figures import plural
from asyncspy.report.present.places import folded_frames, package_name, place_of
from asyncspy.report.present.presented_finding import PresentedRemedy
from asyncspy.report.present.presented_hang import PresentedHang, PresentedWait
from asyncspy.report.terminal.layout import (
    ALARM,
    CODE,
    FAINT,
    NAME,
    PLACE,
    commands,
    faint_facts,
    fit_place,
    flow,
    indented,
    labelled,
    prose,
    prose_room,
    source_excerpt,
    wrap,
)
from asyncspy.report.view import View

INDENT = 2
FRAME_INDENT = 6
LABEL_WIDTH = 7
MAX_TASK_PLACES = 8
"""So many places are shown, those with the most tasks first; the rest is counted."""

MAX_TASKS_NAMED = 3
MAX_CULPRITS = 3
"""How many lines that start a wait are quoted."""


def hang_sections(hangs: Sequence[PresentedHang], view: View) -> list[list[Text]]:
    """The sections of the report, a process at a time; of several, those that are well are one line each."""
    sections = []
    for hang in hangs:
        headline = Text(hang.headline, ALARM if hang.alarming else NAME)
        sections.append(wrap(headline, view.columns) + faint_facts(hang.facts, view))
        if hang.alarming or hang.hang.culprits or len(hangs) == 1:
            sections += [_grounds(hang, view), _waits(hang, view), _tasks(hang.hang, view)]
            sections += [*_sources(hang, view), _actions(hang, view)]
    return [section for section in sections if section]


def _grounds(hang: PresentedHang, view: View) -> list[Text]:
    lines = [Text("Why", NAME)]
    for ground in hang.grounds:
        lines += labelled(view.glyphs.dot, prose(view.escape(ground), view, INDENT + 2), INDENT, 2)
    return lines


def _waits(hang: PresentedHang, view: View) -> list[Text]:
    """Each kind of waiting thread, what it waits for, and the own lines on the way to the wait."""
    if not hang.waits:
        return []
    lines = [Text("Who waits for whom", NAME)]
    for wait in hang.waits:
        head = [Text(wait.who, NAME), Text(wait.names, FAINT), Text(wait.waits + wait.waits_on)]
        lines += indented(flow(head, prose_room(view, INDENT), "  ", lead="  "), INDENT)
        lines += indented(_frames(wait, view), FRAME_INDENT)
    idle = hang.hang.idle_threads
    rest = [Text(f"{plural(idle, 'more thread')} had nothing to do", FAINT)] if idle else []
    return lines + indented(rest, INDENT)


def _frames(wait: PresentedWait, view: View) -> list[Text]:
    lines: list[Text] = []
    for own, run in groupby(wait.threads.frames, lambda link: link.package is None):
        if own:
            lines += [line for link in run for line in _own_frame(link, wait, view)]
            continue
        links = list(run)
        folded = f"{view.glyphs.dots} {folded_frames(links, view)}, to {view.escape(links[-1].function)}"
        lines += prose(folded, view, FRAME_INDENT, FAINT)
    return lines


def _own_frame(link: ChainFrame, wait: PresentedWait, view: View) -> list[Text]:
    here = wait.is_at(link)
    name = view.escape(link.function)
    name += f" of a {view.escape(wait.threads.receiver)}" if here and wait.threads.receiver else ""
    return _frame(link, Text(name, NAME if here else ""), view, mark=f"{view.glyphs.arrow} " if here else "  ")


def _frame(link: ChainFrame, name: Text, view: View, mark: str = "  ") -> list[Text]:
    room = view.columns - FRAME_INDENT - len(mark)
    parts = [Text(fit_place(place_of(link, view), view, room), PLACE), name]
    return labelled(mark, flow(parts, room, "  "), 0, len(mark), ALARM)


def _sources(hang: PresentedHang, view: View) -> list[list[Text]]:
    """The lines to blame, quoted; one that cannot be read is named, if no wait above has shown it."""
    shown = {(wait.threads.line.frame.file, wait.threads.line.frame.line) for wait in hang.waits}
    sections = []
    for each in hang.hang.culprits[:MAX_CULPRITS]:
        frame = each.culprit.frame
        lines = source_excerpt(frame, view)
        place = [
            Text(fit_place(place_of(frame, view), view, view.columns), PLACE),
            Text(view.escape(frame.function), NAME),
        ]
        if lines or (frame.file, frame.line) not in shown:
            sections.append([*flow(place, view.columns, "  "), *lines])
    return sections


def _actions(hang: PresentedHang, view: View) -> list[Text]:
    """What to do now with this process, and later in the code."""
    lines = commands("Now", [(view.escape(command), view.escape(purpose)) for command, purpose in hang.hang.now], view)
    for i, remedy in enumerate(hang.later):
        lines += labelled("" if i else "Later", _remedy(remedy, view), 0, LABEL_WIDTH, NAME)
    return lines


def _remedy(remedy: PresentedRemedy, view: View) -> list[Text]:
    code = wrap(Text(view.escape(remedy.code), CODE), view.columns - LABEL_WIDTH) if remedy.code else []
    return prose(view.escape(remedy.text), view, LABEL_WIDTH) + code


def _tasks(hang: Hang, view: View) -> list[Text]:
    """Each place of own code at which coroutines wait, or why they could not be read."""
    if hang.no_tasks:
        return prose(f"The tasks were not read: {view.escape(hang.no_tasks)}", view, style=FAINT)
    if not hang.awaiting:
        return []
    lines = [Text("Coroutines that wait", NAME)]
    for awaiting in hang.awaiting[:MAX_TASK_PLACES]:
        lines += _awaiting(awaiting, view)
    rest = sum(len(awaiting.tasks) for awaiting in hang.awaiting[MAX_TASK_PLACES:])
    more = [f"{plural(rest, 'more task')} of this code"] if rest else []
    more += [f"{plural(hang.other_tasks, 'task')} of servers and frameworks"] if hang.other_tasks else []
    return lines + indented([Text(f"and {each}", FAINT) for each in more], INDENT)


def _awaiting(awaiting: AwaitingTasks, view: View) -> list[Text]:
    """How many tasks, what they await, and the own lines on the way, the innermost last."""
    names = ", ".join(view.escape(name) for name in awaiting.tasks[:MAX_TASKS_NAMED])
    rest = len(awaiting.tasks) - MAX_TASKS_NAMED
    names += f" and {rest} more" if rest > 0 else ""
    last = awaiting.frames[-1]
    awaits = "is at this line"
    if last.package is not None:
        awaits = f"awaits {view.escape(last.function)} of {package_name(last.package, view)}"
    head = [Text(names, FAINT), Text(awaits)]
    if awaiting.awaited_by:
        by = ", ".join(view.escape(name) for name in awaiting.awaited_by[:MAX_TASKS_NAMED])
        head.append(Text(f"awaited by {by}", FAINT))
    lines = indented(flow(head, prose_room(view, INDENT), "  ", lead="  "), INDENT)
    for link in awaiting.frames:
        if link.package is None:
            lines += indented(_frame(link, Text(view.escape(link.function)), view), FRAME_INDENT)
    return lines
