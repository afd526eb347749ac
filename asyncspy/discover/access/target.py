"""A pid to the facts of the process: whose it is, what it runs, what the kernel lets us see of it."""

from __future__ import annotations

import os
from pathlib import Path

from asyncspy.discover.access import kernel_answers
from asyncspy.discover.access.confinement import cpu, number, profile
from asyncspy.discover.access.facts import YAMA_CHILDREN, Machine, Target, credentials
from asyncspy.discover.containers import container_name, pid_inside
from asyncspy.discover.interpreter import interpreter
from asyncspy.discover.proc import Proc

TRACER_NAMED = "ASYNCSPY_TRACER_NAMED"
"""Set in the environment of a server that lets anyone of its user attach, with prctl(PR_SET_PTRACER): nothing else in
/proc shows that it does."""


def target(pid: int, proc: Proc, machine: Machine) -> Target | None:
    """Look at a process; None where there is none."""
    theirs = proc.status(pid)
    if "Uid" not in theirs:
        return Target(pid, hidden=True) if proc.root == Path("/proc") and _lives(pid) else None
    exe = proc.link(pid, "exe")
    tracer = number(theirs.get("TracerPid"))
    yama = machine.yama == YAMA_CHILDREN
    same = {kind: _same_namespace(pid, kind, proc) for kind in ("user", "pid", "mnt")}
    asked = machine.like_us and not machine.seccomp and proc.root == Path("/proc")
    return Target(
        pid=pid,
        them=credentials(theirs),
        name=theirs.get("Name", ""),
        dumpable=proc.owner(pid, "status") in {None, int(theirs["Uid"].split()[1])},
        readable=not (machine.like_us and proc.denies(pid, "exe")),
        kernel_lets_read=kernel_answers.lets_read(pid) if asked else None,
        names_tracer=yama and bool((proc.environ(pid) or {}).get(TRACER_NAMED)),
        tracer=(tracer, (proc.text(tracer, "comm") or "").strip()) if tracer else None,
        exe=exe,
        exe_found=exe is None or same["mnt"] is not False or os.path.lexists(proc.path(pid, "root", exe)),
        python=interpreter(exe, None).version,
        cpu=cpu(proc, pid),
        same_namespaces=same,
        pid_inside=pid_inside(theirs),
        container=container_name(proc.text(pid, "cgroup") or ""),
        apparmor=profile(proc, pid),
    )


def _lives(pid: int) -> bool:
    """Whether a pid that /proc does not show is in use: signal 0 is delivered to nobody."""
    if pid <= 0:  # those would be groups of processes
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _same_namespace(pid: int, kind: str, proc: Proc) -> bool | None:
    ours, theirs = proc.link("self/ns", kind), proc.link(pid, "ns", kind)
    return None if ours is None or theirs is None else ours == theirs
