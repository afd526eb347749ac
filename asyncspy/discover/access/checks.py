"""Check whether attaching will work: one pure function for each cause of a refusal.

Each says in a few words what is fine, returns a `Refusal`, or returns None if it does not apply.
"""

from __future__ import annotations

from asyncspy.discover.access.facts import YAMA_CAPABILITY, YAMA_CHILDREN, YAMA_NOBODY, AccessFacts, Refusal
from asyncspy.discover.access.fix_commands import as_root, with_capability, without_filter
from asyncspy.discover.live_processes import user_name

PAUSING_SAMPLERS = frozenset({"py-spy"})
"""Tracers that detach from their target a hundred times a second."""


def visible(facts: AccessFacts) -> Refusal | str | None:
    """Refuse a process that /proc hides from us: it cannot be attached to either."""
    hidepid = facts.machine.hidepid
    if facts.target is not None and facts.target.hidden:
        mount = f"/proc is mounted with hidepid={hidepid}" if hidepid != "0" else "/proc hides it"
        reason = f"it is running, but {mount}: you see only your own processes"
        return Refusal(reason, with_capability(facts.machine, facts.target.pid))
    if hidepid != "0" and not facts.machine.us.may_trace_anybody:
        return f"hidepid={hidepid} hides the processes of other users"
    return "/proc shows the processes of all users"


def yama_forbids_all(facts: AccessFacts) -> Refusal | str | None:
    """Refuse under Yama scope 3, which holds for root too and lasts until a reboot."""
    if (facts.machine.yama or 0) < YAMA_NOBODY:
        return None
    return Refusal(
        "kernel.yama.ptrace_scope is 3: nobody may attach to any process until the machine is started again",
        "set kernel.yama.ptrace_scope to 1 in /etc/sysctl.d and reboot",
    )


def same_user(facts: AccessFacts) -> Refusal | str | None:
    """Require that all of the target's user ids are ours, or the right to trace any process."""
    target, machine = facts.seen_target, facts.machine
    if target is None:
        return f"you are {user_name(machine.our_uid)}"
    if target.them.uids == {machine.our_uid}:
        return f"it belongs to you ({user_name(machine.our_uid)})"
    owner = next(iter(target.them.uids - {machine.our_uid}))
    if machine.us.may_trace_anybody:
        return f"it belongs to {user_name(owner)}, and {machine.why_anybody}"
    reason = f"it belongs to {user_name(owner)} and you are {user_name(machine.our_uid)}"
    if not machine.sudo_would_help:
        return Refusal(f"{reason} without the capability CAP_SYS_PTRACE", with_capability(machine, target.pid))
    as_owner = f", or run asyncspy as {user_name(owner)}" if owner != 0 else ""
    return Refusal(reason, as_root(machine, target.pid) + as_owner)


def same_group(facts: AccessFacts) -> Refusal | str | None:
    """Require the same of group ids: a server started with another group is refused even to its own user."""
    target, machine = facts.seen_target, facts.machine
    if target is None or machine.us.may_trace_anybody:
        return None
    if target.them.gids == {machine.our_gid}:
        return "its group is yours"
    return Refusal("its group is not your primary group", with_capability(machine, target.pid))


def dumpable(facts: AccessFacts) -> Refusal | str | None:
    """Refuse a process that is not dumpable: its files in /proc belong to root, so its own user may not attach."""
    target, machine = facts.seen_target, facts.machine
    if target is None:
        return None
    if target.dumpable:
        return "nothing in /proc says that it is not"
    if machine.us.may_trace_anybody:
        return f"it is not, and {machine.why_anybody}"
    reason = "it is not dumpable (it changed its user or group after it started, or its executable is not readable)"
    return Refusal(reason, with_capability(machine, target.pid))


def capabilities(facts: AccessFacts) -> Refusal | str | None:
    """Refuse a process that holds capabilities which we do not hold."""
    target, machine = facts.target, facts.machine
    if machine.us.may_trace_anybody:
        return machine.why_anybody
    if target is not None and target.them.permitted & ~machine.us.permitted:
        return Refusal("it holds capabilities that you do not hold", with_capability(machine, target.pid))
    return "CAP_SYS_PTRACE is not held; processes of your own need none"


def yama(facts: AccessFacts) -> Refusal | str | None:
    """Refuse under Yama scope 1, where only a parent may attach (py-spy never is one), and scope 2 (only root)."""
    scope, machine = facts.machine.yama, facts.machine
    pid = facts.target.pid if facts.target else None
    if scope is None:
        return "this kernel has no Yama"
    if scope not in {YAMA_CHILDREN, YAMA_CAPABILITY} or machine.us.may_trace_anybody:
        return f"kernel.yama.ptrace_scope is {scope}"
    line = with_capability(machine, pid)
    if scope == YAMA_CAPABILITY:
        return Refusal("kernel.yama.ptrace_scope is 2: only root may attach", line)
    if facts.target is not None and facts.target.names_tracer:
        return "kernel.yama.ptrace_scope is 1, and the process lets anyone of its user attach"
    lasting = "or, for all of your processes until the next reboot: sudo sysctl kernel.yama.ptrace_scope=0"
    return Refusal(
        "kernel.yama.ptrace_scope is 1: you may only attach to children of the process that attaches",
        f"{line}, {lasting}" if machine.sudo_would_help else line,
    )


def seccomp(facts: AccessFacts) -> Refusal | str | None:
    """Refuse where a filter on our system calls keeps ptrace from us, even as root."""
    if facts.machine.ptrace_filter is not None:
        effect = {"kills": "kills processes that call ptrace", "refuses": "refuses ptrace"}[facts.machine.ptrace_filter]
        return Refusal(f"a seccomp filter on this shell or container {effect}", without_filter(facts.machine))
    return "a filter is in force, and lets ptrace pass" if facts.machine.seccomp else "no filter on system calls"


def other_tracer(facts: AccessFacts) -> Refusal | str | None:
    """Refuse a process that a debugger is attached to: it can have one tracer at a time."""
    tracer = facts.target.tracer if facts.target else None
    if tracer is None or tracer[1] in PAUSING_SAMPLERS:
        return "no other tracer is attached" if facts.target else None
    pid, name = tracer
    return Refusal(
        f"{name or 'another program'} (process {pid}) is attached to it already", f"end that program: kill {pid}"
    )


def security_module(facts: AccessFacts) -> Refusal | str | None:
    """Refuse where SELinux denies ptrace to all, or AppArmor to us since the target has another profile."""
    machine, target = facts.machine, facts.seen_target
    if machine.selinux == "1" and machine.selinux_denies_ptrace:
        return Refusal("SELinux denies ptrace to all (the boolean deny_ptrace is on)", "sudo setsebool deny_ptrace off")
    confined = machine.apparmor if machine.apparmor and machine.selinux is None else None
    if confined and target is not None and target.apparmor != confined:
        if target.readable and target.kernel_lets_read is not False:
            return f"you are confined by the AppArmor profile {confined}, which lets it be read"
        return Refusal(
            f"the AppArmor profile {confined} confines you, and not it",
            "docker run --security-opt apparmor=unconfined …; in Kubernetes securityContext.appArmorProfile.type:"
            " Unconfined",
        )
    if machine.selinux is not None:
        return f"SELinux is {'enforcing' if machine.selinux == '1' else 'permissive'}, and leaves ptrace to it"
    return f"AppArmor confines you with {confined}" if confined else "neither SELinux nor AppArmor confines you"


def kernel_agrees(facts: AccessFacts) -> Refusal | str | None:
    """Refuse what the kernel does not let us read, though all other checks passed: it has the last word."""
    target = facts.seen_target
    if target is None:
        return None
    if target.readable and target.kernel_lets_read is not False:
        return "the kernel lets you read it"
    if facts.machine.own_user_namespace and (target.same_namespaces or {}).get("user") is not True:
        return Refusal(
            "you run in a user namespace of your own (a rootless container, unshare), and it runs outside of it",
            "run asyncspy outside of it, on the host itself: asyncspy find-workers (process ids differ there)",
        )
    return Refusal(
        "the kernel hides it from you, though you are its user or root here: it is not dumpable, runs outside your user"
        " namespace, or a security module protects it",
        "run asyncspy outside of any container, on the host itself as root (process ids differ there); else look for"
        " AppArmor or SELinux denials: sudo dmesg",
    )


def namespaces(facts: AccessFacts) -> str | None:
    """Say which namespaces differ: that refuses nothing, but changes what names and pids mean."""
    target = facts.target
    if target is None or target.same_namespaces is None:
        return "you run in a user namespace of your own" if facts.machine.own_user_namespace else None
    apart = [kind for kind, same in target.same_namespaces.items() if same is False]
    if not apart:
        return "user, PID and mount namespace are yours, as far as they can be seen"
    inside = f"; its own pid is {target.pid_inside}" if target.pid_inside is not None else ""
    return f"its own: {', '.join(apart)}{inside}"


def privileges(facts: AccessFacts) -> str:
    """Say whether sudo can work: NoNewPrivs prevents it."""
    return "NoNewPrivs is set: sudo cannot help here" if facts.machine.no_new_privileges else "sudo is not barred"


def containers(facts: AccessFacts) -> str:
    """Say where we run and where the target runs."""
    machine, target = facts.machine, facts.target
    here = machine.runtime or "no known container"
    pods = ""
    if machine.kubernetes:
        shares = "share" if machine.shares_pids else "do not share"
        pods = f", in a pod whose containers {shares} their processes"
    groups = f", cgroup v{machine.cgroups}" if machine.cgroups else ""
    there = f"; the process: {target.container}" if target is not None and target.container else ""
    return f"{here}{pods}{groups}{there}"
