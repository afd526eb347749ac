"""Choose the command that fixes a refusal, by where we run; sudo is only suggested where it helps."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from asyncspy.discover.access.facts import MachineFacts
from asyncspy.discover.access.gather import SUDO_PATH

LIST_WORKERS = "asyncspy find-workers"

ADD_CAPABILITY_ANYWHERE = (
    "start this container with CAP_SYS_PTRACE: docker run --cap-add SYS_PTRACE …, in compose cap_add: [SYS_PTRACE],"
    " in Kubernetes securityContext.capabilities.add: [SYS_PTRACE]"
)
ADD_CAPABILITY = {
    "docker": "docker run --cap-add SYS_PTRACE …, in compose cap_add: [SYS_PTRACE]; or, as root on the host:"
    " asyncspy find-workers",
    "podman": "podman run --cap-add SYS_PTRACE …, in compose cap_add: [SYS_PTRACE]; or, as root on the host:"
    " asyncspy find-workers",
    "kubernetes": "kubectl debug -it POD --image=IMAGE-WITH-ASYNCSPY --target=CONTAINER --profile=sysadmin; or, for"
    " good, in the container's spec: securityContext.capabilities.add: [SYS_PTRACE]",
    "service": "in the systemd unit that runs this: NoNewPrivileges=no and AmbientCapabilities=CAP_SYS_PTRACE, and no"
    " CapabilityBoundingSet= that leaves it out; or run asyncspy from a login shell",
}
REMOVE_FILTER = {
    "docker": "docker run --security-opt seccomp=unconfined …, or --cap-add SYS_PTRACE, for which Docker's own filter"
    " makes room",
    "podman": "podman run --security-opt seccomp=unconfined …",
    "kubernetes": "in the pod's spec: securityContext.seccompProfile.type: Unconfined",
    "service": "in the systemd unit that runs this: SystemCallFilter=@debug @ipc, then systemctl daemon-reload",
}
REMOVE_FILTER_ANYWHERE = (
    "docker run --security-opt seccomp=unconfined …, in Kubernetes securityContext.seccompProfile.type: Unconfined,"
    " in a systemd unit SystemCallFilter=@debug @ipc"
)


def _situation(machine: MachineFacts) -> str | None:
    """Return where we run, as far as it decides which command helps."""
    if machine.kubernetes:
        return "kubernetes"
    if machine.runtime is None:
        return None
    return "service" if machine.runtime.endswith(".service") else machine.runtime


def with_capability(machine: MachineFacts, pid: int | None) -> str:
    """Say how to get CAP_SYS_PTRACE here."""
    if machine.sudo_would_help:
        return as_root(machine, pid)
    return ADD_CAPABILITY.get(_situation(machine) or "", ADD_CAPABILITY_ANYWHERE)


def without_filter(machine: MachineFacts) -> str:
    """Say how to remove a seccomp filter here."""
    return REMOVE_FILTER.get(_situation(machine) or "", REMOVE_FILTER_ANYWHERE)


def as_root(machine: MachineFacts, pid: int | None) -> str:
    """Return the command that attaches as root, or lists workers where no pid is given."""
    line = f"{asyncspy_as_root()} attach --pid {pid}" if pid is not None else f"{asyncspy_as_root()} find-workers"
    return f"sudo {line}" if machine.sudo else f"as root: {line}"


def asyncspy_as_root() -> str:
    """Return how root runs this asyncspy: by its full path where sudo would not find it."""
    script = shutil.which("asyncspy")
    if script is None:
        return f"{shlex.quote(sys.executable)} -m asyncspy"
    return "asyncspy" if str(Path(script).parent) in SUDO_PATH else shlex.quote(script)
