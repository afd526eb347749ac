"""List the servers of this machine with their workers, and diagnose whether attaching to them will work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from asyncspy.discover import SERVER_NAMES, busiest_worker, diagnose, select_workers, settle_role
from asyncspy.errors import AsyncspyError, SamplerError
from asyncspy.model.processes import CheckResult, Diagnosis, Worker
from asyncspy.program import UPGRADE_PY_SPY
from asyncspy.workflow.ended_workers import with_ended_workers
from asyncspy.workflow.machine import THIS_MACHINE, Machine

__all__ = ["SERVER_NAMES", "ListOptions", "WorkerList", "diagnose_target", "list_workers", "server_of"]


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Which workers to list.

    `probe` settles roles in doubt with one stack dump each. `watch` looks for some seconds at masters whose workers
    seem to end soon after they were started.
    """

    server: str | None = None
    app: str | None = None
    busiest: bool = False
    probe: bool = False
    watch: bool = False


class WorkerList(NamedTuple):
    """The workers that were asked for, and all that are there."""

    workers: Sequence[Worker]
    all_workers: Sequence[Worker]


def list_workers(options: ListOptions, machine: Machine = THIS_MACHINE) -> WorkerList:
    """Find all workers, and select those that were asked for."""
    all_workers = machine.find_workers()
    if options.watch:
        py_spy = machine.find_py_spy() if options.probe else None
        all_workers = with_ended_workers(all_workers, machine, py_spy)
    settled = _settle_roles(all_workers, machine) if options.probe else all_workers
    workers = select_workers(settled, server=options.server, app=options.app)
    if options.busiest:
        busiest = busiest_worker(workers)
        workers = [busiest] if busiest else []
    return WorkerList(workers, all_workers)


def server_of(pid: int, machine: Machine = THIS_MACHINE) -> list[Worker]:
    """A process with its workers."""
    process = machine.inspect_process(pid)
    return [process, *machine.workers_of(process)]


def diagnose_target(
    pid: int | None = None, machine: Machine = THIS_MACHINE, *, rehearse_injection: bool = False
) -> Diagnosis:
    """Check py-spy, the machine, and the process or all workers. Raises TargetError for what is no Python process."""
    try:
        py_spy = machine.find_py_spy()
    except SamplerError as error:
        return diagnose(pid, CheckResult("py-spy", ok=False, said=error.message, remedy=error.remedy))
    said = f"py-spy {py_spy.version}: {py_spy.path}"
    found = diagnose(pid, CheckResult("py-spy", ok=True, said=said), py_spy=py_spy.version)
    if py_spy.shortcoming:  # it attaches all the same
        said, remedy = f"{py_spy.shortcoming}: {py_spy.path}", f"install a newer one: {UPGRADE_PY_SPY}"
        outdated = CheckResult("py-spy", ok=False, said=said, remedy=remedy)
        found = replace(found, checks=(outdated, *found.checks[1:]))
    if pid is None or not found.will_attach:
        return found
    from asyncspy.sample.inject.rehearse import check_injection  # noqa: PLC0415 - listing workers needs nothing of it

    return replace(found, checks=(*found.checks, check_injection(pid, on_copies=rehearse_injection)))


def _settle_roles(workers: Sequence[Worker], machine: Machine) -> list[Worker]:
    """Take a stack dump of each worker whose role is in doubt; those that turn out to be no server are left out."""
    py_spy = machine.find_py_spy()
    settled: list[Worker | None] = []
    for worker in workers:
        if worker.certain or not worker.attachable:
            settled.append(worker)
            continue
        try:
            settled.append(settle_role(worker, machine.read_stacks(py_spy, worker.pid)))
        except AsyncspyError as error:
            settled.append(replace(worker, doubt=error.message))
    return [worker for worker in settled if worker is not None]
