"""Files of /proc that tell the same of us and of a target: the CPU it is built for, the profile that confines it."""

from __future__ import annotations

from asyncspy.discover.proc import Proc

ELF_HEADER = 20
CPUS = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64"}


def cpu(proc: Proc, pid: int | str) -> str | None:
    """What an executable is built for, from the first bytes of its file."""
    header = proc.head(pid, "exe", longest=ELF_HEADER)
    if header is None or len(header) < ELF_HEADER or not header.startswith(b"\x7fELF"):
        return None
    number = int.from_bytes(header[18:20], "little" if header[5] == 1 else "big")
    return CPUS.get(number, str(number))


def profile(proc: Proc, pid: int | str) -> str | None:
    """The AppArmor profile (or SELinux context) that confines a process."""
    told = (proc.text(pid, "attr/apparmor/current") or proc.text(pid, "attr/current") or "").strip("\0\n ")
    return None if told in {"", "unconfined", "kernel"} else told


def number(text: str | None) -> int:
    """A number as /proc writes it; 0 for anything else."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() else 0
