"""Read the live process table into `ProcessInfo` rows: one pass over all command lines, the rest for candidates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import psutil

from asyncspy.discover.command_line import ProcessInfo
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.catalog import SERVERS, SPAWNED_MARK, TRACKER_MARK
from asyncspy.discover.servers.scan import MachineScan
from asyncspy.discover.servers.uncertain_roles import is_own_program, may_be_suspected, suspected_server

_SERVER_WORDS = (*(server.name for server in SERVERS), SPAWNED_MARK, TRACKER_MARK)

ENVIRON_PREFIXES = tuple(server.environ_prefix for server in SERVERS if server.environ_prefix)
ENVIRON_NAMES = frozenset(
    {"DJANGO_ALLOW_ASYNC_UNSAFE", "DJANGO_SETTINGS_MODULE", "PATH", "PYTHONPATH", "RUN_MAIN", "VIRTUAL_ENV"}
    | {server.workers_environ for server in SERVERS if server.workers_environ}
)
"""The only variables that are kept; an environment holds secrets."""


def server_candidates(scan: MachineScan) -> list[ProcessInfo]:
    """List every process that may belong to a server; one that ends while it is read is left out.

    Those are the processes whose command line names a server or may be a server's child, and Python programs that
    listen. Of all others only the command line is read: a busy host has thousands, and a `psutil.Process` for each
    would take several times as long.
    """
    named, others = [], []
    for pid in psutil.pids():
        cmdline = scan.proc.cmdline(pid)
        if any(word in argument for argument in cmdline for word in _SERVER_WORDS):
            named.append((pid, cmdline))
        elif may_be_suspected(cmdline):
            others.append((pid, cmdline))
    found = []
    for process in _read_all(named, scan.proc):
        if may_be_suspected(process.cmdline) and is_own_program(process):
            others.append((process.pid, process.cmdline))  # run_uvicorn.py
        else:
            found.append(process)
    return [*found, *_suspects(others, scan)]


def _suspects(listed: Iterable[tuple[int, tuple[str, ...]]], scan: MachineScan) -> Iterable[ProcessInfo]:
    """Yield the Python programs that listen and may be servers, and their forked copies."""
    rows = _read_all([row for row in listed if scan.sockets.addresses(row[0]) is not None], scan.proc)
    lines = {process.pid: process.cmdline for process in rows}
    parents = {process.ppid for process in rows if lines.get(process.ppid) == process.cmdline}
    for process in rows:
        if lines.get(process.ppid) == process.cmdline:
            yield process
        elif (server := suspected_server(process, scan, forks=process.pid in parents)) is not None:
            yield replace(process, suspected=server)


def _read_all(listed: Iterable[tuple[int, tuple[str, ...]]], proc: Proc) -> list[ProcessInfo]:
    return [process for pid, cmdline in listed if (process := read_process(pid, proc, cmdline)) is not None]


def read_process(pid: int, proc: Proc, cmdline: tuple[str, ...] | None = None) -> ProcessInfo | None:
    """Read one row of the table; None if the process has ended."""
    cmdline = proc.cmdline(pid) if cmdline is None else cmdline
    status = proc.status(pid)
    if "PPid" not in status:
        return None
    environ = proc.environ(pid)
    kept = None if environ is None else {name: value for name, value in environ.items() if _is_kept(name)}
    return ProcessInfo(pid, int(status["PPid"]), status.get("Name", ""), cmdline, proc.link(pid, "exe"), kept)


def _is_kept(name: str) -> bool:
    return name in ENVIRON_NAMES or name.startswith(ENVIRON_PREFIXES)
