"""The live process table to `Process` rows: psutil's pids, one pass over the command lines, the rest for candidates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import psutil

from asyncspy.discover.command_line import Process
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.catalog import SERVERS, SPAWNED_MARK, TRACKER_MARK
from asyncspy.discover.servers.evidence import Evidence
from asyncspy.discover.servers.suspects import is_own_program, may_be_suspected, suspected

_WORDS = (*(server.name for server in SERVERS), SPAWNED_MARK, TRACKER_MARK)

ENVIRON_PREFIXES = tuple(server.environ_prefix for server in SERVERS if server.environ_prefix)
ENVIRON_NAMES = frozenset(
    {"DJANGO_ALLOW_ASYNC_UNSAFE", "DJANGO_SETTINGS_MODULE", "PATH", "PYTHONPATH", "RUN_MAIN", "VIRTUAL_ENV"}
    | {server.workers_environ for server in SERVERS if server.workers_environ}
)
"""The only variables that are looked at; an environment holds secrets."""


def candidates(evidence: Evidence) -> list[Process]:
    """Every process that may belong to a server; one that ends meanwhile is left out.

    Those are the processes whose command line names a server or may be a server's child, and the Python programs that
    listen. Of the others nothing but the command line is asked: a busy host has thousands, and a `psutil.Process` of
    each, which begins with its start time, would take several times as long.
    """
    named, others = [], []
    for pid in psutil.pids():
        cmdline = evidence.proc.cmdline(pid)
        if any(word in argument for argument in cmdline for word in _WORDS):
            named.append((pid, cmdline))
        elif may_be_suspected(cmdline):
            others.append((pid, cmdline))
    found = []
    for process in filter(None, (row(pid, cmdline, evidence.proc) for pid, cmdline in named)):
        if may_be_suspected(process.cmdline) and is_own_program(process):
            others.append((process.pid, process.cmdline))  # run_uvicorn.py
        else:
            found.append(process)
    return [*found, *_suspects(others, evidence)]


def _suspects(listed: Iterable[tuple[int, tuple[str, ...]]], evidence: Evidence) -> Iterable[Process]:
    """The Python programs that listen and may be servers, and the copies that they have forked."""
    listening = [(pid, cmdline) for pid, cmdline in listed if evidence.sockets.bind(pid) is not None]
    rows = [process for pid, cmdline in listening if (process := row(pid, cmdline, evidence.proc)) is not None]
    lines = {process.pid: process.cmdline for process in rows}
    parents = {process.ppid for process in rows if lines.get(process.ppid) == process.cmdline}
    for process in rows:
        if lines.get(process.ppid) == process.cmdline:
            yield process
        elif (server := suspected(process, evidence, forks=process.pid in parents)) is not None:
            yield replace(process, suspected=server)


def one(pid: int, proc: Proc) -> Process | None:
    """Any process by its pid; None where it has ended."""
    return row(pid, proc.cmdline(pid), proc)


def row(pid: int, cmdline: tuple[str, ...], proc: Proc) -> Process | None:
    """A process with what its own files say of it."""
    status = proc.status(pid)
    if "PPid" not in status:
        return None
    environ = proc.environ(pid)
    decisive = None if environ is None else {name: value for name, value in environ.items() if _decides(name)}
    return Process(pid, int(status["PPid"]), status.get("Name", ""), cmdline, proc.link(pid, "exe"), decisive)


def _decides(name: str) -> bool:
    return name in ENVIRON_NAMES or name.startswith(ENVIRON_PREFIXES)
