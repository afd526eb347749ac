"""All checks in the order in which their reasons matter: the kernel's (`ptrace_checks`), py-spy's, and information."""

from __future__ import annotations

import re
from collections.abc import Callable

from asyncspy.discover.access.facts import AccessFacts, Refusal
from asyncspy.discover.access.fix_commands import asyncspy_as_root
from asyncspy.discover.access.ptrace_checks import (
    capabilities,
    dumpable,
    kernel_agrees,
    other_tracer,
    same_group,
    same_user,
    seccomp,
    security_module,
    visible,
    yama,
    yama_forbids_all,
)

AccessCheck = Callable[[AccessFacts], "Refusal | str | None"]

NEWEST_PYTHON = {(0, 4, 0): (3, 13), (0, 4, 1): (3, 14), (0, 4, 3): (3, 15)}
"""The newest Python that py-spy can read, from this release on."""

_FREE_THREADED = re.compile(r"python\d\.\d+t")


def python(facts: AccessFacts) -> Refusal | str | None:
    """Refuse what py-spy cannot read: free-threaded builds, and a Python newer than this py-spy knows."""
    target = facts.target
    if target is None or target.python is None:
        return None
    name = (target.exe or "").rpartition("/")[2]
    if _FREE_THREADED.fullmatch(name):
        return Refusal(
            f"it runs {name}, and py-spy cannot read free-threaded builds", "run the server on a build with the GIL"
        )
    version = tuple(int(part) for part in target.python.split("."))
    release = tuple(int(part) for part in re.findall(r"\d+", facts.py_spy or "")[:3])
    known = max((newest for since, newest in NEWEST_PYTHON.items() if not release or since <= release), default=(3, 13))
    if version > known:
        return Refusal(
            f"it runs Python {target.python}, and py-spy {facts.py_spy or ''} knows Python up to {known[0]}.{known[1]}",
            "a newer py-spy may know it: python -m pip install --upgrade py-spy",
        )
    return f"it runs Python {target.python}" + (f", which py-spy {facts.py_spy} reads" if facts.py_spy else "")


def executable(facts: AccessFacts) -> Refusal | str | None:
    """Refuse a process whose interpreter does not lie below its root under the name in /proc, where py-spy looks."""
    target = facts.target
    if target is None or target.exe is None:
        return None
    if target.exe_found:
        return "its interpreter's file can be found"
    line = f"nsenter --target {target.pid} --mount -- {asyncspy_as_root()} attach --pid {target.pid}"
    return Refusal(
        "it has changed its root inside of another mount namespace, where py-spy does not find its interpreter",
        f"as root, in that mount namespace: {line}",
    )


def architecture(facts: AccessFacts) -> Refusal | str | None:
    """Refuse a process that is built for another CPU than py-spy."""
    machine, target = facts.machine, facts.target
    if target is None or target.cpu is None or target.cpu == machine.cpu:
        return f"Linux {machine.kernel}, {machine.cpu}"
    return Refusal(
        f"it is built for {target.cpu}, and asyncspy and py-spy for {machine.cpu}",
        f"install asyncspy for {target.cpu}: it is best run inside the target's own container",
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
    here = machine.runtime or "no container that can be told"
    pods = ""
    if machine.kubernetes:
        shares = "share" if machine.shares_pids else "do not share"
        pods = f", in a pod whose containers {shares} their processes"
    groups = f", cgroup v{machine.cgroups}" if machine.cgroups else ""
    there = f"; the process: {target.container}" if target is not None and target.container else ""
    return f"{here}{pods}{groups}{there}"


CHECKS: tuple[AccessCheck, ...] = (
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
"""`may_attach` returns the first refusal; `doctor` shows what all of them say, under the functions' names."""
