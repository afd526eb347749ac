"""Read from /proc and the installed metadata what a listing shows of processes, each file at most once.

`MachineScan` is one look at the machine; it turns a classified process into a `Worker`.
"""

from __future__ import annotations

import re

from asyncspy.discover.access.gather import read_machine
from asyncspy.discover.access.permission import may_attach
from asyncspy.discover.command_line import ProcessInfo
from asyncspy.discover.containers import container_name, pid_inside
from asyncspy.discover.interpreter import Interpreter, identify_interpreter
from asyncspy.discover.live_processes import process_usage
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.catalog import RUNSERVER
from asyncspy.discover.servers.classify import ServerProcess
from asyncspy.discover.servers.django_settings import async_unsafe_allowed, settings_module
from asyncspy.discover.servers.installed import InstalledPackages, PackageVersions
from asyncspy.discover.servers.redact import redact
from asyncspy.discover.servers.sockets import ListeningSockets
from asyncspy.model.processes import Worker

_ANY_PORT = re.compile(r":0\b")

TWISTED = "/zope/interface/"
"""Mapped wherever Twisted runs, which channels and daphne put under runserver; Django's own has no event loop."""


class MachineScan:
    """One look at the machine; what processes share (package folders, socket tables) is read once for all."""

    def __init__(self, proc: Proc) -> None:
        self.proc = proc
        self.sockets = ListeningSockets(proc)
        self._machine = read_machine(proc)
        self._installed = InstalledPackages(proc)
        self._mapped: dict[int, frozenset[str] | None] = {}

    def mapped_files(self, pid: int) -> frozenset[str] | None:
        """List the files that a process has mapped; None if they cannot be read."""
        if pid not in self._mapped:
            self._mapped[pid] = self.proc.mapped_files(pid)
        return self._mapped[pid]

    def interpreter(self, process: ProcessInfo) -> Interpreter:
        """Tell whether a process runs Python, and which."""
        return identify_interpreter(process.exe, self.mapped_files(process.pid))

    def versions(self, process: ProcessInfo) -> PackageVersions:
        """Return the versions of the packages that a process would import, by normalised name."""
        python = self.interpreter(process).version
        return self._installed.versions(process, python, self.mapped_files(process.pid) or frozenset())

    def worker(self, server_process: ServerProcess) -> Worker | None:
        """Read all that a listing shows of a process; None if it has ended."""
        process = server_process.process
        usage = process_usage(process.pid)
        if usage is None:
            return None
        versions = self.versions(process)
        settings = settings_module(server_process, self.proc)
        permission = may_attach(process.pid, self.proc, self._machine)
        return Worker(
            pid=process.pid,
            ppid=process.ppid,
            role=server_process.role,
            certain=server_process.doubt is None,
            server=server_process.server.name,
            server_version=versions.get(server_process.server.distribution),
            app=server_process.app,
            bind=self._bind(server_process),
            loop=_loop(server_process, self.mapped_files(process.pid)),
            python=self.interpreter(process).version,
            django=versions.get("django"),
            asgiref=versions.get("asgiref"),
            async_unsafe_allowed=async_unsafe_allowed(server_process, settings, self.proc),
            attachable=permission.allowed,
            reason=permission.reason,
            remedy=permission.remedy,
            command=redact([argument for argument in process.cmdline if argument]),
            cwd=self.proc.link(process.pid, "cwd"),
            doubt=server_process.doubt,
            settings=settings,
            container=container_name(self.proc.text(process.pid, "cgroup") or ""),
            pid_inside=pid_inside(self.proc.status(process.pid)),
            **usage._asdict(),
        )

    def _bind(self, server_process: ServerProcess) -> str | None:
        """Return where it listens: as the command line says, unless it says nothing or "any port"."""
        if server_process.bind is not None and not _ANY_PORT.search(server_process.bind):
            return server_process.bind
        return self.sockets.addresses((server_process.master or server_process.process).pid)


def _loop(server_process: ServerProcess, files: frozenset[str] | None) -> str | None:
    """Return the event loop, if it is known; masters run none that serves.

    A mapped uvloop shows that it runs; that it is not mapped proves nothing unless the command line says "auto".
    """
    if server_process.role != "worker":
        return None
    setting = (
        server_process.options.loop if server_process.options is not None else server_process.server.loop_unless_said
    )
    if server_process.options is None and setting == "auto":
        setting = "unknown"
    if setting in {None, "asyncio", "uvloop"}:
        return setting
    if files is None:
        return None
    if server_process.server is RUNSERVER:
        return "asyncio" if any(TWISTED in file for file in files) else None
    if any("/uvloop/" in file for file in files):
        return "uvloop"
    return "asyncio" if setting == "auto" else None
