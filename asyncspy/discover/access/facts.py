"""Types for what decides whether py-spy may attach: facts about us, the machine and the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

CAP_SYS_PTRACE = 1 << 19
YAMA_CHILDREN, YAMA_CAPABILITY, YAMA_NOBODY = 1, 2, 3
"""Scopes of Yama: only parents may attach, only holders of CAP_SYS_PTRACE, or nobody. 0 restricts nothing."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and group ids (real, effective, saved) and capabilities of a process.

    Ours are those that py-spy gets when we start it: root's are limited by the bounding set, others' are the ambient.
    """

    uids: frozenset[int]
    gids: frozenset[int]
    permitted: int
    effective: int
    bounding: int

    @property
    def may_trace_anybody(self) -> bool:
        """Whether CAP_SYS_PTRACE is in force."""
        return bool(self.effective & CAP_SYS_PTRACE)

    @classmethod
    def from_status(cls, status: Mapping[str, str]) -> Credentials:
        """Read them from the fields of /proc/PID/status; the fourth id there is for files only."""
        return cls(
            uids=frozenset(map(int, status.get("Uid", "").split()[:3])),
            gids=frozenset(map(int, status.get("Gid", "").split()[:3])),
            permitted=int(status.get("CapPrm", "0"), 16),
            effective=int(status.get("CapEff", "0"), 16),
            bounding=int(status.get("CapBnd", "0"), 16),
        )


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What holds for every target: who we are, what we may do, where we run.

    `like_us`: py-spy may trace what we may, so the kernel's answers to us hold for it. `by_file`: py-spy's own file
    gives it CAP_SYS_PTRACE.
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
    def why_anybody(self) -> str:
        """Say why py-spy may trace any process, where `us.may_trace_anybody`."""
        return "py-spy's own file brings CAP_SYS_PTRACE along" if self.by_file else "you hold CAP_SYS_PTRACE"

    @property
    def sudo_would_help(self) -> bool:
        """Whether sudo would give CAP_SYS_PTRACE over all of this machine; in a container it usually would not."""
        could = self.us.bounding & CAP_SYS_PTRACE and not self.no_new_privileges and not self.own_user_namespace
        return bool(could) and self.our_uid != 0


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What /proc shows of the target; `hidden` means that it is alive and shows nothing else.

    `exe_found`: the executable lies below the target's root under the name that /proc gives it, where py-spy looks.
    """

    pid: int
    hidden: bool = False
    them: Credentials = Credentials(frozenset(), frozenset(), 0, 0, 0)
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
class AccessFacts:
    """All that the checks look at. Without a target only the machine is judged; `py_spy` is its version, if known."""

    machine: MachineFacts
    target: TargetFacts | None = None
    py_spy: str | None = None

    @property
    def seen_target(self) -> TargetFacts | None:
        """The target, unless there is none or it is hidden."""
        return None if self.target is None or self.target.hidden else self.target


class Refusal(NamedTuple):
    """Why attaching will fail, and what to do about it."""

    reason: str
    remedy: str
