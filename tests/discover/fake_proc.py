"""A proc file system of our own making, for kernels and users that this machine does not have."""

from __future__ import annotations

import os
from pathlib import Path

from asyncspy.discover.proc import Proc

ALL = (1 << 41) - 1
PTRACE = 1 << 19
US = os.getuid() or 1000
"""An ordinary user, even where root runs the tests."""


class FakeProc:
    """Writes the files that the checks read; `of()` is the file system as it then is."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.us()

    def of(self) -> Proc:
        return Proc(self.root)

    def us(self, *, uid: int = US, gid: int = 1000, capabilities: int = 0, bounding: int = ALL, more: str = "") -> None:
        """`capabilities` are ambient, too: those that py-spy, which we start, will hold."""
        self.write("self/status", _status("asyncspy", uid, gid, capabilities, bounding) + more)

    def target(self, pid: int = 42, *, uid: int | None = None, gid: int = 1000, capabilities: int = 0) -> None:
        """Its files belong to US, so only that uid is dumpable."""
        self.write(f"{pid}/status", _status("python", US if uid is None else uid, gid, capabilities, 0))
        self.write(f"{pid}/environ", "A=1\0")
        if os.getuid() == 0:
            os.chown(self.root / f"{pid}/status", US, US)

    def yama(self, scope: int) -> None:
        self.write("sys/kernel/yama/ptrace_scope", f"{scope}\n")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def link(self, name: str, target: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)


def _status(name: str, uid: int, gid: int, capabilities: int, bounding: int) -> str:
    return (
        f"Name:\t{name}\nState:\tS (sleeping)\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t{gid}\t{gid}\t{gid}\t{gid}\n"
        f"CapPrm:\t{capabilities:016x}\nCapEff:\t{capabilities:016x}\nCapBnd:\t{bounding:016x}\n"
        f"CapAmb:\t{capabilities:016x}\n"
    )
