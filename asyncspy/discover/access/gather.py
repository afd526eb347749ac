"""Read from /proc and /sys what decides whether py-spy may attach: `MachineFacts` and `TargetFacts`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from asyncspy.discover.access import kernel_queries
from asyncspy.discover.access.facts import YAMA_CHILDREN, Credentials, MachineFacts, TargetFacts
from asyncspy.discover.containers import container_name, pid_inside
from asyncspy.discover.interpreter import identify_interpreter
from asyncspy.discover.proc import Proc
from asyncspy.program import py_spy_file

TRACER_NAMED = "ASYNCSPY_TRACER_NAMED"
"""Set in the environment of a server that lets any process of its user attach (prctl(PR_SET_PTRACER)): nothing else in
/proc shows it."""

SUDO_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Where sudo is, and where it looks for commands on a stock system; a virtual environment is not among them."""

REAL_PROC = Path("/proc")
WHOLE_ID_SPACE = "0 0 4294967295"
ELF_HEADER_BYTES = 20
ELF_MACHINES = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64"}


def read_machine(proc: Proc) -> MachineFacts:
    """Collect the facts about ourselves and the machine."""
    ours = proc.status("self")
    cgroup = proc.text("self/cgroup") or ""
    seccomp = _number(ours.get("Seccomp"))
    real = proc.root == REAL_PROC
    without_file = credentials_of_child(ours)
    file = "" if without_file.may_trace_anybody or not real else py_spy_file() or ""
    us = with_file_capabilities(without_file, kernel_queries.file_capabilities(file) if file else 0, ours)
    yama = proc.text("sys/kernel/yama/ptrace_scope")
    return MachineFacts(
        us=us,
        by_file=us.may_trace_anybody and not without_file.may_trace_anybody,
        like_us=us.may_trace_anybody == Credentials.from_status(ours).may_trace_anybody,
        our_uid=_first_id(ours, "Uid", os.getuid()),
        our_gid=_first_id(ours, "Gid", os.getgid()),
        yama=None if yama is None else _number(yama),
        kernel=os.uname().release,
        cpu=_cpu(proc, "self") or os.uname().machine,
        no_new_privileges=ours.get("NoNewPrivs") == "1",
        seccomp=seccomp,
        ptrace_filter=kernel_queries.seccomp_effect_on_ptrace() if seccomp and real else None,
        own_user_namespace=" ".join((proc.text("self/uid_map") or WHOLE_ID_SPACE).split()) != WHOLE_ID_SPACE,
        sudo=any(os.access(proc.path("self/root", folder, "sudo"), os.X_OK) for folder in SUDO_PATH),
        hidepid=_hidepid(proc),
        runtime=_runtime(proc, cgroup),
        kubernetes="KUBERNETES_SERVICE_HOST" in os.environ or "/kubepods" in cgroup,
        shares_pids=(proc.text(1, "comm") or "").strip() == "pause",
        cgroups=None if not cgroup else 2 if all(line.startswith("0::") for line in cgroup.splitlines()) else 1,
        apparmor=_security_profile(proc, "self"),
        selinux=_sys(proc, "fs/selinux/enforce"),
        selinux_denies_ptrace=(_sys(proc, "fs/selinux/booleans/deny_ptrace") or "").startswith("1"),
    )


def read_target(pid: int, proc: Proc, machine: MachineFacts) -> TargetFacts | None:
    """Collect the facts about a process; None if there is no such process."""
    theirs = proc.status(pid)
    real = proc.root == REAL_PROC
    if "Uid" not in theirs:
        return TargetFacts(pid, hidden=True) if real and _is_alive(pid) else None
    exe = proc.link(pid, "exe")
    tracer = _number(theirs.get("TracerPid"))
    same = {kind: _same_namespace(pid, kind, proc) for kind in ("user", "pid", "mnt")}
    yama_asks_target = machine.yama == YAMA_CHILDREN
    ask_kernel = machine.like_us and not machine.seccomp and real
    return TargetFacts(
        pid=pid,
        them=Credentials.from_status(theirs),
        dumpable=proc.owner(pid, "status") in {None, int(theirs["Uid"].split()[1])},
        readable=not (machine.like_us and proc.denies(pid, "exe")),
        kernel_lets_read=kernel_queries.may_read_memory(pid) if ask_kernel else None,
        names_tracer=yama_asks_target and bool((proc.environ(pid) or {}).get(TRACER_NAMED)),
        tracer=(tracer, (proc.text(tracer, "comm") or "").strip()) if tracer else None,
        exe=exe,
        exe_found=exe is None or same["mnt"] is not False or os.path.lexists(proc.path(pid, "root", exe)),
        python=identify_interpreter(exe, None).version,
        cpu=_cpu(proc, pid),
        same_namespaces=same,
        pid_inside=pid_inside(theirs),
        container=container_name(proc.text(pid, "cgroup") or ""),
        apparmor=_security_profile(proc, pid),
    )


def credentials_of_child(status: Mapping[str, str]) -> Credentials:
    """Return the credentials of a program that a process starts, if the program's file adds none."""
    own = Credentials.from_status(status)
    if own.uids == {0}:
        held = own.bounding if status.get("NoNewPrivs") != "1" else own.bounding & own.permitted
    else:
        held = int(status.get("CapAmb", "0"), 16)
    return replace(own, permitted=held, effective=held)


def with_file_capabilities(started: Credentials, added: int, status: Mapping[str, str]) -> Credentials:
    """Add the capabilities of the program's file, which NoNewPrivs forbids."""
    if not added or started.uids == {0} or status.get("NoNewPrivs") == "1":
        return started
    held = added & started.bounding
    return replace(started, permitted=held, effective=held)


def _number(text: str | None) -> int:
    """Parse a number as /proc writes it; 0 for anything else."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() else 0


def _first_id(status: Mapping[str, str], name: str, default: int) -> int:
    numbers = status.get(name, "").split()
    return int(numbers[0]) if numbers else default


def _cpu(proc: Proc, pid: int | str) -> str | None:
    """Read which CPU an executable is built for from its ELF header."""
    header = proc.head(pid, "exe", limit=ELF_HEADER_BYTES)
    if header is None or len(header) < ELF_HEADER_BYTES or not header.startswith(b"\x7fELF"):
        return None
    machine = int.from_bytes(header[18:20], "little" if header[5] == 1 else "big")
    return ELF_MACHINES.get(machine, str(machine))


def _security_profile(proc: Proc, pid: int | str) -> str | None:
    """Read the AppArmor profile (or SELinux context) that confines a process."""
    profile = (proc.text(pid, "attr/apparmor/current") or proc.text(pid, "attr/current") or "").strip("\0\n ")
    return None if profile in {"", "unconfined", "kernel"} else profile


def _hidepid(proc: Proc) -> str:
    """Read how /proc itself is mounted: 0 shows the processes of all users."""
    numbers = {"off": "0", "noaccess": "1", "invisible": "2", "ptraceable": "4"}
    for line in (proc.text("self/mountinfo") or "").splitlines():
        fields, _, rest = line.partition(" - ")
        if fields.split()[4:5] == ["/proc"] and rest.startswith("proc "):
            for option in rest.split()[-1].split(","):
                name, _, value = option.partition("=")
                if name == "hidepid":
                    return numbers.get(value, value)
    return "0"


def _runtime(proc: Proc, cgroup: str) -> str | None:
    """Return the container runtime or the service that we ourselves run in."""
    if named := container_name(cgroup):
        return named.split()[0]
    if os.path.lexists(proc.path("self/root/.dockerenv")):
        return "docker"
    return "podman" if os.path.lexists(proc.path("self/root/run/.containerenv")) else None


def _sys(proc: Proc, name: str) -> str | None:
    """Read a file of /sys, which lies beside /proc."""
    text = proc.text("../sys", name)
    return text.strip() if text is not None else None


def _is_alive(pid: int) -> bool:
    """Whether a pid that /proc does not show is in use; signal 0 is never delivered."""
    if pid <= 0:  # 0 and negative numbers stand for groups of processes
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
