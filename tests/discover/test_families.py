"""Who is below whom, who lives, and what a family has used."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from asyncspy.discover.live_processes import is_running, total_cpu_seconds, without_descendants

CHILD = "sum(range(10**7)); print('ready', flush=True); import sys; sys.stdin.read()"
FAMILY = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    """A parent that does little, and its child that has worked."""
    command = [sys.executable, "-c", FAMILY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        yield parent.pid, child
        parent.kill()


def ticks(pid: int) -> int:
    """What the kernel's own file says that it has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_process_below_another_is_left_out(family: tuple[int, int]) -> None:
    parent, child = family
    assert without_descendants([child, parent]) == [parent]
    assert without_descendants([child]) == [child]
    assert without_descendants([child, os.getpid(), parent, parent]) == [os.getpid()]


def test_what_a_family_has_used_is_counted_once(family: tuple[int, int]) -> None:
    parent, child = family
    expected = sum(ticks(pid) for pid in family) / os.sysconf("SC_CLK_TCK")
    assert total_cpu_seconds([parent]) == pytest.approx(expected, abs=0.05)
    assert total_cpu_seconds([parent, child]) == pytest.approx(expected, abs=0.05)
    assert total_cpu_seconds([child]) > 0
    assert total_cpu_seconds([]) == 0


def test_who_lives(family: tuple[int, int]) -> None:
    assert all(is_running(pid) for pid in family)
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        os.waitid(os.P_PID, gone.pid, os.WEXITED | os.WNOWAIT)
        assert psutil.pid_exists(gone.pid)
        assert not is_running(gone.pid)
    assert not is_running(gone.pid)
