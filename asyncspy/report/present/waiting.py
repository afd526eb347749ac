"""Word where requests and other tasks wait: for what, on which lines, and how two recordings differ in that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from asyncspy.model.comparisons import WaitingChange
from asyncspy.model.findings import Interval
from asyncspy.model.waiting import AwaitedKind, Waiting, WaitingLine
from asyncspy.report.present.evidence import share_with_bounds
from asyncspy.report.present.figures import percent, plural
from asyncspy.report.present.places import place_of
from asyncspy.report.present.recording_summary import Section
from asyncspy.report.view import View

TITLE, COMPARED_TITLE = "Where requests and tasks wait", "Where requests and tasks wait, before and after"
MAX_LINES, MAX_KINDS, MAX_CHANGES = 6, 5, 8
FEWEST_WAITS = 5
"""Shares of fewer waits than these say nothing."""

WAITS_FOR: dict[AwaitedKind, str] = {
    "hop-queue": "for a thread to take their work",
    "hop": "for work in a thread",
    "database": "for the database",
    "cache": "for the cache",
    "http": "for another server over HTTP",
    "socket": "for a peer",
    "lock": "for a lock",
    "queue": "for a queue",
    "sleep": "for time to pass",
    "task": "for other tasks",
    "turn": "for their turn on the loop",
    "future": "for a future",
}
CHANGES = {
    "gone": "gone", "not-seen-yet": "not seen yet", "less": "less", "same": "about the same",
    "not-seen-before": "not seen before", "more": "more", "new": "new",
}  # fmt: skip


def waits_for(kind: AwaitedKind, package: str | None, view: View) -> str:
    """For the database (psycopg)."""
    return f"{WAITS_FOR[kind]} ({view.escape(package)})" if package else WAITS_FOR[kind]


def waiting_section(waiting: Waiting | None, view: View) -> Section:
    """Where tasks wait; nothing where no hook looked."""
    return Section(TITLE, tuple(_sentences(waiting, view)) if waiting is not None else ())


def _sentences(waiting: Waiting, view: View) -> Iterator[str]:
    looks = plural(waiting.looks, "look")
    if not waiting.lines:
        yield f"In {looks} at the loop's tasks, none on a line of your code and no request was waiting."
    elif waiting.evidence < FEWEST_WAITS:
        yield f"{_on_average(waiting.tasks)} waited, in {looks}: too few waits to say which share is where."
        yield from (
            f"{_place(line, view)} waits {waits_for(line.kind, line.package, view)}." for line in _shown(waiting, view)
        )
    else:
        kinds = (f"{percent(one.share.share)} {WAITS_FOR[one.kind]}" for one in waiting.kinds[:MAX_KINDS])
        yield f"{_on_average(waiting.tasks)} waited, in {looks}: {', '.join(kinds)}."
        yield from (line_sentence(line, view) for line in _shown(waiting, view))
        rest = len(waiting.lines) - MAX_LINES
        if rest > 0 and not view.show_all:
            share = sum(line.share.share for line in waiting.lines[MAX_LINES:])
            yield f"{plural(rest, 'more line')}: {percent(share)}." if share else f"{plural(rest, 'more line')}."
    if waiting.clients >= 0.1:  # noqa: PLR2004 - fewer would be printed as none
        yield f"Besides, {_on_average(waiting.clients).lower()} waited for what a client sends."
    if waiting.beyond:
        yield f"{_on_average(waiting.beyond)} waited on ways that were too many to be kept."
    if waiting.off is not None:
        yield f"Looking ended early in a worker: a look {view.escape(waiting.off)}."


def _shown(waiting: Waiting, view: View) -> Iterable[WaitingLine]:
    return waiting.lines if view.show_all else waiting.lines[:MAX_LINES]


def _on_average(tasks: float) -> str:
    """On average 1.2 tasks."""
    return f"On average {tasks:.1f} tasks" if tasks < 100 else f"On average {tasks:,.0f} tasks"  # noqa: PLR2004


def line_sentence(line: WaitingLine, view: View) -> str:
    """28% (24–31%) at shop/views.py:97 checkout, for the database (psycopg); from async view shop/views.py:90 page."""
    share = _share(line.share, view)
    way = ""
    if line.entry is not None and line.entry[1][1:] != line.culprit.frame[1:]:
        kind, frame = line.entry
        way = f"; from {kind} {place_of(frame, view).shown(view)} {view.escape(frame.function)}"
    return f"{share} at {_place(line, view)}, {waits_for(line.kind, line.package, view)}{way}."


def _place(line: WaitingLine, view: View) -> str:
    frame, package = line.culprit.frame, line.culprit.package
    owner = f" of package {view.escape(package)}" if package else ""
    return f"{place_of(frame, view).shown(view)} {view.escape(frame.function)}{owner}"


def _share(share: Interval, view: View) -> str:
    return share_with_bounds(share, view.glyphs.dash, "")


def compared_waiting(changes: Iterable[WaitingChange], view: View) -> Section:
    """What became of the lines that wait, those that changed first."""
    changes = tuple(changes)
    shown = changes if view.show_all else changes[:MAX_CHANGES]
    rest = len(changes) - len(shown)
    more = [f"{plural(rest, 'more line')}, which changed no more than these."] if rest else []
    return Section(COMPARED_TITLE, (*(_change_sentence(change, view) for change in shown), *more))


def _change_sentence(change: WaitingChange, view: View) -> str:
    before, after = (_share(side, view) if side else "none" for side in (change.before, change.after))
    line = change.line
    where = f"{_place(line, view)}, {waits_for(line.kind, line.package, view)}"
    return f"{CHANGES[change.change].capitalize()}: {where}: {before} before, {after} after."
