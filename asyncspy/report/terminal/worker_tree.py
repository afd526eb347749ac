"""Lay out the workers of a machine as a tree by server, as `find-workers` prints them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.text import Text

from asyncspy.model.processes import Worker
from asyncspy.report.present.figures import memory, span
from asyncspy.report.terminal.layout import (
    ALARM,
    CODE,
    FAINT,
    NAME,
    arrowed,
    columns,
    commands,
    flow,
    indented,
    labelled,
    page,
    prose,
    prose_room,
    warnings,
)
from asyncspy.report.view import View

INDENT = 2
DETAIL_INDENT = INDENT + 7
"""Where the details of one worker begin: below its role."""

COLUMNS = ("pid", "role", "loop", "python", "up", "cpu", "memory", "threads", "")
RIGHT_ALIGNED = (0, 5, 6, 7)

NONE_FOUND = "No server that could run Django's ASGI was found."
TO_TRY = (
    "The worker may belong to another user: run this as root, or as that user.",
    "It may run in a container: run this inside it, or on its host as root.",
    "It may not be running yet: start it, then look again.",
)
UNSAFE = "DJANGO_ALLOW_ASYNC_UNSAFE is set in {}: a violation there corrupts data silently instead of raising."
GUESS = "? after a role: it is a guess. One stack dump of each settles it:"
THE_LOG = "The server's log says why they end."
SETTLES = "asyncspy find-workers --probe"

Heading = tuple[str, ...]


def render_workers(workers: Sequence[Worker], view: View, *, now: float) -> str:
    """The servers of this machine, each with its master and workers; `now` is in seconds since the epoch."""
    if not workers:
        hints = [line for hint in TO_TRY for line in prose(f"{view.glyphs.dot} {hint}", view)]
        return page([prose(NONE_FOUND, view, style=NAME) + hints], view)
    groups = _groups(workers)
    titles, rows = _rows([member for members in groups.values() for member in members], view, now)
    sections: list[list[Text]] = []
    refused: dict[tuple[str, str], int] = {}
    for heading, members in groups.items():
        lines = [*_heading(heading, view), *titles]
        for worker, _ in members:
            like = refused.setdefault(_reason_without_pid(worker), worker.pid)
            lines += [*rows[worker.pid], *_container(worker, view), *_doubt(worker, view), *_ended(worker, view)]
            lines += [] if worker.attachable else _refusal(worker, view, like)
        sections.append(lines + _unsafe(members, view))
    return page([*sections, _end(workers, view)], view)


def _groups(workers: Sequence[Worker]) -> dict[Heading, list[tuple[Worker, int]]]:
    """Group families of processes by what they run."""
    pids = {worker.pid for worker in workers}
    placed: set[int] = set()
    groups: dict[Heading, list[tuple[Worker, int]]] = {}
    roots = [w for w in workers if w.ppid not in pids or w.ppid == w.pid]
    # All again after the roots: by a reused id, processes can be each other's parents.
    for root in [*roots, *workers]:
        family = list(_family(root, workers, 0, placed))
        if family:
            groups.setdefault(_runs([worker for worker, _ in family]), []).extend(family)
    return groups


def _family(root: Worker, workers: Sequence[Worker], depth: int, placed: set[int]) -> Iterable[tuple[Worker, int]]:
    if root.pid in placed:
        return
    placed.add(root.pid)
    yield root, depth
    for child in workers:
        if child.ppid == root.pid:
            yield from _family(child, workers, depth + 1, placed)


def _runs(family: Sequence[Worker]) -> Heading:
    """What a family runs: of each fact, the first that a member knows."""
    fields = ("server", "server_version", "app", "bind", "django", "asgiref", "settings")
    return tuple(next(filter(None, (getattr(worker, field) for worker in family)), "") for field in fields)


def _heading(heading: Heading, view: View) -> list[Text]:
    """The server, its app and address; the versions beside it, or below where both are too wide."""
    server, version, app, bind, django, asgiref, settings = (view.escape(part) for part in heading)
    serves = [Text(f"{server} {version}".rstrip(), NAME), *(Text(part, FAINT) for part in (app, bind) if part)]
    versions = [Text(f"{name} {v}", FAINT) for name, v in (("Django", django), ("asgiref", asgiref)) if v]
    versions += [Text(settings, FAINT)] if settings else []
    lines = flow([*serves, *versions], view.columns, "  ", lead="  ")
    if len(lines) == 1:
        return lines
    below = indented(flow(versions, view.columns - INDENT, "  "), INDENT)
    return [*flow(serves, view.columns, "  ", lead="  "), *below]


def _unsafe(members: list[tuple[Worker, int]], view: View) -> list[Text]:
    """Warn that the guard is switched off; a master is named only where its workers cannot be read."""
    allowed = [worker for worker, _ in members if worker.async_unsafe_allowed]
    unsafe = [worker for worker in allowed if worker.role != "master"] or allowed
    if not unsafe:
        return []
    return warnings([UNSAFE.format(", ".join(str(worker.pid) for worker in unsafe))], view, INDENT)


def _rows(members: list[tuple[Worker, int]], view: View, now: float) -> tuple[list[Text], dict[int, list[Text]]]:
    """The line of titles and one for each process, aligned over all groups; too wide for that, the facts flow."""
    room = view.columns - INDENT
    cells = [_cells(worker, depth, view, now) for worker, depth in members]
    kept = [i for i, name in enumerate(COLUMNS) if not name or any(row[i].plain for row in cells)]
    titles = [Text(COLUMNS[i], FAINT) for i in kept]
    right = [at for at, i in enumerate(kept) if i in RIGHT_ALIGNED]
    header, *rows = columns([titles, *([row[i] for i in kept] for row in cells)], right=right)
    aligned = all(row.cell_len <= room for row in rows)
    shown = [[row] for row in rows] if aligned else [_flowing(row, room) for row in cells]
    by_pid = {member.pid: indented(lines, INDENT) for (member, _), lines in zip(members, shown, strict=True)}
    return (indented([header], INDENT) if aligned else []), by_pid


def _flowing(cells: Sequence[Text], room: int) -> list[Text]:
    """The same facts without columns, with units instead of titles."""
    units = {"cpu": " cpu", "threads": " thread" if cells[COLUMNS.index("threads")].plain == "1" else " threads"}
    named = [
        Text(cell.plain.strip() + units.get(name, ""), cell.style)
        for name, cell in zip(COLUMNS, cells, strict=True)
        if cell.plain
    ]
    return flow(named, room, "  ", lead="    ")


def _cells(worker: Worker, depth: int, view: View, now: float) -> list[Text]:
    up = span(max(0, round(now - worker.started_at))) if worker.started_at is not None else ""
    return [
        Text(str(worker.pid), NAME),
        Text("  " * depth + worker.role + ("" if worker.certain else "?")),
        Text(view.escape(worker.loop or "")),
        Text(view.escape(worker.python or "")),
        Text(up),
        Text(f"{worker.cpu_percent:.0f}%" if worker.cpu_percent is not None else ""),
        Text(memory(worker.memory_bytes) if worker.memory_bytes is not None else ""),
        Text(str(worker.threads) if worker.threads is not None else ""),
        Text("can attach", CODE) if worker.attachable else Text("cannot attach", ALARM),
    ]


def _container(worker: Worker, view: View) -> list[Text]:
    """Its container or service, and its pid in there."""
    pid = f"pid {worker.pid_inside}" if worker.pid_inside is not None else ""
    where = " of ".join(filter(None, (pid, view.escape(worker.container or ""))))
    return labelled("in", prose(where, view, DETAIL_INDENT + 3, FAINT), DETAIL_INDENT, 3)


def _doubt(worker: Worker, view: View) -> list[Text]:
    """Why its role is not certain."""
    doubt = "" if worker.certain else view.escape(worker.doubt or "")
    return labelled("?", prose(doubt, view, DETAIL_INDENT + 2), DETAIL_INDENT, 2)


def _ended(worker: Worker, view: View) -> list[Text]:
    """That its workers end soon after they were started, and where they are until then."""
    ends = worker.ended_workers
    if ends is None:
        return []
    ended = "1 of its workers" if ends.number == 1 else f"{ends.number} of its workers"
    seen = f"{ended} ended within {span(ends.seconds)}, none of them older than {span(ends.oldest_seconds)}."
    where = f"They were seen in the import of the app, at {view.escape(ends.importing)}." if ends.importing else ""
    lines = warnings([" ".join(filter(None, (seen, where, THE_LOG)))], view, DETAIL_INDENT)
    return lines if ends.importing else [*lines, *arrowed(SETTLES, view, DETAIL_INDENT)]


def _refusal(worker: Worker, view: View, like: int) -> list[Text]:
    """Why it cannot be attached to and the line that changes that, unless the worker `like` has shown them."""
    if like != worker.pid:
        return indented([Text(f"for the same reason as {like}", FAINT)], DETAIL_INDENT)
    reason = indented(prose(view.escape(worker.reason or ""), view, DETAIL_INDENT), DETAIL_INDENT)
    return reason + arrowed(worker.remedy, view, DETAIL_INDENT)


def _reason_without_pid(worker: Worker) -> tuple[str, str]:
    return worker.reason or "", re.sub(rf"\b{worker.pid}\b", "PID", worker.remedy or "")


def _end(workers: Sequence[Worker], view: View) -> list[Text]:
    """What a question mark means, and the command for the first worker that can be watched, or rather its master."""
    lines: list[Text] = []
    if not all(worker.certain for worker in workers):
        lines += flow([Text(GUESS, FAINT), Text(SETTLES, CODE)], prose_room(view, 0), "  ", lead="  ")
    watchable = [worker for worker in workers if worker.attachable and worker.certain]
    first = next((worker for worker in watchable if worker.role == "worker"), None)
    if first is not None:
        master = next((worker for worker in watchable if worker.role == "master" and worker.pid == first.ppid), None)
        command = f"asyncspy attach --pid {master.pid if master else first.pid}"
        purpose = "records all its workers and reports" if master else "records it and reports"
        lines += commands("Next", [(command, purpose)], view, width=6)
    return lines
