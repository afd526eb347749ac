"""All checks of a snapshot of facts, in the order in which their reasons matter: one small pure function per cause.

`may_attach` takes the first refusal, `doctor` shows all. Here are those that only say where we are; the rest lie in
`check_rights`, `check_obstacles` and `check_python`.
"""

from __future__ import annotations

from asyncspy.discover.access.check_obstacles import kernel_agrees, other_tracer, seccomp, security_module
from asyncspy.discover.access.check_python import architecture, executable, python
from asyncspy.discover.access.check_rights import (
    capabilities,
    dumpable,
    same_group,
    same_user,
    visible,
    yama,
    yama_forbids_all,
)
from asyncspy.discover.access.facts import Facts
from asyncspy.discover.access.refusal import Check


def namespaces(facts: Facts) -> str | None:
    """Other namespaces do not hinder by themselves; they change what names and pids mean."""
    target = facts.target
    if target is None or target.same_namespaces is None:
        return "you run in a user namespace of your own" if facts.machine.own_user_namespace else None
    apart = [kind for kind, same in target.same_namespaces.items() if same is False]
    if not apart:
        return "user, PID and mount namespace are yours, as far as they can be seen"
    inside = f"; its own pid is {target.pid_inside}" if target.pid_inside is not None else ""
    return f"its own: {', '.join(apart)}{inside}"


def privileges(facts: Facts) -> str:
    """Under NoNewPrivs nothing can be gained by sudo."""
    return "NoNewPrivs is set: sudo cannot help here" if facts.machine.no_new_privileges else "sudo is not barred"


def containers(facts: Facts) -> str:
    """Where we run, and where the target does."""
    machine, target = facts.machine, facts.target
    here = machine.runtime or "no container that can be told"
    pods = ""
    if machine.kubernetes:
        pods = (
            ", in a pod whose containers " + ("share" if machine.shares_pids else "do not share") + " their processes"
        )
    groups = f", cgroup v{machine.cgroups}" if machine.cgroups else ""
    there = f"; the process: {target.container}" if target is not None and target.container else ""
    return f"{here}{pods}{groups}{there}"


CHECKS: tuple[Check, ...] = (
    visible,
    yama_forbids_all,
    same_user,
    same_group,
    dumpable,
    capabilities,
    yama,
    seccomp,
    other_tracer,
    security_module,
    python,
    architecture,
    executable,
    kernel_agrees,
    namespaces,
    privileges,
    containers,
)
"""In the order in which their reasons matter."""
