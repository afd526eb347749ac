"""Find server processes on this machine and return them as `Worker`s: all, one by its pid, or a master's workers."""

from __future__ import annotations

from collections.abc import Iterable

from asyncspy.discover.access.fix_commands import LIST_WORKERS
from asyncspy.discover.access.permission import may_attach
from asyncspy.discover.command_line import ProcessInfo
from asyncspy.discover.interpreter import Interpreter
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.catalog import PLAIN_PYTHON
from asyncspy.discover.servers.classify import ServerProcess, classify
from asyncspy.discover.servers.process_table import read_process, server_candidates
from asyncspy.discover.servers.scan import MachineScan
from asyncspy.discover.servers.select import topmost_ancestor
from asyncspy.errors import TargetError
from asyncspy.model.processes import Worker

NO_SERVER = "its command line names no known server"
KERNEL_THREAD_FLAG = 0x00200000
_ROLE_ORDER = {"reloader": 0, "master": 0, "worker": 1, "helper": 2}


def find_workers() -> list[Worker]:
    """List every server process: servers by name and app, each master before its workers, oldest first.

    A process that ends while it is read is left out; what may not be read of a process is None.
    """
    scan = MachineScan(Proc())
    found = classify(server_candidates(scan))
    return sort_workers([worker for worker in map(scan.worker, found) if worker is not None])


def workers_of(worker: Worker) -> list[Worker]:
    """List a master's or reloader's workers as they are now; a worker has none."""
    if worker.role not in {"master", "reloader"}:
        return []
    return [found for found in find_workers() if found.ppid == worker.pid and found.role == "worker"]


def inspect_process(pid: int) -> Worker:
    """Describe one process, of a known server or any other Python. Raises TargetError if it cannot be attached to."""
    proc = Proc()
    scan = MachineScan(proc)
    require_live_process(pid, proc)
    found = _server_process(pid, scan)
    process = found.process
    interpreter = scan.interpreter(process)
    require_python(process, interpreter)
    permission = may_attach(pid, proc)
    if not permission.allowed:
        doubt = "" if interpreter.found else "; whether it runs Python could not be seen, either"
        message = f"cannot attach to process {pid} ({process.name}): {permission.reason}{doubt}"
        raise TargetError(message, remedy=permission.remedy or LIST_WORKERS)
    worker = scan.worker(found)
    if worker is None:
        raise no_process(pid)
    return worker


def _server_process(pid: int, scan: MachineScan) -> ServerProcess:
    known = next((found for found in classify(server_candidates(scan)) if found.process.pid == pid), None)
    if known is not None:
        return known
    process = read_process(pid, scan.proc)
    if process is None:
        raise no_process(pid)
    return ServerProcess(process, PLAIN_PYTHON, "worker", NO_SERVER)


def require_live_process(pid: int, proc: Proc) -> None:
    """Raise TargetError for a pid that is gone or hidden, a thread, a kernel thread or a zombie."""
    status = proc.status(pid) if pid > 0 else {}
    if "Uid" not in status:
        permission = may_attach(pid, proc)
        if permission.reason is not None and permission.remedy != LIST_WORKERS:
            message = f"cannot attach to process {pid}: {permission.reason}"
            raise TargetError(message, remedy=permission.remedy or LIST_WORKERS)
        raise no_process(pid)
    leader = status.get("Tgid", str(pid))
    if leader != str(pid):
        raise TargetError(
            f"{pid} is a thread of process {leader}, not a process", remedy=f"asyncspy attach --pid {leader}"
        )
    name = status.get("Name", "")
    if (proc.flags(pid) or 0) & KERNEL_THREAD_FLAG:
        raise TargetError(f"process {pid} ({name}) is a thread of the kernel, not Python", remedy=LIST_WORKERS)
    if status.get("State", "").startswith(("Z", "X")):
        raise TargetError(
            f"process {pid} ({name}) has ended, but its parent {status.get('PPid')} has not collected it (a zombie)",
            remedy=LIST_WORKERS,
        )


def require_python(process: ProcessInfo, interpreter: Interpreter) -> None:
    """Raise TargetError for a process that py-spy cannot read."""
    if interpreter.found is False:
        raise TargetError(f"process {process.pid} ({process.name}) is not a Python process", remedy=LIST_WORKERS)
    if interpreter.pypy:
        raise TargetError(
            f"process {process.pid} runs PyPy, and py-spy reads only CPython", remedy="run the server on CPython"
        )


def no_process(pid: int) -> TargetError:
    """Return the error for a pid that no process has."""
    return TargetError(f"there is no process {pid}; it may have ended or restarted", remedy=LIST_WORKERS)


def sort_workers(workers: Iterable[Worker]) -> list[Worker]:
    """Sort trees by server and app, and in a tree: master, workers, helpers, oldest first."""
    workers = list(workers)
    by_pid = {worker.pid: worker for worker in workers}

    def key(worker: Worker) -> tuple[object, ...]:
        top = topmost_ancestor(worker, by_pid)
        tree = (top.server, top.app or "", top.started_at or 0.0, top.pid)
        return (*tree, _ROLE_ORDER[worker.role], worker.started_at or 0.0, worker.pid)

    return sorted(workers, key=key)
