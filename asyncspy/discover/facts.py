"""/proc and /sys to one snapshot of all that decides whether we may attach; the checks look at nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from asyncspy.discover import kernel
from asyncspy.discover.containers import container, pid_inside
from asyncspy.discover.proc import Proc
from asyncspy.discover.python import interpreter

CAP_SYS_PTRACE = 1 << 19
YAMA_CHILDREN, YAMA_CAPABILITY, YAMA_NOBODY = 1, 2, 3
TRACER_NAMED = "ASYNCSPY_TRACER_NAMED"
"""Set in the environment of a server that lets anyone of its user attach, with prctl(PR_SET_PTRACER): nothing else in
/proc shows that it does."""

WHOLE_ID_SPACE = "0 0 4294967295"
ELF_HEADER = 20
CPUS = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64"}
SUDO_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Where sudo is, and where it finds commands on a stock system; a virtual environment is not among them."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a process is: real, effective and saved ids, and its capabilities.

    Ours are those that py-spy will hold, which we start: root gets all that is not bounded, others keep the ambient.
    """

    uids: frozenset[int]
    gids: frozenset[int]
    permitted: int
    effective: int
    bounding: int

    @property
    def may_trace_anybody(self) -> bool:
        """Whether it holds CAP_SYS_PTRACE now."""
        return bool(self.effective & CAP_SYS_PTRACE)


@dataclass(frozen=True, slots=True)
class Machine:
    """What holds whatever the target is: who we are, what we may, where we run.

    `like_us`: py-spy may trace whom we may, so that what the kernel says to us holds for it, too.
    """

    us: Credentials
    like_us: bool
    our_uid: int
    our_gid: int
    yama: int | None
    kernel: str
    cpu: str
    no_new_privileges: bool = False
    seccomp: int = 0
    ptrace_filter: str | None = None
    own_user_namespace: bool = False
    sudo: bool = True
    hidepid: str = "0"
    runtime: str | None = None
    kubernetes: bool = False
    shares_pids: bool = False
    cgroups: int | None = None
    apparmor: str | None = None
    selinux: str | None = None
    selinux_denies_ptrace: bool = False

    @property
    def sudo_would_help(self) -> bool:
        """Whether sudo would give CAP_SYS_PTRACE over all of this machine; in a container it usually would not."""
        could = self.us.bounding & CAP_SYS_PTRACE and not self.no_new_privileges and not self.own_user_namespace
        return bool(could) and self.our_uid != 0


@dataclass(frozen=True, slots=True)
class Target:
    """What /proc says of the process; `hidden` means that it lives, and that nothing else may be seen of it.

    `exe_found`: its executable lies under its root by the name that /proc gives it, which is where py-spy looks.
    """

    pid: int
    hidden: bool = False
    them: Credentials = Credentials(frozenset(), frozenset(), 0, 0, 0)
    name: str = ""
    dumpable: bool = True
    readable: bool = True
    kernel_lets_read: bool | None = None
    names_tracer: bool = False
    tracer: tuple[int, str] | None = None
    exe: str | None = None
    exe_found: bool = True
    python: str | None = None
    cpu: str | None = None
    same_namespaces: Mapping[str, bool | None] | None = None
    pid_inside: int | None = None
    container: str | None = None
    apparmor: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the checks look at; without a target only the machine is judged. `py_spy` is its version, if told."""

    machine: Machine
    target: Target | None = None
    py_spy: str | None = None


def machine(proc: Proc) -> Machine:
    """Look at ourselves and at the machine."""
    ours = proc.status("self")
    cgroup = proc.text("self/cgroup") or ""
    seccomp = _number(ours.get("Seccomp"))
    real = proc.root == Path("/proc")
    us = started_by(ours)
    return Machine(
        us=us,
        like_us=us.may_trace_anybody == credentials(ours).may_trace_anybody,
        our_uid=_first(ours, "Uid", os.getuid()),
        our_gid=_first(ours, "Gid", os.getgid()),
        yama=_yama(proc),
        kernel=os.uname().release,
        cpu=_cpu(proc, "self") or os.uname().machine,
        no_new_privileges=ours.get("NoNewPrivs") == "1",
        seccomp=seccomp,
        ptrace_filter=kernel.filter_on_ptrace() if seccomp and real else None,
        own_user_namespace=" ".join((proc.text("self/uid_map") or WHOLE_ID_SPACE).split()) != WHOLE_ID_SPACE,
        sudo=has_sudo(),
        hidepid=_hidepid(proc),
        runtime=_runtime(proc, cgroup),
        kubernetes="KUBERNETES_SERVICE_HOST" in os.environ or "/kubepods" in cgroup,
        shares_pids=(proc.text(1, "comm") or "").strip() == "pause",
        cgroups=None if not cgroup else 2 if all(line.startswith("0::") for line in cgroup.splitlines()) else 1,
        apparmor=_profile(proc, "self"),
        selinux=_sys(proc, "fs/selinux/enforce"),
        selinux_denies_ptrace=(_sys(proc, "fs/selinux/booleans/deny_ptrace") or "").startswith("1"),
    )


def target(pid: int, proc: Proc, machine: Machine) -> Target | None:
    """Look at a process; None where there is none."""
    theirs = proc.status(pid)
    if "Uid" not in theirs:
        return Target(pid, hidden=True) if proc.root == Path("/proc") and _lives(pid) else None
    exe = proc.link(pid, "exe")
    tracer = _number(theirs.get("TracerPid"))
    yama = machine.yama == YAMA_CHILDREN
    same = {kind: _same_namespace(pid, kind, proc) for kind in ("user", "pid", "mnt")}
    asked = machine.like_us and not machine.seccomp and proc.root == Path("/proc")
    return Target(
        pid=pid,
        them=credentials(theirs),
        name=theirs.get("Name", ""),
        dumpable=proc.owner(pid, "status") in {None, int(theirs["Uid"].split()[1])},
        readable=not (machine.like_us and proc.denies(pid, "exe")),
        kernel_lets_read=kernel.lets_read(pid) if asked else None,
        names_tracer=yama and bool((proc.environ(pid) or {}).get(TRACER_NAMED)),
        tracer=(tracer, (proc.text(tracer, "comm") or "").strip()) if tracer else None,
        exe=exe,
        exe_found=exe is None or same["mnt"] is not False or os.path.lexists(proc.path(pid, "root", exe)),
        python=interpreter(exe, None).version,
        cpu=_cpu(proc, pid),
        same_namespaces=same,
        pid_inside=pid_inside(theirs),
        container=container(proc.text(pid, "cgroup") or ""),
        apparmor=_profile(proc, pid),
    )


def credentials(status: dict[str, str]) -> Credentials:
    """Of the four ids in `status` the last is for files only."""
    return Credentials(
        uids=frozenset(map(int, status.get("Uid", "").split()[:3])),
        gids=frozenset(map(int, status.get("Gid", "").split()[:3])),
        permitted=int(status.get("CapPrm", "0"), 16),
        effective=int(status.get("CapEff", "0"), 16),
        bounding=int(status.get("CapBnd", "0"), 16),
    )


def started_by(status: dict[str, str]) -> Credentials:
    """The credentials of a program that a process starts, if its file brings none along."""
    own = credentials(status)
    if own.uids == {0}:
        held = own.bounding if status.get("NoNewPrivs") != "1" else own.bounding & own.permitted
    else:
        held = int(status.get("CapAmb", "0"), 16)
    return replace(own, permitted=held, effective=held)


def has_sudo() -> bool:
    """Whether this system has sudo; containers seldom do."""
    return any(os.access(f"{folder}/sudo", os.X_OK) for folder in SUDO_PATH)


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


def _first(status: dict[str, str], name: str, otherwise: int) -> int:
    numbers = status.get(name, "").split()
    return int(numbers[0]) if numbers else otherwise


def _number(text: str | None) -> int:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() else 0


def _yama(proc: Proc) -> int | None:
    """None where the kernel has no Yama."""
    text = proc.text("sys/kernel/yama/ptrace_scope")
    return None if text is None else _number(text)


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
    if named := container(cgroup):
        return named.split()[0]
    if os.path.exists(f"{proc.root}/self/root/.dockerenv"):  # noqa: PTH110
        return "docker"
    if os.path.exists(f"{proc.root}/self/root/run/.containerenv"):  # noqa: PTH110
        return "podman"
    return None


def _profile(proc: Proc, pid: int | str) -> str | None:
    """The AppArmor profile (or SELinux context) that confines a process."""
    told = (proc.text(pid, "attr/apparmor/current") or proc.text(pid, "attr/current") or "").strip("\0\n ")
    return None if told in {"", "unconfined", "kernel"} else told


def _sys(proc: Proc, name: str) -> str | None:
    """A file of /sys, which lies beside /proc."""
    text = proc.text("../sys", name)
    return text.strip() if text is not None else None


def _same_namespace(pid: int, kind: str, proc: Proc) -> bool | None:
    ours, theirs = proc.link("self/ns", kind), proc.link(pid, "ns", kind)
    return None if ours is None or theirs is None else ours == theirs


def _cpu(proc: Proc, pid: int | str) -> str | None:
    """What an executable is built for, from the first bytes of its file."""
    header = proc.head(pid, "exe", longest=ELF_HEADER)
    if header is None or len(header) < ELF_HEADER or not header.startswith(b"\x7fELF"):
        return None
    number = int.from_bytes(header[18:20], "little" if header[5] == 1 else "big")
    return CPUS.get(number, str(number))
