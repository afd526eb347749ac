"""The process table to server processes: who is the master, who works, who only helps. Pure: no process is touched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from asyncspy.discover.command_line import Process, command
from asyncspy.discover.servers.catalog import BY_NAME, SPAWNED, SPAWNED_MARK, TITLES, TRACKER, Server, server_of
from asyncspy.discover.servers.server_options import APP, Options, parse
from asyncspy.model.processes import Role

LONGEST_TITLE = 1_000

# Why a role is in doubt.
NO_WORKERS = "a master by its command line, but no workers of it are there: it may be starting, or may have lost them"
NO_ENVIRONMENT = "it has spawned processes, and its environment, which could ask for workers, cannot be read"
FORKED = "it has forked processes of its own: a worker with a pool, a dirty arbiter, or the new master of an upgrade"
STILL_TITLED = "it still bears its master's title"
NO_RELOADER_SEEN = "its environment, which tells the server from its reloader, cannot be read"
OWN_PROGRAM = "a program of its own, which listens and has {} installed: no command line says that it serves"


@dataclass(frozen=True, slots=True)
class Placed:
    """A process and its place in a server; `doubt` is why the table leaves its role uncertain.

    `master` is the process that the app, the options and the listening sockets are asked of.
    """

    process: Process
    server: Server
    role: Role
    doubt: str | None = None
    app: str | None = None
    bind: str | None = None
    options: Options | None = None
    master: Process | None = None

    @property
    def certain(self) -> bool:
        """Whether the role is beyond doubt."""
        return self.doubt is None


class _Tree:
    """The rows by pid, and which children of which sort each has made."""

    def __init__(self, table: Iterable[Process]) -> None:
        self.rows = {process.pid: process for process in table}
        self.forked: dict[int, list[int]] = defaultdict(list)
        self.spawned: dict[int, list[int]] = defaultdict(list)
        for row in self.rows.values():
            parent = self.rows.get(row.ppid)
            if parent is not None and row.cmdline and row.cmdline == parent.cmdline:
                self.forked[row.ppid].append(row.pid)
            elif SPAWNED_MARK in row.cmdline:
                self.spawned[row.ppid].append(row.pid)

    def forks(self, pid: int) -> bool:
        """Whether a process has children that are copies of it."""
        return pid in self.forked

    def only_forking_child(self, pid: int, parent: int) -> bool:
        """Whether no other child of this parent has forked."""
        return [child for child in self.forked[parent] if self.forks(child)] == [pid]

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
    started_again = parent is not None and parent.server.children == "again" and parent.role == "reloader"
    if parent is not None and process.cmdline == parent.process.cmdline and not started_again:
        return _forked(process, parent, tree)
    titled = _titled(process, parent)
    if titled is not None:
        return titled
    run = command(process)
    if run is None:
        return None
    named = server_of(run)
    if named is not None:
        return _started(process, parse(*named, process), parent, tree)
    if run.program == "-c" and parent is not None:
        found = _spawned(process, parent, run.arguments[0])
        if found is not None:
            return found
    return _suspected(process, tree) if process.suspected is not None else None


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


def _started(process: Process, options: Options, parent: Placed | None, tree: _Tree) -> Placed:
    """A process that was started by the server's own command: the top of its tree, or its reloader's child."""
    server = options.server
    role: Role = "worker"
    doubt = None
    if server.children == "fork":
        role, doubt = "master", None if tree.forks(process.pid) else NO_WORKERS
    elif server.children == "spawn":
        role, doubt = _of_spawning(options, has_spawned=process.pid in tree.spawned)
    elif server.children == "again":
        role, doubt = _of_reloading(process, options, parent, tree)
    app = options.app if server.children != "again" else None
    return Placed(process, server, role, doubt, app, options.bind, options)


def _of_spawning(options: Options, *, has_spawned: bool) -> tuple[Role, str | None]:
    """The role of the top of a spawning server's tree, which may be the whole tree."""
    if options.reload:
        return "reloader", None
    if options.workers is None:
        # Only an environment that we cannot read could say so; what uvicorn spawns is nearly always a worker.
        return ("master", NO_ENVIRONMENT) if has_spawned else ("worker", None)
    return ("master" if options.workers >= options.server.workers_make_master else "worker"), None


def _of_reloading(process: Process, options: Options, parent: Placed | None, tree: _Tree) -> tuple[Role, str | None]:
    """Django's reloader starts its own command line again, with RUN_MAIN in the environment."""
    below_reloader = parent is not None and parent.server is options.server
    if "--noreload" in options.given or below_reloader:
        return "worker", None
    if process.environ is not None:
        return ("worker" if process.environ.get("RUN_MAIN") == "true" else "reloader"), None
    return ("reloader", None) if tree.forks(process.pid) else ("worker", NO_RELOADER_SEEN)


def _suspected(process: Process, tree: _Tree) -> Placed:
    """A program of the user's own that may run a server inside."""
    server = BY_NAME[process.suspected or ""]
    spawned = len(tree.spawned.get(process.pid, ()))
    role: Role = "worker"
    if spawned and server.children == "spawn":
        role = "master" if spawned > 1 else "reloader"
    elif server.children == "fork" and tree.forks(process.pid):
        role = "master"
    return Placed(process, server, role, OWN_PROGRAM.format(server.distribution))


def _forked(process: Process, parent: Placed, tree: _Tree) -> Placed:
    """The same command line as its parent's: a fork that never started another program.

    A master's fork is a worker. It is doubted where it forks, too (a worker with a process pool of its own, or the new
    master of an upgrade), and where it still bears its master's title.
    """
    if parent.role != "master" or parent.server.children != "fork":
        return _child(process, parent, "helper", parent.doubt)
    if tree.forks(process.pid):
        keeps_arbiter = parent.options is not None and parent.options.dirty
        if keeps_arbiter and tree.only_forking_child(process.pid, parent.process.pid):
            return _child(process, parent, "helper", None)
        return _child(process, parent, "worker", FORKED)
    if parent.options is None and parent.process.suspected is None:
        return _child(process, parent, "worker", STILL_TITLED)
    return _child(process, parent, "worker", parent.doubt)


def _spawned(process: Process, parent: Placed, code: str) -> Placed | None:
    """A bare interpreter under a server: its parent knows what it is."""
    if TRACKER.search(code):
        return _child(process, parent, "helper", None)
    if not SPAWNED.search(code):
        return None
    makes_workers = parent.server.children == "spawn" and parent.role in {"master", "reloader"}
    return _child(process, parent, "worker" if makes_workers else "helper", parent.doubt)


def _child(process: Process, parent: Placed, role: Role, doubt: str | None) -> Placed:
    master = parent.master or parent.process
    return Placed(process, parent.server, role, doubt, parent.app, parent.bind, parent.options, master)
