"""What is missing and where we run to the exact line that mends it; sudo is only named where it helps."""

from __future__ import annotations

import pwd
import shlex
import shutil
import sys
from pathlib import Path

from asyncspy.discover.access.facts import Machine
from asyncspy.discover.access.machine import SUDO_PATH

LIST = "asyncspy find-workers"

ANY_CONTAINER = (
    "start this container with CAP_SYS_PTRACE: docker run --cap-add SYS_PTRACE …, in compose cap_add: [SYS_PTRACE],"
    " in Kubernetes securityContext.capabilities.add: [SYS_PTRACE]"
)
WITH_CAPABILITY = {
    "docker": "docker run --cap-add SYS_PTRACE …, in compose cap_add: [SYS_PTRACE]; or, as root on the host:"
    " asyncspy find-workers",
    "podman": "podman run --cap-add SYS_PTRACE …, in compose cap_add: [SYS_PTRACE]; or, as root on the host:"
    " asyncspy find-workers",
    "kubernetes": "kubectl debug -it POD --image=IMAGE-WITH-ASYNCSPY --target=CONTAINER --profile=sysadmin; or, for"
    " good, in the container's spec: securityContext.capabilities.add: [SYS_PTRACE]",
    "service": "in the systemd unit that runs this: NoNewPrivileges=no and AmbientCapabilities=CAP_SYS_PTRACE, and no"
    " CapabilityBoundingSet= that leaves it out; or run asyncspy from a login shell",
}
WITHOUT_FILTER = {
    "docker": "docker run --security-opt seccomp=unconfined …, or --cap-add SYS_PTRACE, for which Docker's own filter"
    " makes room",
    "podman": "podman run --security-opt seccomp=unconfined …",
    "kubernetes": "in the pod's spec: securityContext.seccompProfile.type: Unconfined",
    "service": "in the systemd unit that runs this: SystemCallFilter=@debug @ipc, then systemctl daemon-reload",
}
ANY_FILTER = (
    "docker run --security-opt seccomp=unconfined …, in Kubernetes securityContext.seccompProfile.type: Unconfined,"
    " in a systemd unit SystemCallFilter=@debug @ipc"
)


def situation(machine: Machine) -> str | None:
    """Where we run, as far as it decides which line helps."""
    if machine.kubernetes:
        return "kubernetes"
    if machine.runtime is None:
        return None
    return "service" if machine.runtime.endswith(".service") else machine.runtime


def with_capability(machine: Machine, pid: int | None) -> str:
    """How to come by CAP_SYS_PTRACE here."""
    if machine.sudo_would_help:
        return as_root(machine, pid)
    return WITH_CAPABILITY.get(situation(machine) or "", ANY_CONTAINER)


def without_filter(machine: Machine) -> str:
    """How to be rid of a seccomp filter here."""
    return WITHOUT_FILTER.get(situation(machine) or "", ANY_FILTER)


def as_root(machine: Machine, pid: int | None) -> str:
    """The line that attaches as root: with the full path where sudo would not find asyncspy."""
    line = f"{asyncspy_as_root()} attach --pid {pid}" if pid is not None else f"{asyncspy_as_root()} find-workers"
    return f"sudo {line}" if machine.sudo else f"as root: {line}"


def asyncspy_as_root() -> str:
    """How root calls this asyncspy."""
    script = shutil.which("asyncspy")
    if script is None:
        return f"{shlex.quote(sys.executable)} -m asyncspy"
    return "asyncspy" if str(Path(script).parent) in SUDO_PATH else shlex.quote(script)


def user_name(uid: int) -> str:
    """The name of a user, or the number where this system has no name for it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
