"""The machine to `Worker`s: all of its servers' processes, one process by its pid, the workers of a master."""

from __future__ import annotations

from collections.abc import Iterable

from asyncspy.discover.access.fix_commands import LIST
from asyncspy.discover.access.permission import may_attach
from asyncspy.discover.command_line import Process
from asyncspy.discover.interpreter import Interpreter
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.catalog import PLAIN
from asyncspy.discover.servers.classify import Placed, classify
from asyncspy.discover.servers.details import Details
from asyncspy.discover.servers.evidence import Evidence
from asyncspy.discover.servers.process_table import candidates, one
from asyncspy.discover.servers.select import top_of
from asyncspy.errors import TargetError
from asyncspy.model.processes import Worker

NO_SERVER = "no known server is named by its command line"
KERNEL_THREAD = 0x00200000
_ORDER = {"reloader": 0, "master": 0, "worker": 1, "helper": 2}


def find_workers() -> list[Worker]:
    """Every server process: servers by name and app, each master before its workers, oldest first.

    A process that ends while it is being looked at is left out; what may not be read of another is None.
    """
    evidence = Evidence(Proc())
    placed = classify(candidates(evidence))
    details = Details(evidence)
    workers = [worker for worker in map(details.worker, placed) if worker is not None]
    return _sorted(workers)


def workers_of(worker: Worker) -> list[Worker]:
    """A master's or reloader's workers, as they are now; none for a worker."""
    if worker.role not in {"master", "reloader"}:
        return []
    return [found for found in find_workers() if found.ppid == worker.pid and found.role == "worker"]


def inspect_process(pid: int) -> Worker:
    """One process, of a known server or any other Python. Raises TargetError where it cannot be attached to."""
    proc = Proc()
    evidence = Evidence(proc)
    must_be_a_live_process(pid, proc)
    placed = _placed(pid, evidence)
    process = placed.process
    told = evidence.interpreter(process)
    must_be_python(process, told)
    permission = may_attach(pid, proc)
    if not permission.allowed:
        doubt = "" if told.found else "; whether it runs Python could not be seen, either"
        message = f"cannot attach to process {pid} ({process.name}): {permission.reason}{doubt}"
        raise TargetError(message, remedy=permission.remedy or LIST)
    worker = Details(evidence).worker(placed)
    if worker is None:
        raise no_process(pid)
    return worker


def _placed(pid: int, evidence: Evidence) -> Placed:
    known = next((placed for placed in classify(candidates(evidence)) if placed.process.pid == pid), None)
    if known is not None:
        return known
    process = one(pid, evidence.proc)
    if process is None:
        raise no_process(pid)
    return Placed(process, PLAIN, "worker", NO_SERVER)


def must_be_a_live_process(pid: int, proc: Proc) -> None:
    """Raise TargetError for what is none: gone, a thread, the kernel's, a zombie, or not to be seen."""
    status = proc.status(pid) if pid > 0 else {}
    if "Uid" not in status:
        permission = may_attach(pid, proc)
        if permission.reason is not None and permission.remedy != LIST:
            raise TargetError(f"cannot attach to process {pid}: {permission.reason}", remedy=permission.remedy or LIST)
        raise no_process(pid)
    leader = status.get("Tgid", str(pid))
    if leader != str(pid):
        raise TargetError(
            f"{pid} is a thread of process {leader}, not a process", remedy=f"asyncspy attach --pid {leader}"
        )
    name = status.get("Name", "")
    if (proc.flags(pid) or 0) & KERNEL_THREAD:
        raise TargetError(f"process {pid} ({name}) is a thread of the kernel, not Python", remedy=LIST)
    if status.get("State", "").startswith(("Z", "X")):
        raise TargetError(
            f"process {pid} ({name}) has ended and waits for its parent {status.get('PPid')} to take note (a zombie)",
            remedy=LIST,
        )


def must_be_python(process: Process, told: Interpreter) -> None:
    """Raise TargetError for what py-spy cannot read."""
    if told.found is False:
        raise TargetError(f"process {process.pid} ({process.name}) is not a Python process", remedy=LIST)
    if told.pypy:
        raise TargetError(
            f"process {process.pid} runs PyPy, and py-spy reads only CPython", remedy="run the server on CPython"
        )


def no_process(pid: int) -> TargetError:
    """What to say of a pid that nobody has."""
    return TargetError(f"there is no process {pid}; it may have ended or restarted", remedy=LIST)


def _sorted(workers: Iterable[Worker]) -> list[Worker]:
    """Trees in the order of their server and app, and in a tree: master, workers, helpers, oldest first."""
    workers = list(workers)
    by_pid = {worker.pid: worker for worker in workers}

    def key(worker: Worker) -> tuple[object, ...]:
        top = top_of(worker, by_pid)
        tree = (top.server, top.app or "", top.started_at or 0.0, top.pid)
        return (*tree, _ORDER[worker.role], worker.started_at or 0.0, worker.pid)

    return sorted(workers, key=key)
