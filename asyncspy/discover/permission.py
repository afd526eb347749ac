"""A pid to whether we may attach to it, decided without ptrace: small named checks over what /proc says of both sides.

The checks follow the kernel's ptrace_may_access. Each looks at one cause and names the line that mends it.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from asyncspy.discover.proc import Proc

CAP_SYS_PTRACE = 1 << 19
YAMA_CHILDREN, YAMA_CAPABILITY, YAMA_NOBODY = 1, 2, 3
TRACER_NAMED = "ASYNCSPY_TRACER_NAMED"
"""Set in the environment of a server that lets anyone of its user attach, with prctl(PR_SET_PTRACER): nothing else in
/proc shows that it does."""

SUDO_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Where sudo finds commands on a stock system; a virtual environment is not among them."""


class Refusal(NamedTuple):
    """Why attaching will fail, and what to do about it."""

    reason: str
    remedy: str


class Permission(NamedTuple):
    """The answer; `reason` and `remedy` are None where attaching is allowed."""

    allowed: bool
    reason: str | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a process is: real, effective and saved ids, and its capabilities."""

    uids: frozenset[int]
    gids: frozenset[int]
    permitted: int
    effective: int
    bounding: int

    @property
    def may_trace_anybody(self) -> bool:
        """Whether it holds CAP_SYS_PTRACE now."""
        return bool(self.effective & CAP_SYS_PTRACE)

    @property
    def sudo_would_help(self) -> bool:
        """Whether root would hold CAP_SYS_PTRACE here; in a container it usually would not."""
        return bool(self.bounding & CAP_SYS_PTRACE)


@dataclass(frozen=True, slots=True)
class Case:
    """All that the checks look at."""

    pid: int
    target: Credentials
    us: Credentials
    our_uid: int
    our_gid: int
    dumpable: bool
    yama: int
    names_tracer: bool
    readable: bool


def may_attach(pid: int, proc: Proc | None = None) -> Permission:
    """Whether py-spy, started by us, will be let into a process; a process that is gone is refused, too."""
    case = _case(pid, proc or Proc())
    if case is None:
        return Permission(False, f"process {pid} has ended", "asyncspy find-workers")
    for check in CHECKS:
        refusal = check(case)
        if refusal is not None:
            return Permission(False, *refusal)
    return Permission(True)


def same_user(case: Case) -> Refusal | None:
    """All of the target's ids must be ours."""
    if case.us.may_trace_anybody or case.target.uids == {case.our_uid}:
        return None
    owner = next(iter(case.target.uids - {case.our_uid}))
    reason = f"it belongs to {user_name(owner)} and you are {user_name(case.our_uid)}"
    if case.our_uid == 0 or not case.us.sudo_would_help:
        return Refusal(f"{reason} without the capability CAP_SYS_PTRACE", _CONTAINER)
    as_owner = f", or run asyncspy as {user_name(owner)}" if owner != 0 else ""
    return Refusal(reason, sudo_line(case.pid) + as_owner)


def same_group(case: Case) -> Refusal | None:
    """The group ids must be ours, too; a server started with another group is refused to its own user."""
    if case.us.may_trace_anybody or case.target.gids == {case.our_gid}:
        return None
    return Refusal("its group is not your primary group", _with_capability(case))


def dumpable(case: Case) -> Refusal | None:
    """A process that changed its user, or asked for it, hides from its own user: its files in /proc are root's."""
    if case.us.may_trace_anybody or case.dumpable:
        return None
    reason = "it is not dumpable (it changed its user or group after it started, or its executable is not readable)"
    return Refusal(reason, _with_capability(case))


def no_more_capabilities(case: Case) -> Refusal | None:
    """Nobody may trace a process that can do more than he can."""
    if case.us.may_trace_anybody or not case.target.permitted & ~case.us.permitted:
        return None
    return Refusal("it holds capabilities that you do not hold", _with_capability(case))


def yama_forbids_all(case: Case) -> Refusal | None:
    """Scope 3 holds even for root, and only a reboot ends it."""
    if case.yama < YAMA_NOBODY:
        return None
    return Refusal(
        "kernel.yama.ptrace_scope is 3: nobody may attach to any process until the machine is started again",
        "set kernel.yama.ptrace_scope to 1 in /etc/sysctl.d and reboot",
    )


def yama_wants_capability(case: Case) -> Refusal | None:
    """Scope 2: only who holds CAP_SYS_PTRACE."""
    if case.yama != YAMA_CAPABILITY or case.us.may_trace_anybody:
        return None
    return Refusal("kernel.yama.ptrace_scope is 2: only root may attach", _with_capability(case))


def yama_wants_parent(case: Case) -> Refusal | None:
    """Scope 1: only children of the one who attaches. That is py-spy, and it has none, whoever started the target."""
    if case.yama != YAMA_CHILDREN or case.us.may_trace_anybody or case.names_tracer:
        return None
    lasting = "or, for all of your processes until the next reboot: sudo sysctl kernel.yama.ptrace_scope=0"
    remedy = f"{sudo_line(case.pid)}, {lasting}" if case.us.sudo_would_help else _CONTAINER
    return Refusal(
        "kernel.yama.ptrace_scope is 1: you may only attach to children of the process that attaches", remedy
    )


def kernel_agrees(case: Case) -> Refusal | None:
    """The last word: who may not even see which executable runs may not attach, whatever else we made of it."""
    if case.readable:
        return None
    return Refusal(
        "the kernel hides it from you, though you are its user or root here: it runs outside your user namespace, or a"
        " security module protects it",
        "run asyncspy outside of any container, on the host itself (process ids differ there); else look for"
        " AppArmor or SELinux denials: sudo dmesg",
    )


CHECKS: tuple[Callable[[Case], Refusal | None], ...] = (
    yama_forbids_all,
    same_user,
    same_group,
    dumpable,
    no_more_capabilities,
    yama_wants_capability,
    yama_wants_parent,
    kernel_agrees,
)

_CONTAINER = (
    "start this container with CAP_SYS_PTRACE: docker run --cap-add SYS_PTRACE …, in compose cap_add: [SYS_PTRACE],"
    " in Kubernetes securityContext.capabilities.add: [SYS_PTRACE]"
)


def user_name(uid: int) -> str:
    """The name of a user, or the number where this system has no name for it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def sudo_line(pid: int) -> str:
    """The line that attaches as root: with the full path where sudo would not find asyncspy."""
    script = shutil.which("asyncspy")
    if script is None:
        return f"sudo {shlex.quote(sys.executable)} -m asyncspy attach --pid {pid}"
    found_by_sudo = str(Path(script).parent) in SUDO_PATH
    return f"sudo {'asyncspy' if found_by_sudo else shlex.quote(script)} attach --pid {pid}"


def _with_capability(case: Case) -> str:
    return sudo_line(case.pid) if case.us.sudo_would_help and case.our_uid != 0 else _CONTAINER


def _case(pid: int, proc: Proc) -> Case | None:
    theirs, ours = proc.status(pid), proc.status("self")
    if "Uid" not in theirs:
        return None
    us, target = _credentials(ours), _credentials(theirs)
    owner = proc.owner(pid, "status")
    effective_uid = int(theirs["Uid"].split()[1])
    yama = _yama(proc)
    return Case(
        pid=pid,
        target=target,
        us=us,
        our_uid=_first(ours, "Uid", os.getuid()),
        our_gid=_first(ours, "Gid", os.getgid()),
        dumpable=owner in {None, effective_uid},
        yama=yama,
        names_tracer=yama == YAMA_CHILDREN and bool((proc.environ(pid) or {}).get(TRACER_NAMED)),
        readable=not proc.denies(pid, "exe"),
    )


def _credentials(status: dict[str, str]) -> Credentials:
    """Of the four ids in `status` the last is for files only."""
    return Credentials(
        uids=frozenset(map(int, status.get("Uid", "").split()[:3])),
        gids=frozenset(map(int, status.get("Gid", "").split()[:3])),
        permitted=int(status.get("CapPrm", "0"), 16),
        effective=int(status.get("CapEff", "0"), 16),
        bounding=int(status.get("CapBnd", "0"), 16),
    )


def _first(status: dict[str, str], name: str, otherwise: int) -> int:
    numbers = status.get(name, "").split()
    return int(numbers[0]) if numbers else otherwise


def _yama(proc: Proc) -> int:
    """0 where the kernel has no Yama."""
    text = (proc.text("sys/kernel/yama/ptrace_scope") or "").strip()
    return int(text) if text.isascii() and text.isdigit() else 0
