"""/proc and /sys to the facts that hold whatever the target is: who we are, what we may, where we run."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from asyncspy.discover.access import kernel_answers
from asyncspy.discover.access.confinement import cpu, number, profile
from asyncspy.discover.access.facts import Credentials, Machine, credentials
from asyncspy.discover.access.file_rights import brought_along
from asyncspy.discover.containers import container_name
from asyncspy.discover.proc import Proc
from asyncspy.program import py_spy_file

WHOLE_ID_SPACE = "0 0 4294967295"
SUDO_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Where sudo is, and where it finds commands on a stock system; a virtual environment is not among them."""


def machine(proc: Proc) -> Machine:
    """Look at ourselves and at the machine."""
    ours = proc.status("self")
    cgroup = proc.text("self/cgroup") or ""
    seccomp = number(ours.get("Seccomp"))
    real = proc.root == Path("/proc")
    us = started_by(ours)
    file = "" if us.may_trace_anybody or not real else py_spy_file() or ""
    with_file = of_file(us, brought_along(file) if file else 0, ours)
    return Machine(
        us=with_file,
        by_file=with_file.may_trace_anybody and not us.may_trace_anybody,
        like_us=with_file.may_trace_anybody == credentials(ours).may_trace_anybody,
        our_uid=_first(ours, "Uid", os.getuid()),
        our_gid=_first(ours, "Gid", os.getgid()),
        yama=_yama(proc),
        kernel=os.uname().release,
        cpu=cpu(proc, "self") or os.uname().machine,
        no_new_privileges=ours.get("NoNewPrivs") == "1",
        seccomp=seccomp,
        ptrace_filter=kernel_answers.filter_on_ptrace() if seccomp and real else None,
        own_user_namespace=" ".join((proc.text("self/uid_map") or WHOLE_ID_SPACE).split()) != WHOLE_ID_SPACE,
        sudo=has_sudo(),
        hidepid=_hidepid(proc),
        runtime=_runtime(proc, cgroup),
        kubernetes="KUBERNETES_SERVICE_HOST" in os.environ or "/kubepods" in cgroup,
        shares_pids=(proc.text(1, "comm") or "").strip() == "pause",
        cgroups=None if not cgroup else 2 if all(line.startswith("0::") for line in cgroup.splitlines()) else 1,
        apparmor=profile(proc, "self"),
        selinux=_sys(proc, "fs/selinux/enforce"),
        selinux_denies_ptrace=(_sys(proc, "fs/selinux/booleans/deny_ptrace") or "").startswith("1"),
    )


def started_by(status: dict[str, str]) -> Credentials:
    """The credentials of a program that a process starts, if its file brings none along."""
    own = credentials(status)
    if own.uids == {0}:
        held = own.bounding if status.get("NoNewPrivs") != "1" else own.bounding & own.permitted
    else:
        held = int(status.get("CapAmb", "0"), 16)
    return replace(own, permitted=held, effective=held)


def of_file(started: Credentials, brings: int, status: dict[str, str]) -> Credentials:
    """Those credentials of a program whose file does bring capabilities along; NoNewPrivs leaves it none of them."""
    if not brings or started.uids == {0} or status.get("NoNewPrivs") == "1":
        return started
    held = brings & started.bounding
    return replace(started, permitted=held, effective=held)


def has_sudo() -> bool:
    """Whether this system has sudo; containers seldom do."""
    return any(os.access(f"{folder}/sudo", os.X_OK) for folder in SUDO_PATH)


def _first(status: dict[str, str], name: str, otherwise: int) -> int:
    numbers = status.get(name, "").split()
    return int(numbers[0]) if numbers else otherwise


def _yama(proc: Proc) -> int | None:
    """None where the kernel has no Yama."""
    text = proc.text("sys/kernel/yama/ptrace_scope")
    return None if text is None else number(text)


def _hidepid(proc: Proc) -> str:
    """How /proc itself is mounted: 0 shows everybody's processes."""
    for line in (proc.text("self/mountinfo") or "").splitlines():
        fields, _, rest = line.partition(" - ")
        if fields.split()[4:5] == ["/proc"] and rest.startswith("proc "):
            for option in rest.split()[-1].split(","):
                if option.startswith("hidepid="):
                    return {"off": "0", "noaccess": "1", "invisible": "2", "ptraceable": "4"}.get(
                        option[len("hidepid=") :], option[len("hidepid=") :]
                    )
    return "0"


def _runtime(proc: Proc, cgroup: str) -> str | None:
    """The container that we ourselves run in, or the service."""
    if named := container_name(cgroup):
        return named.split()[0]
    if os.path.exists(f"{proc.root}/self/root/.dockerenv"):  # noqa: PTH110
        return "docker"
    if os.path.exists(f"{proc.root}/self/root/run/.containerenv"):  # noqa: PTH110
        return "podman"
    return None


def _sys(proc: Proc, name: str) -> str | None:
    """A file of /sys, which lies beside /proc."""
    text = proc.text("../sys", name)
    return text.strip() if text is not None else None
