"""What /proc and the installed metadata say of processes, each file read at most once for all that ask."""

from __future__ import annotations

from asyncspy.discover.command_line import Process
from asyncspy.discover.interpreter import Interpreter, interpreter
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.installed import Installed, Versions
from asyncspy.discover.servers.sockets import Sockets


class Evidence:
    """One look at the machine; what processes share (folders of packages, tables of sockets) is read once for all."""

    def __init__(self, proc: Proc) -> None:
        self.proc = proc
        self.sockets = Sockets(proc)
        self._installed = Installed(proc)
        self._mapped: dict[int, frozenset[str] | None] = {}

    def mapped(self, pid: int) -> frozenset[str] | None:
        """The files that a process has mapped; None where they cannot be read."""
        if pid not in self._mapped:
            self._mapped[pid] = self.proc.mapped_files(pid)
        return self._mapped[pid]

    def interpreter(self, process: Process) -> Interpreter:
        """Whether it runs Python, and which."""
        return interpreter(process.exe, self.mapped(process.pid))

    def python(self, process: Process) -> str | None:
        """The Python that runs in it."""
        return self.interpreter(process).version

    def versions(self, process: Process) -> Versions:
        """The packages that it would import, by normalised name."""
        return self._installed.versions(process, self.python(process), self.mapped(process.pid) or frozenset())
