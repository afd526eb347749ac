"""A process's cgroup to the container or service that it belongs to, and its status to its pid in there."""

from __future__ import annotations

import re

_ID = r"(?P<id>[0-9a-f]{12})[0-9a-f]{20,52}"

RUNTIMES = (
    ("docker", re.compile(rf"/docker[/-]{_ID}(?:\.scope)?(?:/|$)", re.MULTILINE)),
    ("podman", re.compile(rf"/libpod-(?:payload-)?{_ID}(?:\.scope)?(?:/|$)", re.MULTILINE)),
    ("containerd", re.compile(rf"/(?:[^/\n]*:)?cri-containerd[-:]{_ID}(?:\.scope)?(?:/|$)", re.MULTILINE)),
    ("cri-o", re.compile(rf"/crio-{_ID}(?:\.scope)?(?:/|$)", re.MULTILINE)),
    ("kubernetes", re.compile(rf"/kubepods[^\n]*/{_ID}(?:/|$)", re.MULTILINE)),
    ("lxc", re.compile(r"/(?:lxc(?:\.payload)?)[./](?P<id>[\w.-]{1,64})", re.MULTILINE)),
)
"""Container runtimes by the cgroup that they make; the same names stand in cgroup v1 and v2."""

_SERVICE = re.compile(r"/(?P<unit>[\w@.\\:-]{1,200}\.service)(?:/|$)", re.MULTILINE)
KUBERNETES = "/kubepods"


def container(cgroup: str) -> str | None:
    """`docker 0123456789ab`, `shop.service`; None where the cgroup names neither."""
    for runtime, pattern in RUNTIMES:
        if found := pattern.search(cgroup):
            name = f"{runtime} {found['id']}"
            return f"{name} (kubernetes)" if KUBERNETES in cgroup and runtime != "kubernetes" else name
    units = [match["unit"] for match in _SERVICE.finditer(cgroup) if not match["unit"].startswith("user@")]
    return units[-1] if units else None


def pid_inside(status: dict[str, str]) -> int | None:
    """The pid in the process's own PID namespace, where that is not ours."""
    pids = status.get("NSpid", "").split()
    return int(pids[-1]) if len(pids) > 1 else None
