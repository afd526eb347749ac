"""The live process table to `Process` rows: one psutil pass over the command lines, the rest for candidates only."""

from __future__ import annotations

import psutil

from asyncspy.discover.proc import Proc
from asyncspy.discover.process import Process
from asyncspy.discover.servers import SERVERS, SPAWNED_MARK, TRACKER_MARK

_WORDS = (*(server.name for server in SERVERS), SPAWNED_MARK, TRACKER_MARK)

ENVIRON_PREFIXES = tuple(server.environ_prefix for server in SERVERS if server.environ_prefix)
ENVIRON_NAMES = frozenset(
    {"DJANGO_ALLOW_ASYNC_UNSAFE", "PATH", "PYTHONPATH", "VIRTUAL_ENV"}
    | {server.workers_environ for server in SERVERS if server.workers_environ}
)
"""The only variables that are looked at; an environment holds secrets."""


def candidates(proc: Proc) -> list[Process]:
    """Every process whose command line names a server or may be a server's child; one that ends meanwhile is left out.

    Nothing else is asked of the others: a busy host has thousands. Even the parent's pid costs psutil a second look.
    """
    found = []
    for listed in psutil.process_iter(["cmdline"], ad_value=None):
        cmdline = tuple(listed.info["cmdline"] or ())
        if any(word in argument for argument in cmdline for word in _WORDS):
            found.append(row(listed.pid, cmdline, proc))
    return [process for process in found if process is not None]


def one(pid: int, proc: Proc) -> Process | None:
    """Any process by its pid; None where it has ended."""
    text = proc.text(pid, "cmdline") or ""
    return row(pid, tuple(text.removesuffix("\0").split("\0")) if text else (), proc)


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
