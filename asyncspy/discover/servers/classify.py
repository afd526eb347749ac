"""Classify the rows of a process table: which servers run, and which process is master, worker or helper. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from asyncspy.discover.command_line import ProcessInfo, python_command
from asyncspy.discover.servers.catalog import (
    SERVERS_BY_NAME,
    SPAWNED_CODE,
    SPAWNED_MARK,
    TITLES,
    TRACKER_CODE,
    Server,
    server_of,
)
from asyncspy.discover.servers.server_options import APP_NAME, ServerOptions, parse_options
from asyncspy.model.processes import Role

MAX_TITLE_LENGTH = 1_000

# Why a role is in doubt.
NO_WORKERS = "a master by its command line, but it has no workers: it may be starting, or may have lost them"
NO_ENVIRONMENT = "it has spawned processes, and its environment, which could ask for workers, cannot be read"
FORKED = "it has forked processes of its own: a worker with a pool, a dirty arbiter, or the new master of an upgrade"
STILL_TITLED = "it still has its master's title"
NO_RELOADER_SEEN = "its environment, which tells the server from its reloader, cannot be read"
OWN_PROGRAM = "a program of your own, which listens and has {} installed; its command line does not name a server"


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A process and its role in a server; `doubt` is why the table leaves the role uncertain.

    `master` is the process whose app, options and listening sockets it shares.
    """

    process: ProcessInfo
    server: Server
    role: Role
    doubt: str | None = None
    app: str | None = None
    bind: str | None = None
    options: ServerOptions | None = None
    master: ProcessInfo | None = None


class _Tree:
    """The rows by pid, and the children that each has forked and spawned."""

    def __init__(self, table: Iterable[ProcessInfo]) -> None:
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
        """Whether a process has forked copies of itself."""
        return pid in self.forked

    def only_forking_child(self, pid: int, parent: int) -> bool:
        """Whether this is the one child of its parent that has forked."""
        return [child for child in self.forked[parent] if self.forks(child)] == [pid]

    def parents_first(self) -> list[ProcessInfo]:
        """Sort the rows by depth, then pid."""
        return sorted(self.rows.values(), key=self._depth)

    def _depth(self, row: ProcessInfo) -> tuple[int, int]:
        """Count ancestors; a table that was read while pids were reused can even hold a circle."""
        seen = {row.pid}
        pid = row.ppid
        while pid in self.rows and pid not in seen:
            seen.add(pid)
            pid = self.rows[pid].ppid
        return len(seen), row.pid


def classify(table: Iterable[ProcessInfo]) -> list[ServerProcess]:
    """Return the server processes of a table, parents before their children."""
    tree = _Tree(table)
    classified: dict[int, ServerProcess] = {}
    for process in tree.parents_first():
        found = _classify_one(process, classified.get(process.ppid), tree)
        if found is not None:
            classified[process.pid] = found
    return list(classified.values())


def _classify_one(process: ProcessInfo, parent: ServerProcess | None, tree: _Tree) -> ServerProcess | None:
    started_again = parent is not None and parent.server.children == "again" and parent.role == "reloader"
    if parent is not None and process.cmdline == parent.process.cmdline and not started_again:
        return _classify_fork(process, parent, tree)
    titled = _classify_titled(process, parent)
    if titled is not None:
        return titled
    run = python_command(process)
    if run is None:
        return None
    server_and_arguments = server_of(run)
    if server_and_arguments is not None:
        return _classify_started(process, parse_options(*server_and_arguments, process), parent, tree)
    if run.program == "-c" and parent is not None:
        found = _classify_spawned(process, parent, run.arguments[0])
        if found is not None:
            return found
    return _classify_suspect(process, tree) if process.suspected is not None else None


def _classify_titled(process: ProcessInfo, parent: ServerProcess | None) -> ServerProcess | None:
    """Classify a process by the title that it gave itself."""
    title = " ".join(filter(None, process.cmdline))
    if len(title) > MAX_TITLE_LENGTH:
        return None
    for server, pattern, role in TITLES:
        match = pattern.fullmatch(title)
        if match:
            app = match.groupdict().get("app") or ""
            beside = parent is not None and parent.server is server and role != "master"
            return ServerProcess(
                process,
                server,
                role,
                app=app if APP_NAME.fullmatch(app) else None,
                bind=match.groupdict().get("bind"),
                master=parent.process if parent is not None and beside else None,
            )
    return None


def _classify_started(
    process: ProcessInfo, options: ServerOptions, parent: ServerProcess | None, tree: _Tree
) -> ServerProcess:
    """Classify what the server's own command started: the top of its tree, or its reloader's child."""
    server = options.server
    role: Role = "worker"
    doubt = None
    if server.children == "fork":
        role, doubt = "master", None if tree.forks(process.pid) else NO_WORKERS
    elif server.children == "spawn":
        role, doubt = _spawning_role(options, has_spawned=process.pid in tree.spawned)
    elif server.children == "again":
        role, doubt = _reloading_role(process, options, parent, tree)
    app = options.app if server.children != "again" else None
    return ServerProcess(process, server, role, doubt, app, options.bind, options)


def _spawning_role(options: ServerOptions, *, has_spawned: bool) -> tuple[Role, str | None]:
    """Return the role of the top of a spawning server's tree, which may be the whole tree, and a doubt."""
    if options.reload:
        return "reloader", None
    if options.workers is None:
        # Only an environment that we cannot read could ask for workers; what uvicorn spawns is nearly always one.
        return ("master", NO_ENVIRONMENT) if has_spawned else ("worker", None)
    return ("master" if options.workers >= options.server.workers_make_master else "worker"), None


def _reloading_role(
    process: ProcessInfo, options: ServerOptions, parent: ServerProcess | None, tree: _Tree
) -> tuple[Role, str | None]:
    """Tell Django's reloader from the server, which it starts with the same command line and RUN_MAIN set."""
    below_reloader = parent is not None and parent.server is options.server
    if "--noreload" in options.given or below_reloader:
        return "worker", None
    if process.environ is not None:
        return ("worker" if process.environ.get("RUN_MAIN") == "true" else "reloader"), None
    return ("reloader", None) if tree.forks(process.pid) else ("worker", NO_RELOADER_SEEN)


def _classify_suspect(process: ProcessInfo, tree: _Tree) -> ServerProcess:
    """Classify a program of the user's own that may run a server."""
    server = SERVERS_BY_NAME[process.suspected or ""]
    spawned = len(tree.spawned.get(process.pid, ()))
    role: Role = "worker"
    if spawned and server.children == "spawn":
        role = "master" if spawned > 1 else "reloader"
    elif server.children == "fork" and tree.forks(process.pid):
        role = "master"
    return ServerProcess(process, server, role, OWN_PROGRAM.format(server.distribution))


def _classify_fork(process: ProcessInfo, parent: ServerProcess, tree: _Tree) -> ServerProcess:
    """Classify a process with its parent's command line: a fork that never started another program.

    A master's fork is a worker. That is in doubt if it forks too (a worker with a process pool of its own, or the new
    master of an upgrade), or still has its master's title.
    """
    if parent.role != "master" or parent.server.children != "fork":
        return _child_of_server(process, parent, "helper", parent.doubt)
    if tree.forks(process.pid):
        keeps_arbiter = parent.options is not None and parent.options.dirty
        if keeps_arbiter and tree.only_forking_child(process.pid, parent.process.pid):
            return _child_of_server(process, parent, "helper", None)
        return _child_of_server(process, parent, "worker", FORKED)
    if parent.options is None and parent.process.suspected is None:
        return _child_of_server(process, parent, "worker", STILL_TITLED)
    return _child_of_server(process, parent, "worker", parent.doubt)


def _classify_spawned(process: ProcessInfo, parent: ServerProcess, code: str) -> ServerProcess | None:
    """Classify a bare interpreter that a server has spawned, by its parent."""
    if TRACKER_CODE.search(code):
        return _child_of_server(process, parent, "helper", None)
    if not SPAWNED_CODE.search(code):
        return None
    makes_workers = parent.server.children == "spawn" and parent.role in {"master", "reloader"}
    return _child_of_server(process, parent, "worker" if makes_workers else "helper", parent.doubt)


def _child_of_server(process: ProcessInfo, parent: ServerProcess, role: Role, doubt: str | None) -> ServerProcess:
    master = parent.master or parent.process
    return ServerProcess(process, parent.server, role, doubt, parent.app, parent.bind, parent.options, master)
