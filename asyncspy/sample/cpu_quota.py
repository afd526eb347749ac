"""How many processors a process may use by its control groups: a writer that has to wait holds its target stopped."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def cpu_quota(pid: int | str, root: Path = Path("/proc"), cgroups: Path = CGROUPS) -> float | None:
    """The least that any of its groups allows; None where none of them limits it, or that cannot be seen."""
    found: list[float] = []
    with suppress(OSError):
        for line in (root / str(pid) / "cgroup").read_text(encoding="utf-8", errors="replace").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                found += _quotas(cgroups, path, "cpu.max")
            elif "cpu" in controllers.split(","):
                found += _quotas(cgroups / controllers, path, "cpu.cfs_quota_us", "cpu.cfs_period_us")
    return min(found, default=None)


def _quotas(base: Path, path: str, *names: str) -> list[float]:
    """Of a group and of all that it is in."""
    found = []
    here = base / path.strip("/")
    for group in [here, *here.parents]:
        if not group.is_relative_to(base):
            break
        with suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = " ".join((group / name).read_text() for name in names).split()
            if quota not in {"max", "-1"}:
                found.append(int(quota) / int(period))
    return found


def low_quota_note(pid: int) -> str | None:
    """What to say where asyncspy or the process has less than one processor; None where both have."""
    for what, quota in (("asyncspy", cpu_quota("self")), (f"process {pid}", cpu_quota(pid))):
        if quota is not None and quota < 1.0:
            return (
                f"{what} may use no more than {quota:g} of a processor: process {pid} may stand still for up to a"
                " quarter of a second when the hook is let in"
            )
    return None
