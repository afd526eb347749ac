"""Decide whether we may attach to a process, without trying: the first check that refuses gives the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from asyncspy.discover.access import checks, interpreter_checks
from asyncspy.discover.access.facts import AccessFacts, MachineFacts, Refusal
from asyncspy.discover.access.fix_commands import LIST_WORKERS
from asyncspy.discover.access.gather import read_machine, read_target
from asyncspy.discover.proc import Proc

CHECKS: tuple[Callable[[AccessFacts], Refusal | str | None], ...] = (
    checks.visible,
    checks.yama_forbids_all,
    checks.same_user,
    checks.same_group,
    checks.dumpable,
    checks.capabilities,
    checks.yama,
    checks.seccomp,
    checks.other_tracer,
    checks.security_module,
    interpreter_checks.python,
    interpreter_checks.architecture,
    interpreter_checks.executable,
    checks.kernel_agrees,
    checks.namespaces,
    checks.privileges,
    checks.containers,
)
"""In the order in which their reasons matter: the first that refuses gives the reason. `doctor` shows all answers, each
labelled with its function's name. The version of py-spy is known to `doctor` alone."""


class Permission(NamedTuple):
    """Whether attaching is allowed; if not, the reason and the remedy."""

    allowed: bool
    reason: str | None = None
    remedy: str | None = None


def may_attach(pid: int, proc: Proc | None = None, machine: MachineFacts | None = None) -> Permission:
    """Decide whether a py-spy that we start may attach to a process; one that has ended is refused too.

    Pass `machine` to read its facts only once for many processes.
    """
    proc = proc or Proc()
    machine = machine or read_machine(proc)
    target = read_target(pid, proc, machine)
    if target is None:
        return Permission(False, f"process {pid} has ended", LIST_WORKERS)
    return judge(AccessFacts(machine, target))


def judge(facts: AccessFacts) -> Permission:
    """Return the first refusal as a `Permission`."""
    for check in CHECKS:
        answer = check(facts)
        if isinstance(answer, Refusal):
            return Permission(False, *answer)
    return Permission(True)
