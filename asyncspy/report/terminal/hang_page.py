"""Processes that were dumped to what a person reads in an incident: the verdict, who waits for whom, what to do."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rich.text import Text

from asyncspy.model.findings import Remedy
from asyncspy.model.hangs import Hang, HangVerdict, ThreadRole, WaitingThreads, WaitReason
from asyncspy.model.stacks import ChainFrame
from asyncspy.report.present.cost_words import WAITS_FOR
from asyncspy.report.present.excerpt import excerpt
from asyncspy.report.present.figures import plural, span
from asyncspy.report.present.path import LABELS
from asyncspy.report.present.place_names import outside, place
from asyncspy.report.terminal.hang_tasks import tasks_of
from asyncspy.report.terminal.layout import ALARM, CODE, FAINT, NAME, PLACE, flow, indented, labelled, prose_room, wrap
from asyncspy.report.view import View

INDENT = 2
DEEPER = 6
LABEL = 7
NAMED = 3
"""How many twins are named before the rest is counted."""

VERDICTS: dict[HangVerdict, str] = {
    "deadlock": "Deadlock: {} cannot go on by itself.",
    "suspected": "Perhaps a deadlock: part of {} has not moved.",
    "blocked-loop": "Blocked: the event loop of {} serves nobody.",
    "pool-exhausted": "A thread pool of {} is full: further work for it has to wait.",
    "slow": "Slow, not hung: requests of {} take long, and the event loop is free.",
    "busy": "Busy, not hung: {} computes.",
    "healthy": "Healthy: {} serves.",
    "idle": "Idle: {} has nothing to do.",
}
UNSURE: dict[HangVerdict, str] = {
    "deadlock": "Deadlock, by all that can be seen: {} has not moved.",
    "blocked-loop": "Blocked, as it seems: the event loop of {} is in a call that waits.",
    "pool-exhausted": "A thread pool of {} seems to be full.",
    "busy": "Busy, as it seems: {} is at work.",
    "healthy": "Nothing is wrong with {}, as far as one look tells.",
    "idle": "{} has nothing to do, as far as one look tells.",
}
ALARMING = frozenset({"deadlock", "suspected", "blocked-loop", "pool-exhausted"})

ROLES: dict[ThreadRole, str] = {
    "loop": "the event loop",
    "private-loop": "a loop of async_to_sync",
    "request": "the thread of a request",
    "shared": "the one thread-sensitive thread",
    "default-pool": "the default pool",
    "pool": "a pool",
    "other": "a thread",
}
MANY: dict[ThreadRole, str] = {
    "request": "the threads of {} requests",
    "default-pool": "{} threads of the default pool",
    "pool": "{} threads of pools",
    "other": "{} threads",
}
WAITS: dict[WaitReason, str] = {
    **dict[WaitReason, str](WAITS_FOR.items()),
    "loop": "for the event loop to finish a coroutine",
    "pool": "for threads of a pool to end",
    "debugger": "for a person at a debugger",
    "unknown": "for something that has no frame of its own",
}


def page_of(hangs: Sequence[Hang], view: View) -> list[list[Text]]:
    """The sections of the report, a process at a time; those that are well are one line each."""
    sections = []
    for hang in hangs:
        sections.append(_head(hang, view))
        if hang.verdict in ALARMING or len(hangs) == 1 or hang.culprits:
            sections += [
                _why(hang, view),
                _graph(hang, view),
                tasks_of(hang, view),
                *_lines(hang, view),
                _do(hang, view),
            ]
    return [section for section in sections if section]


def _head(hang: Hang, view: View) -> list[Text]:
    """The verdict, and what was looked at."""
    lines = wrap(Text(headline(hang, view), ALARM if hang.verdict in ALARMING else NAME), view.columns)
    return lines + flow([Text(fact, FAINT) for fact in facts(hang, view)], view.columns, f" {view.glyphs.dot} ")


def headline(hang: Hang, view: View) -> str:
    """The verdict in one sentence."""
    said = VERDICTS[hang.verdict] if hang.certain else UNSURE.get(hang.verdict, VERDICTS[hang.verdict])
    sentence = said.format(_process(hang, view))
    return sentence[:1].upper() + sentence[1:]


def facts(hang: Hang, view: View) -> list[str]:
    """How it was looked at, and what it runs."""
    said = [plural(hang.looks, "look")]
    said += [f"over {span(round(hang.seconds, 1))}"] if hang.seconds is not None else []
    said += [f"stood still for {hang.paused * 1000:.0f} ms in all"] if hang.paused is not None else []
    return said + _versions(hang, view)


def grounds(hang: Hang) -> list[str]:
    """Why, strongest first."""
    return [*hang.grounds, *(f"known fault {known}" for known in hang.known)]


def does(waiting: WaitingThreads) -> str:
    """Waits for what; one does, several do."""
    many = len(waiting.threads) > 1 and waiting.role in MANY
    return f"{'wait' if many else 'waits'} {WAITS[waiting.kind]}"


def who(waiting: WaitingThreads) -> str:
    """Which thread, or which threads, wait."""
    count = len(waiting.threads)
    return MANY[waiting.role].format(count) if count > 1 and waiting.role in MANY else ROLES[waiting.role]


def _process(hang: Hang, view: View) -> str:
    target = hang.target
    if target is None or target.server == "python":
        return f"process {hang.pid}" if hang.pid is not None else "the process"
    return f"{outside(target.server, view)} {target.role} {target.pid}"


def _versions(hang: Hang, view: View) -> list[str]:
    target = hang.target
    if target is None:
        return []
    named = (("", target.app), ("Python", target.python), ("Django", target.django), ("asgiref", target.asgiref))
    return [outside(f"{name} {value}".strip(), view) for name, value in named if value]


def _why(hang: Hang, view: View) -> list[Text]:
    lines = [Text("Why", NAME)]
    for ground in grounds(hang):
        lines += labelled(view.glyphs.dot, wrap(Text(outside(ground, view)), prose_room(view, INDENT + 2)), INDENT, 2)
    return lines


def _graph(hang: Hang, view: View) -> list[Text]:
    """Each kind of waiting thread, what it waits for, and on the way to the wait the own lines."""
    if not hang.waits:
        return []
    lines = [Text("Who waits for whom", NAME)]
    for waiting in hang.waits:
        lines += _node(waiting, view)
    if hang.idle_threads:
        lines += indented([Text(f"{plural(hang.idle_threads, 'more thread')} had nothing to do", FAINT)], INDENT)
    return lines


def _node(waiting: WaitingThreads, view: View) -> list[Text]:
    count = len(waiting.threads)
    names = ", ".join(outside(name, view) for name in waiting.threads[:NAMED])
    names += f" and {count - NAMED} like {'this' if count == NAMED + 1 else 'these'}" if count > NAMED else ""
    on = _on(waiting, view)
    head = [Text(who(waiting), NAME), Text(names, FAINT), Text(f"{does(waiting)}{on}")]
    lines = indented(flow(head, prose_room(view, INDENT), "  ", lead="  "), INDENT)
    for link in _way(waiting.frames):
        lines += indented(_link(link, waiting, view), DEEPER)
    return lines


def _on(waiting: WaitingThreads, view: View) -> str:
    names = [outside(name, view) for name in waiting.on if name]
    if not names or waiting.kind == "lock":
        return ""
    return f" ({names[0]})" if len(names) == 1 else f" ({names[0]} or {plural(len(names) - 1, 'other')})"


def _way(frames: Sequence[ChainFrame]) -> list[ChainFrame | tuple[ChainFrame, ...]]:
    """Own frames one by one, runs of others together."""
    steps: list[ChainFrame | tuple[ChainFrame, ...]] = []
    for link in frames:
        if link.package is None:
            steps.append(link)
        elif steps and isinstance(last := steps[-1], tuple) and not isinstance(last, ChainFrame):
            steps[-1] = (*last, link)
        else:
            steps.append((link,))
    return steps


def _link(step: ChainFrame | tuple[ChainFrame, ...], waiting: WaitingThreads, view: View) -> list[Text]:
    signs = view.glyphs
    if not isinstance(step, ChainFrame):
        packages = dict.fromkeys(link.package or "" for link in step)
        of = ", ".join(LABELS.get(package) or outside(package, view) for package in packages)
        last = outside(step[-1].function, view)
        return wrap(
            Text(f"{signs.dots} {plural(len(step), 'frame')} of {of}, to {last}", FAINT), prose_room(view, DEEPER)
        )
    to_blame = step.file == waiting.line.frame.file and step.line == waiting.line.frame.line
    mark = f"{signs.arrow} " if to_blame else "  "
    name = outside(step.function, view) + (
        f" of a {outside(waiting.receiver, view)}" if to_blame and waiting.receiver else ""
    )
    parts = [Text(place(step, view, view.columns - DEEPER - 2), PLACE), Text(name, NAME if to_blame else "")]
    return labelled(mark, flow(parts, view.columns - DEEPER - 2, "  "), 0, 2, ALARM)


def _lines(hang: Hang, view: View) -> list[list[Text]]:
    """The lines that start the waits, quoted."""
    shown = []
    for each in hang.culprits[:NAMED]:
        quoted = excerpt(each.culprit.frame, view)
        if quoted:
            shown.append([Text(place(each.culprit.frame, view, view.columns), PLACE), *quoted])
    return shown


def _do(hang: Hang, view: View) -> list[Text]:
    """What to do now with this process, and later in the code."""
    lines: list[Text] = []
    for i, action in enumerate(hang.now):
        parts = [Text(outside(action.command, view), CODE), Text(outside(action.purpose, view), FAINT)]
        lines += labelled("" if i else "Now", flow(parts, view.columns - LABEL, "   ", lead="  "), 0, LABEL, NAME)
    for i, remedy in enumerate(hang.later):
        lines += labelled("" if i else "Later", _remedy(remedy, view), 0, LABEL, NAME)
    return lines


def _remedy(remedy: Remedy, view: View) -> list[Text]:
    said = wrap(Text(outside(remedy.text, view)), prose_room(view, LABEL))
    return said + (wrap(Text(outside(remedy.code, view), CODE), view.columns - LABEL) if remedy.code else [])


def end(view: View) -> list[Text]:
    """Where the dumps are, and how to read them again."""
    if view.saved is None:
        return []
    path = outside(shlex.quote(view.saved), view)
    lines = labelled("Saved", wrap(Text(outside(view.saved, view), PLACE), view.columns - LABEL), 0, LABEL, NAME)
    again = [Text(f"asyncspy report {path}", CODE), Text("this report again, without the process", FAINT)]
    return lines + labelled("Next", flow(again, view.columns - LABEL, "   ", lead="  "), 0, LABEL, NAME)
