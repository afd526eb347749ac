"""A snapshot of facts to whether the kernel's ptrace_may_access lets us in: users, capabilities, Yama."""

from __future__ import annotations

from asyncspy.discover.access.facts import YAMA_CAPABILITY, YAMA_CHILDREN, YAMA_NOBODY, Facts
from asyncspy.discover.access.fix_commands import as_root, user_name, with_capability
from asyncspy.discover.access.refusal import Refusal


def visible(facts: Facts) -> Refusal | str | None:
    """Who may not see a process in /proc may not attach to it."""
    hidepid = facts.machine.hidepid
    if facts.target is not None and facts.target.hidden:
        mount = f"/proc is mounted with hidepid={hidepid}" if hidepid != "0" else "/proc hides it"
        return Refusal(
            f"it lives, but {mount}: you see only your own processes", with_capability(facts.machine, _at(facts))
        )
    if hidepid != "0" and not facts.machine.us.may_trace_anybody:
        return f"hidepid={hidepid} hides the processes of other users"
    return "/proc shows the processes of all users"


def yama_forbids_all(facts: Facts) -> Refusal | str | None:
    """Scope 3 holds even for root, and only a reboot ends it."""
    if (facts.machine.yama or 0) < YAMA_NOBODY:
        return None
    return Refusal(
        "kernel.yama.ptrace_scope is 3: nobody may attach to any process until the machine is started again",
        "set kernel.yama.ptrace_scope to 1 in /etc/sysctl.d and reboot",
    )


def same_user(facts: Facts) -> Refusal | str | None:
    """All of the target's ids must be ours."""
    target, machine = facts.target, facts.machine
    if target is None or target.hidden:
        return f"you are {user_name(machine.our_uid)}"
    if target.them.uids == {machine.our_uid}:
        return f"it belongs to you ({user_name(machine.our_uid)})"
    owner = next(iter(target.them.uids - {machine.our_uid}))
    if machine.us.may_trace_anybody:
        return f"it belongs to {user_name(owner)}, and {machine.right}"
    reason = f"it belongs to {user_name(owner)} and you are {user_name(machine.our_uid)}"
    if not machine.sudo_would_help:
        return Refusal(f"{reason} without the capability CAP_SYS_PTRACE", with_capability(machine, target.pid))
    as_owner = f", or run asyncspy as {user_name(owner)}" if owner != 0 else ""
    return Refusal(reason, as_root(machine, target.pid) + as_owner)


def same_group(facts: Facts) -> Refusal | str | None:
    """The group ids must be ours, too; a server started with another group is refused to its own user."""
    target, machine = facts.target, facts.machine
    if target is None or target.hidden or machine.us.may_trace_anybody:
        return None
    if target.them.gids == {machine.our_gid}:
        return "its group is yours"
    return Refusal("its group is not your primary group", with_capability(machine, target.pid))


def dumpable(facts: Facts) -> Refusal | str | None:
    """A process that changed its user, or asked for it, hides from its own user: its files in /proc are root's."""
    target, machine = facts.target, facts.machine
    if target is None or target.hidden:
        return None
    if target.dumpable:
        return "nothing in /proc says that it is not"
    if machine.us.may_trace_anybody:
        return f"it is not, and {machine.right}"
    reason = "it is not dumpable (it changed its user or group after it started, or its executable is not readable)"
    return Refusal(reason, with_capability(machine, target.pid))


def capabilities(facts: Facts) -> Refusal | str | None:
    """Nobody may trace a process that can do more than he can."""
    target, machine = facts.target, facts.machine
    if machine.us.may_trace_anybody:
        return machine.right
    if target is not None and target.them.permitted & ~machine.us.permitted:
        return Refusal("it holds capabilities that you do not hold", with_capability(machine, target.pid))
    return "CAP_SYS_PTRACE is not held; processes of your own need none"


def yama(facts: Facts) -> Refusal | str | None:
    """Scope 1: only children of the one who attaches, and py-spy has none, whoever started the target. 2: only root."""
    scope, machine = facts.machine.yama, facts.machine
    if scope is None:
        return "this kernel has no Yama"
    if scope not in {YAMA_CHILDREN, YAMA_CAPABILITY} or machine.us.may_trace_anybody:
        return f"kernel.yama.ptrace_scope is {scope}"
    if scope == YAMA_CAPABILITY:
        return Refusal("kernel.yama.ptrace_scope is 2: only root may attach", with_capability(machine, _at(facts)))
    if facts.target is not None and facts.target.names_tracer:
        return "kernel.yama.ptrace_scope is 1, and the process lets anyone of its user attach"
    lasting = "or, for all of your processes until the next reboot: sudo sysctl kernel.yama.ptrace_scope=0"
    line = with_capability(machine, _at(facts))
    return Refusal(
        "kernel.yama.ptrace_scope is 1: you may only attach to children of the process that attaches",
        f"{line}, {lasting}" if machine.sudo_would_help else line,
    )


def _at(facts: Facts) -> int | None:
    return facts.target.pid if facts.target else None
