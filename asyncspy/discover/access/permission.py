"""A pid to whether we may attach to it, decided without ptrace: the first of the checks that refuses."""

from __future__ import annotations

from typing import NamedTuple

from asyncspy.discover.access.checks import CHECKS
from asyncspy.discover.access.facts import Facts, Machine
from asyncspy.discover.access.fix_commands import LIST, user_name
from asyncspy.discover.access.machine import machine
from asyncspy.discover.access.refusal import Refusal
from asyncspy.discover.access.target import TRACER_NAMED, target
from asyncspy.discover.proc import Proc

__all__ = ["CHECKS", "TRACER_NAMED", "Permission", "judge", "may_attach", "user_name"]


class Permission(NamedTuple):
    """The answer; `reason` and `remedy` are None where attaching is allowed."""

    allowed: bool
    reason: str | None = None
    remedy: str | None = None


def may_attach(pid: int, proc: Proc | None = None, here: Machine | None = None) -> Permission:
    """Whether py-spy, started by us, will be let into a process; a process that is gone is refused, too.

    `here` is what was seen of the machine before, for those who ask for many.
    """
    proc = proc or Proc()
    here = here or machine(proc)
    seen = target(pid, proc, here)
    if seen is None:
        return Permission(False, f"process {pid} has ended", LIST)
    return judge(Facts(here, seen))


def judge(facts: Facts) -> Permission:
    """The first refusal."""
    for check in CHECKS:
        said = check(facts)
        if isinstance(said, Refusal):
            return Permission(False, *said)
    return Permission(True)
