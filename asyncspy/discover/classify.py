"""The process table to server processes: who is the master, who works, who only helps. Pure: no process is touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from asyncspy.discover.options import APP, Options, parse
from asyncspy.discover.process import Process, command
from asyncspy.discover.servers import BY_PROGRAM, SPAWNED, SPAWNED_MARK, TITLES, TRACKER, Server
from asyncspy.model import Role

LONGEST_TITLE = 1_000


@dataclass(frozen=True, slots=True)
class Placed:
    """A process and its place in a server; `certain` is False where the table leaves doubt about the role.

    `master` is the process that the app, the options and the listening sockets are asked of.
    """

    process: Process
    server: Server
    role: Role
    certain: bool = True
    app: str | None = None
    bind: str | None = None
    options: Options | None = None
    master: Process | None = None


class _Tree:
    """The rows by pid, and which of them have made children of which sort."""

    def __init__(self, table: Iterable[Process]) -> None:
        self.rows = {process.pid: process for process in table}
        self.forking: set[int] = set()
        self.spawning: set[int] = set()
        for row in self.rows.values():
            parent = self.rows.get(row.ppid)
            if parent is not None and row.cmdline and row.cmdline == parent.cmdline:
                self.forking.add(row.ppid)
            elif SPAWNED_MARK in row.cmdline:
                self.spawning.add(row.ppid)

    def parents_first(self) -> list[Process]:
        """All rows by depth, then pid."""
        return sorted(self.rows.values(), key=self._depth)

    def _depth(self, row: Process) -> tuple[int, int]:
        """A table that was read while pids were used again can even hold a circle."""
        seen = {row.pid}
        pid = row.ppid
        while pid in self.rows and pid not in seen:
            seen.add(pid)
            pid = self.rows[pid].ppid
        return len(seen), row.pid


def classify(table: Iterable[Process]) -> list[Placed]:
    """The server processes of a table, parents before their children."""
    tree = _Tree(table)
    placed: dict[int, Placed] = {}
    for process in tree.parents_first():
        found = _place(process, placed.get(process.ppid), tree)
        if found is not None:
            placed[process.pid] = found
    return list(placed.values())


def _place(process: Process, parent: Placed | None, tree: _Tree) -> Placed | None:
    if parent is not None and process.cmdline == parent.process.cmdline:
        return _forked(process, parent, tree)
    titled = _titled(process, parent)
    if titled is not None:
        return titled
    run = command(process)
    if run is None:
        return None
    if run.program in BY_PROGRAM:
        return _started(process, parse(BY_PROGRAM[run.program], run.arguments, process), tree)
    if run.program == "-c" and parent is not None:
        return _spawned(process, parent, run.arguments[0])
    return None


def _titled(process: Process, parent: Placed | None) -> Placed | None:
    """A process that names its own role."""
    title = " ".join(filter(None, process.cmdline))
    if len(title) > LONGEST_TITLE:
        return None
    for server, pattern, role in TITLES:
        match = pattern.fullmatch(title)
        if match:
            app = match.groupdict().get("app") or ""
            beside = parent is not None and parent.server is server and role != "master"
            return Placed(
                process,
                server,
                role,
                app=app if APP.fullmatch(app) else None,
                bind=match.groupdict().get("bind"),
                master=parent.process if parent is not None and beside else None,
            )
    return None


def _started(process: Process, options: Options, tree: _Tree) -> Placed:
    """A process that was started by the server's own command: the top of its tree."""
    server = options.server
    role: Role = "worker"
    certain = True
    if server.children == "fork":
        role, certain = "master", process.pid in tree.forking
    elif server.children == "spawn":
        role, certain = _of_spawning(options, has_spawned=process.pid in tree.spawning)
    return Placed(process, server, role, certain, options.app, options.bind, options)


def _of_spawning(options: Options, *, has_spawned: bool) -> tuple[Role, bool]:
    """The role of the top of a spawning server's tree, which may be the whole tree."""
    if options.reload:
        return "reloader", True
    if options.workers is None:
        # Only an environment that we cannot read could say so; what uvicorn spawns is nearly always a worker.
        return ("master", False) if has_spawned else ("worker", True)
    return ("master" if options.workers >= options.server.workers_make_master else "worker"), True


def _forked(process: Process, parent: Placed, tree: _Tree) -> Placed:
    """The same command line as its parent's: a fork that never started another program.

    A master's fork is a worker. It is doubted where it forks, too (a worker with a process pool of its own, or the new
    master of an upgrade), and where it still bears its master's title.
    """
    if parent.role == "master" and parent.server.children == "fork":
        doubt = process.pid in tree.forking or parent.options is None
        return _child(process, parent, "worker", certain=not doubt)
    return _child(process, parent, "helper", certain=parent.certain)


def _spawned(process: Process, parent: Placed, code: str) -> Placed | None:
    """A bare interpreter under a server: its parent knows what it is."""
    if TRACKER.match(code):
        return _child(process, parent, "helper", certain=True)
    if not SPAWNED.match(code):
        return None
    makes_workers = parent.server.children == "spawn" and parent.role in {"master", "reloader"}
    return _child(process, parent, "worker" if makes_workers else "helper", certain=parent.certain)


def _child(process: Process, parent: Placed, role: Role, *, certain: bool) -> Placed:
    master = parent.master or parent.process
    return Placed(process, parent.server, role, certain, parent.app, parent.bind, parent.options, master)
