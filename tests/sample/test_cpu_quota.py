"""The least that any control group of a process allows it, in both versions of the kernel's groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncspy.sample.cpu_quota import cpu_quota

OLD = "cpu,cpuacct"


@pytest.mark.parametrize(
    ("lines", "files", "quota"),
    [
        ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "50000 100000"}, 0.5),
        ("0::/a/b", {"a/b/cpu.max": "200000 100000", "a/cpu.max": "max 100000"}, 2.0),
        ("0::/", {}, None),
        (
            "4:cpu,cpuacct:/x",
            {f"{OLD}/x/cpu.cfs_quota_us": "25000", f"{OLD}/x/cpu.cfs_period_us": "100000"},
            0.25,
        ),
        (
            "4:cpu,cpuacct:/x",
            {f"{OLD}/x/cpu.cfs_quota_us": "-1", f"{OLD}/x/cpu.cfs_period_us": "100000"},
            None,
        ),
        ("0::/a", {"a/cpu.max": "nonsense"}, None),
        ("0::/a", {"a/cpu.max": "1 0"}, None),
        ("0::/../../b", {"b/cpu.max": "1 2"}, None),
    ],
)
def test_a_quota(lines: str, files: dict[str, str], quota: float | None, tmp_path: Path) -> None:
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "proc" / "7" / "cgroup").write_text(f"{lines}\n2:memory:/y\n")
    for name, text in files.items():
        file = tmp_path / "cgroups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert cpu_quota(7, tmp_path / "proc", tmp_path / "cgroups") == quota


def test_a_process_that_is_gone_has_none(tmp_path: Path) -> None:
    assert cpu_quota(7, tmp_path, tmp_path) is None
