"""Decide whether we may attach to a process, without trying: the first check that refuses gives the reason."""

from __future__ import annotations

from typing import NamedTuple

from asyncspy.discover.access.checks import CHECKS
from asyncspy.discover.access.facts import AccessFacts, MachineFacts, Refusal
from asyncspy.discover.access.fix_commands import LIST_WORKERS
from asyncspy.discover.access.gather import read_machine, read_target
from asyncspy.discover.proc import Proc


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
