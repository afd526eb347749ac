"""The coroutines of a dumped process that wait, to the section that names them; or why they could not be read."""

from __future__ import annotations

from rich.text import Text

from asyncspy.model.hangs import AwaitingTasks, Hang
from asyncspy.report.present.figures import plural
from asyncspy.report.present.path import LABELS
from asyncspy.report.present.place_names import outside, place
from asyncspy.report.terminal.layout import FAINT, NAME, PLACE, flow, indented, labelled, prose_room, wrap
from asyncspy.report.view import View

INDENT = 2
DEEPER = 6
MOST = 8
"""So many places are shown, those with the most tasks first; the rest is counted."""

NAMED = 3


def tasks_of(hang: Hang, view: View) -> list[Text]:
    """Each place of own code at which tasks wait."""
    if hang.no_tasks:
        said = Text(f"The tasks were not read: {outside(hang.no_tasks, view)}", FAINT)
        return wrap(said, prose_room(view, 0))
    if not hang.awaiting:
        return []
    lines = [Text("Coroutines that wait", NAME)]
    for awaiting in hang.awaiting[:MOST]:
        lines += _place(awaiting, view)
    rest = sum(len(awaiting.tasks) for awaiting in hang.awaiting[MOST:])
    more = [f"{plural(rest, 'more task')} of this code"] if rest else []
    more += [f"{plural(hang.other_tasks, 'task')} of servers and frameworks"] if hang.other_tasks else []
    return lines + indented([Text(f"and {each}", FAINT) for each in more], INDENT)


def _place(awaiting: AwaitingTasks, view: View) -> list[Text]:
    """How many tasks, what they await, and the own lines on the way, the innermost last."""
    names = ", ".join(outside(name, view) for name in awaiting.tasks[:NAMED])
    names += f" and {len(awaiting.tasks) - NAMED} more" if len(awaiting.tasks) > NAMED else ""
    head = [Text(names, FAINT), Text(_awaits(awaiting, view))]
    if awaiting.awaited_by:
        head.append(Text(f"awaited by {', '.join(outside(name, view) for name in awaiting.awaited_by[:NAMED])}", FAINT))
    lines = indented(flow(head, prose_room(view, INDENT), "  ", lead="  "), INDENT)
    for link in awaiting.frames:
        if link.package is None:
            room = view.columns - DEEPER - 2
            parts = [Text(place(link, view, room), PLACE), Text(outside(link.function, view))]
            lines += indented(labelled("  ", flow(parts, room, "  "), 0, 2), DEEPER)
    return lines


def _awaits(awaiting: AwaitingTasks, view: View) -> str:
    last = awaiting.frames[-1]
    if last.package is None:
        return "is at this line"
    return f"awaits {outside(last.function, view)} of {LABELS.get(last.package) or outside(last.package, view)}"
