"""Name the container or service of a process from its cgroup, and find its pid in there from its status."""

from __future__ import annotations

import re

_ID = r"(?P<id>[0-9a-f]{12})[0-9a-f]{20,52}"

RUNTIMES = (
    ("docker", re.compile(rf"/docker[/-]{_ID}(?:\.scope)?(?=/|$)", re.MULTILINE)),
    ("podman", re.compile(rf"/libpod-(?:payload-)?{_ID}(?:\.scope)?(?=/|$)", re.MULTILINE)),
    ("containerd", re.compile(rf"/(?:[^/\n]*:)?cri-containerd[-:]{_ID}(?:\.scope)?(?=/|$)", re.MULTILINE)),
    ("nerdctl", re.compile(rf"/nerdctl-{_ID}(?:\.scope)?(?=/|$)", re.MULTILINE)),
    ("ecs", re.compile(rf"/ecs/[^/\n]+/{_ID}(?=/|$)", re.MULTILINE)),
    ("cri-o", re.compile(rf"/crio-{_ID}(?:\.scope)?(?=/|$)", re.MULTILINE)),
    ("kubernetes", re.compile(rf"/kubepods[^\n]*/{_ID}(?=/|$)", re.MULTILINE)),
    ("lxc", re.compile(r"/(?:lxc(?:\.payload)?)[./](?P<id>[\w.-]{1,64})", re.MULTILINE)),
)
"""Container runtimes by the cgroups that they create, which have the same names in cgroup v1 and v2."""

_SERVICE = re.compile(r"/(?P<unit>[\w@.\\:-]{1,200}\.service)(?=/|$)", re.MULTILINE)
KUBERNETES = "/kubepods"


def container_name(cgroup: str) -> str | None:
    """Return e.g. `docker 0123456789ab` or `shop.service`; None if the cgroup names neither."""
    if container := _innermost(cgroup):
        runtime, name = container
        return f"{runtime} {name}" + (" (kubernetes)" if KUBERNETES in cgroup and runtime != "kubernetes" else "")
    units = [match["unit"] for match in _SERVICE.finditer(cgroup) if not match["unit"].startswith("user@")]
    return units[-1] if units else None


def _innermost(cgroup: str) -> tuple[str, str] | None:
    """Find the innermost of nested containers on the first line with any; cgroup v1 repeats it on other lines."""
    for line in cgroup.split("\n"):
        matches = ((runtime, match) for runtime, pattern in RUNTIMES for match in pattern.finditer(line))
        containers = [(match.start("id"), runtime, match["id"]) for runtime, match in matches]
        if containers:
            return max(containers)[1:]
    return None


def pid_inside(status: dict[str, str]) -> int | None:
    """Return the pid in the process's own PID namespace; None if that is ours."""
    pids = status.get("NSpid", "").split()
    return int(pids[-1]) if len(pids) > 1 else None
