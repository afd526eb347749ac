"""The workers of a machine to what `find-workers` prints for people: a tree by server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.text import Text

from asyncspy.model.processes import Worker
from asyncspy.report.present.figures import memory, span
from asyncspy.report.present.place_names import outside
from asyncspy.report.terminal.layout import (
    ALARM,
    CODE,
    FAINT,
    NAME,
    columns,
    flow,
    indented,
    labelled,
    page,
    prose_room,
    wrap,
)
from asyncspy.report.view import View

INDENT = 2
COLUMNS = ("pid", "role", "loop", "python", "up", "cpu", "memory", "threads", "")
RIGHT = (0, 5, 6, 7)

NONE_FOUND = "No server that could run Django's ASGI was found."
TO_TRY = (
    "The worker may belong to another user: run this as root, or as that user.",
    "It may run in a container: run this inside it, or on its host as root.",
    "It may not be running yet: start it, then look again.",
)
UNSAFE = "DJANGO_ALLOW_ASYNC_UNSAFE is set in {}: a violation there corrupts data silently instead of raising."
GUESS = "? after a role: it is a guess. One stack dump of each settles it:"
SETTLES = "asyncspy find-workers --probe"

Heading = tuple[str, ...]


def render_workers(workers: Sequence[Worker], view: View, *, now: float) -> str:
    """The servers of this machine, each with its master and workers; `now` is in seconds since the epoch."""
    if not workers:
        said = [Text(NONE_FOUND, NAME), *(Text(f"{view.glyphs.dot} {hint}") for hint in TO_TRY)]
        return page([line for text in said for line in wrap(text, prose_room(view, 0))], view)
    groups = _groups(workers)
    titles, rows = _rows([member for members in groups.values() for member in members], view, now)
    lines: list[Text] = []
    refused: dict[tuple[str, str], int] = {}
    for heading, members in groups.items():
        lines += [*_heading(heading, view), *titles]
        for worker, _ in members:
            like = refused.setdefault(_refusal(worker), worker.pid)
            lines += [*rows[worker.pid], *_runs_in(worker, view), *_why_in_doubt(worker, view)]
            lines += _why_not(worker, view) if like == worker.pid else _as_before(worker, like)
        lines += [*_unsafe(members, view), Text()]
    return page([*lines, *_end(workers, view)], view)


def _groups(workers: Sequence[Worker]) -> dict[Heading, list[tuple[Worker, int]]]:
    """Families of processes under what they run; families that run the same stand together."""
    pids = {worker.pid for worker in workers}
    placed: set[int] = set()
    groups: dict[Heading, list[tuple[Worker, int]]] = {}
    roots = [w for w in workers if w.ppid not in pids or w.ppid == w.pid]
    for root in [*roots, *workers]:  # the second round takes in who is nobody's child by a reused process id
        family = list(_family(root, workers, 0, placed))
        if family:
            groups.setdefault(_runs([worker for worker, _ in family]), []).extend(family)
    return groups


def _family(root: Worker, workers: Sequence[Worker], depth: int, placed: set[int]) -> Iterable[tuple[Worker, int]]:
    """A process and, deeper by one, its children."""
    if root.pid in placed:
        return
    placed.add(root.pid)
    yield root, depth
    for child in workers:
        if child.ppid == root.pid:
            yield from _family(child, workers, depth + 1, placed)


def _runs(family: Sequence[Worker]) -> Heading:
    """What a family runs: the first member that knows says it for all."""

    def known(*values: str | None) -> str:
        return next((value for value in values if value), "")

    return (
        known(*(w.server for w in family)),
        known(*(w.server_version for w in family)),
        known(*(w.app for w in family)),
        known(*(w.bind for w in family)),
        known(*(w.django for w in family)),
        known(*(w.asgiref for w in family)),
        known(*(w.settings for w in family)),
    )


def _heading(heading: Heading, view: View) -> list[Text]:
    """The server, its app and address; the versions beside it, or below where both are too wide."""
    server, version, app, bind, django, asgiref, settings = (outside(part, view) for part in heading)
    serves = [Text(f"{server} {version}".rstrip(), NAME), *(Text(part, FAINT) for part in (app, bind) if part)]
    versions = [Text(f"{name} {v}", FAINT) for name, v in (("Django", django), ("asgiref", asgiref)) if v]
    versions += [Text(settings, FAINT)] if settings else []
    lines = flow([*serves, *versions], view.columns, "  ", lead="  ")
    if len(lines) == 1:
        return lines
    below = indented(flow(versions, view.columns - INDENT, "  "), INDENT)
    return [*flow(serves, view.columns, "  ", lead="  "), *below]


def _unsafe(members: list[tuple[Worker, int]], view: View) -> list[Text]:
    """The warning about the guard that is switched off; a master is named only where its workers cannot be read."""
    allowed = [worker for worker, _ in members if worker.async_unsafe_allowed]
    unsafe = [worker for worker in allowed if worker.role != "master"] or allowed
    if not unsafe:
        return []
    sentence = UNSAFE.format(", ".join(str(worker.pid) for worker in unsafe))
    return labelled("!", wrap(Text(sentence), prose_room(view, INDENT + 2)), INDENT, 2, ALARM)


def _rows(members: list[tuple[Worker, int]], view: View, now: float) -> tuple[list[Text], dict[int, list[Text]]]:
    """The line of titles and one for each process, aligned over all groups; too wide for that, the facts flow."""
    room = view.columns - INDENT
    cells = [_cells(worker, depth, view, now) for worker, depth in members]
    kept = [i for i, name in enumerate(COLUMNS) if not name or any(row[i].plain for row in cells)]
    titles = [Text(COLUMNS[i], FAINT) for i in kept]
    right = [at for at, i in enumerate(kept) if i in RIGHT]
    header, *rows = columns([titles, *([row[i] for i in kept] for row in cells)], right=right)
    aligned = all(row.cell_len <= room for row in rows)
    shown = [[row] for row in rows] if aligned else [_flowing(row, room) for row in cells]
    by_pid = {member.pid: indented(lines, INDENT) for (member, _), lines in zip(members, shown, strict=True)}
    return (indented([header], INDENT) if aligned else []), by_pid


def _flowing(cells: Sequence[Text], room: int) -> list[Text]:
    """The same facts without columns; units say what the titles said."""
    units = {"cpu": " cpu", "threads": " thread" if cells[COLUMNS.index("threads")].plain == "1" else " threads"}
    named = [
        Text(cell.plain.strip() + units.get(name, ""), cell.style)
        for name, cell in zip(COLUMNS, cells, strict=True)
        if cell.plain
    ]
    return flow(named, room, "  ", lead="    ")


def _cells(worker: Worker, depth: int, view: View, now: float) -> list[Text]:
    """The columns of one process; what is not known is empty."""
    up = span(max(0, round(now - worker.started_at))) if worker.started_at is not None else ""
    return [
        Text(str(worker.pid), NAME),
        Text("  " * depth + worker.role + ("" if worker.certain else "?")),
        Text(outside(worker.loop or "", view)),
        Text(outside(worker.python or "", view)),
        Text(up),
        Text(f"{worker.cpu_percent:.0f}%" if worker.cpu_percent is not None else ""),
        Text(memory(worker.memory_bytes) if worker.memory_bytes is not None else ""),
        Text(str(worker.threads) if worker.threads is not None else ""),
        Text("can attach", CODE) if worker.attachable else Text("cannot attach", ALARM),
    ]


def _runs_in(worker: Worker, view: View) -> list[Text]:
    """Its container or service, and its pid in there."""
    inside = f"pid {worker.pid_inside}" if worker.pid_inside is not None else ""
    told = " of ".join(filter(None, (inside, outside(worker.container or "", view))))
    indent = INDENT + 7
    return labelled("in", wrap(Text(told, FAINT), prose_room(view, indent + 3)), indent, 3) if told else []


def _why_in_doubt(worker: Worker, view: View) -> list[Text]:
    """What leaves its role in doubt."""
    if worker.certain or not worker.doubt:
        return []
    indent = INDENT + 7
    return labelled("?", wrap(Text(outside(worker.doubt, view)), prose_room(view, indent + 2)), indent, 2)


def _why_not(worker: Worker, view: View) -> list[Text]:
    """The reason, and the line that mends it."""
    if worker.attachable:
        return []
    indent = INDENT + 7
    lines = wrap(Text(outside(worker.reason, view)), prose_room(view, indent)) if worker.reason else []
    if worker.remedy:
        arrow = f"{view.glyphs.arrow} "
        mending = wrap(Text(outside(worker.remedy, view), CODE), view.columns - indent - len(arrow))
        lines += labelled(arrow, mending, 0, len(arrow))
    return indented(lines, indent)


def _refusal(worker: Worker) -> tuple[str, str]:
    """Why not, and the line that mends it, but for the pid in it."""
    return worker.reason or "", re.sub(rf"\b{worker.pid}\b", "PID", worker.remedy or "")


def _as_before(worker: Worker, pid: int) -> list[Text]:
    """What was said of one before is not said again of each."""
    return indented([Text(f"for the same reason as {pid}", FAINT)], INDENT + 7) if not worker.attachable else []


def _end(workers: Sequence[Worker], view: View) -> list[Text]:
    """What a question mark means, and the command for the first worker that can be watched."""
    lines: list[Text] = []
    if not all(worker.certain for worker in workers):
        lines += flow([Text(GUESS, FAINT), Text(SETTLES, CODE)], prose_room(view, 0), "  ", lead="  ")
    pid = next((w.pid for w in workers if w.attachable and w.certain and w.role == "worker"), None)
    if pid is not None:
        parts = [Text(f"asyncspy attach --pid {pid}", CODE), Text("records it and reports", FAINT)]
        lines += labelled("Next", flow(parts, view.columns - 6, "   ", lead="  "), 0, 6, NAME)
    return lines
