"""What decides whether we may attach, as nouns: `machine` and `target` fill them in, checks look at nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CAP_SYS_PTRACE = 1 << 19
YAMA_CHILDREN, YAMA_CAPABILITY, YAMA_NOBODY = 1, 2, 3


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

    `like_us`: py-spy may trace whom we may, so that what the kernel says to us holds for it, too. `by_file`: it is
    py-spy's own file that brings CAP_SYS_PTRACE along.
    """

    us: Credentials
    like_us: bool
    our_uid: int
    our_gid: int
    yama: int | None
    kernel: str
    cpu: str
    by_file: bool = False
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
    def right(self) -> str:
        """Why, in words, where py-spy will be allowed to trace whom it likes."""
        return "py-spy's own file brings CAP_SYS_PTRACE along" if self.by_file else "you hold CAP_SYS_PTRACE"

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


def credentials(status: dict[str, str]) -> Credentials:
    """Of the four ids in `status` the last is for files only."""
    return Credentials(
        uids=frozenset(map(int, status.get("Uid", "").split()[:3])),
        gids=frozenset(map(int, status.get("Gid", "").split()[:3])),
        permitted=int(status.get("CapPrm", "0"), 16),
        effective=int(status.get("CapEff", "0"), 16),
        bounding=int(status.get("CapBnd", "0"), 16),
    )
