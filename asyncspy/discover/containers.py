"""A process's cgroup to the container or service that it belongs to, and its status to its pid in there."""

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
"""Container runtimes by the cgroup that they make; the same names stand in cgroup v1 and v2."""

_SERVICE = re.compile(r"/(?P<unit>[\w@.\\:-]{1,200}\.service)(?=/|$)", re.MULTILINE)
KUBERNETES = "/kubepods"


def container_name(cgroup: str) -> str | None:
    """`docker 0123456789ab`, `shop.service`; None where the cgroup names neither."""
    if found := _innermost(cgroup):
        _, runtime, name = found
        return f"{runtime} {name}" + (" (kubernetes)" if KUBERNETES in cgroup and runtime != "kubernetes" else "")
    units = [match["unit"] for match in _SERVICE.finditer(cgroup) if not match["unit"].startswith("user@")]
    return units[-1] if units else None


def _innermost(cgroup: str) -> tuple[int, str, str] | None:
    """Of containers in containers the last on the first line with any; other lines of cgroup v1 name the same."""
    for line in cgroup.split("\n"):
        found = ((runtime, match) for runtime, rule in RUNTIMES for match in rule.finditer(line))
        named = [(match.start("id"), runtime, match["id"]) for runtime, match in found]
        if named:
            return max(named)
    return None


def pid_inside(status: dict[str, str]) -> int | None:
    """The pid in the process's own PID namespace, where that is not ours."""
    pids = status.get("NSpid", "").split()
    return int(pids[-1]) if len(pids) > 1 else None
