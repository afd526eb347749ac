"""Diagnose whether attaching will work: what every check says about a process, or about the machine and its workers."""

from __future__ import annotations

from asyncspy.discover.access.facts import AccessFacts, Refusal
from asyncspy.discover.access.gather import read_machine, read_target
from asyncspy.discover.access.permission import CHECKS, judge
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.find import find_workers, no_process, require_live_process, require_python
from asyncspy.discover.servers.process_table import read_process
from asyncspy.discover.servers.scan import MachineScan
from asyncspy.model.processes import CheckResult, Diagnosis


def diagnose(
    pid: int | None, sampler: CheckResult, *, py_spy: str | None = None, proc: Proc | None = None
) -> Diagnosis:
    """Run all checks on one process, or without a pid on the machine and its workers.

    `sampler` is the result of looking for py-spy, `py_spy` its version. Raises TargetError if there is no such process
    or it does not run Python.
    """
    proc = proc or Proc()
    machine = read_machine(proc)
    if pid is None:
        facts = AccessFacts(machine, None, py_spy)
        workers = tuple(worker for worker in find_workers() if worker.role == "worker")
        attachable = not workers or any(worker.attachable for worker in workers)
        will_attach = sampler.ok and judge(facts).allowed and attachable
        return Diagnosis(None, will_attach, (sampler, *_results(facts)), workers)
    target = read_target(pid, proc, machine)
    if target is None:
        raise no_process(pid)
    if not target.hidden:
        require_live_process(pid, proc)
        process = read_process(pid, proc)
        if process is None:
            raise no_process(pid)
        require_python(process, MachineScan(proc).interpreter(process))
    facts = AccessFacts(machine, target, py_spy)
    return Diagnosis(pid, sampler.ok and judge(facts).allowed, (sampler, *_results(facts)))


def _results(facts: AccessFacts) -> list[CheckResult]:
    """Return the result of every check that applies."""
    results = []
    for check in CHECKS:
        name, answer = check.__name__.replace("_", " "), check(facts)
        if isinstance(answer, Refusal):
            results.append(CheckResult(name, ok=False, said=answer.reason, remedy=answer.remedy))
        elif answer is not None:
            results.append(CheckResult(name, ok=True, said=answer))
    return results
