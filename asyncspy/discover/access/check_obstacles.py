"""A snapshot of facts to what stands in the way of one who has the right: filters, tracers, modules, namespaces."""

from __future__ import annotations

from asyncspy.discover.access.facts import Facts
from asyncspy.discover.access.fix_commands import without_filter
from asyncspy.discover.access.refusal import Refusal

SAMPLERS = frozenset({"py-spy"})
"""Tracers that let go of their target a hundred times a second."""


def seccomp(facts: Facts) -> Refusal | str | None:
    """A filter on our system calls can keep ptrace from us, whoever we are."""
    if facts.machine.ptrace_filter is not None:
        does = {"kills": "kills whoever calls ptrace", "refuses": "refuses ptrace"}[facts.machine.ptrace_filter]
        return Refusal(f"a seccomp filter on this shell or container {does}", without_filter(facts.machine))
    return "a filter is in force, and lets ptrace pass" if facts.machine.seccomp else "no filter on system calls"


def other_tracer(facts: Facts) -> Refusal | str | None:
    """A process can have one tracer at a time."""
    tracer = facts.target.tracer if facts.target else None
    if tracer is None or tracer[1] in SAMPLERS:
        return "nobody else is attached" if facts.target else None
    pid, name = tracer
    return Refusal(f"{name or 'another program'} (process {pid}) is attached to it already", f"let it go: kill {pid}")


def security_module(facts: Facts) -> Refusal | str | None:
    """SELinux can deny ptrace to all; AppArmor to a confined process whose target has another profile."""
    machine, target = facts.machine, facts.target
    if machine.selinux == "1" and machine.selinux_denies_ptrace:
        return Refusal("SELinux denies ptrace to all (the boolean deny_ptrace is on)", "sudo setsebool deny_ptrace off")
    confined = machine.apparmor if machine.apparmor and machine.selinux is None else None
    if confined and target is not None and not target.hidden and target.apparmor != confined:
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


def kernel_agrees(facts: Facts) -> Refusal | str | None:
    """The last word: whom the kernel does not let read a process may not attach, whatever else we made of it."""
    target = facts.target
    if target is None or target.hidden:
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
