"""A pid, or none, to a diagnosis: every check with what it says, and whether attaching will work."""

from __future__ import annotations

from asyncspy.discover.access.checks import CHECKS
from asyncspy.discover.access.facts import Facts
from asyncspy.discover.access.machine import machine
from asyncspy.discover.access.permission import judge
from asyncspy.discover.access.refusal import Refusal
from asyncspy.discover.access.target import target
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.evidence import Evidence
from asyncspy.discover.servers.find import find_workers, must_be_a_live_process, must_be_python, no_process
from asyncspy.discover.servers.process_table import one
from asyncspy.model.processes import CheckResult, Diagnosis


def diagnose(
    pid: int | None, sampler: CheckResult, *, py_spy: str | None = None, proc: Proc | None = None
) -> Diagnosis:
    """All checks on a process, or on the machine and the workers on it; `sampler` is what was found of py-spy.

    Raises TargetError where there is no process of this pid, or none that runs Python.
    """
    proc = proc or Proc()
    here = machine(proc)
    if pid is None:
        facts = Facts(here, None, py_spy)
        workers = tuple(worker for worker in find_workers() if worker.role == "worker")
        served = not workers or any(worker.attachable for worker in workers)
        works = sampler.ok and judge(facts).allowed and served
        return Diagnosis(None, works, (sampler, *_all(facts)), workers)
    seen = target(pid, proc, here)
    if seen is None:
        raise no_process(pid)
    if not seen.hidden:
        must_be_a_live_process(pid, proc)
        process = one(pid, proc)
        if process is None:
            raise no_process(pid)
        must_be_python(process, Evidence(proc).interpreter(process))
    facts = Facts(here, seen, py_spy)
    return Diagnosis(pid, sampler.ok and judge(facts).allowed, (sampler, *_all(facts)))


def _all(facts: Facts) -> list[CheckResult]:
    """Every check that has something to say."""
    said = [(check.__name__.replace("_", " "), check(facts)) for check in CHECKS]
    return [
        CheckResult(name, ok=False, said=told.reason, remedy=told.remedy)
        if isinstance(told, Refusal)
        else CheckResult(name, ok=True, said=told)
        for name, told in said
        if told is not None
    ]
