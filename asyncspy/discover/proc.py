"""Files of /proc: a pid and a name in, text out, or None where the process is gone or keeps the file from us."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

LONGEST = 16 * 1024 * 1024
"""More than any honest /proc file holds; a process can make its own maps and environ as long as it likes."""

PIECE = 64 * 1024

BEHIND_NAME = 3
"""The first field of `stat` behind the name, which may hold anything; the manual counts from 1."""

FLAGS = 9


@dataclass(frozen=True, slots=True)
class Proc:
    """The proc file system, at another place in tests."""

    root: Path = Path("/proc")

    def text(self, *parts: str | int, longest: int = LONGEST) -> str | None:
        """A file's text."""
        read = self.head(*parts, longest=longest)
        return None if read is None else read.decode("utf-8", "replace")

    def head(self, *parts: str | int, longest: int = LONGEST) -> bytes | None:
        """The first bytes of a file; a named pipe that stands in for one is not waited for."""
        try:
            opened = os.open(self.name(*parts), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return _read(opened, longest)
        except OSError:
            return None
        finally:
            os.close(opened)

    def link(self, *parts: str | int) -> str | None:
        """Where a symbolic link points, without the mark that the file has been deleted since."""
        try:
            return os.readlink(self.name(*parts)).removesuffix(" (deleted)")  # noqa: PTH115
        except OSError:
            return None

    def names(self, *parts: str | int) -> list[str]:
        """The names in a folder; empty where it cannot be read."""
        try:
            return os.listdir(self.name(*parts))  # noqa: PTH208
        except OSError:
            return []

    def denies(self, *parts: str | int) -> bool:
        """Whether the kernel keeps a link from us that is there."""
        try:
            os.readlink(self.name(*parts))  # noqa: PTH115
        except PermissionError:
            return True
        except OSError:
            return False
        return False

    def owner(self, *parts: str | int) -> int | None:
        """The uid that owns a file."""
        try:
            return os.stat(self.name(*parts)).st_uid  # noqa: PTH116
        except OSError:
            return None

    def status(self, pid: str | int) -> dict[str, str]:
        """The fields of a process's `status`; empty where it cannot be read."""
        lines = (self.text(pid, "status") or "").split("\n")
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def cmdline(self, pid: int) -> tuple[str, ...]:
        """The arguments that a process was started with, or what it has written over them; none of a zombie.

        One that wrote a line over them leaves no zero bytes between the words.
        """
        text = self.text(pid, "cmdline") or ""
        if text.endswith("\0"):
            return tuple(text[:-1].split("\0"))
        return tuple(text.split(" ")) if text else ()

    def flags(self, pid: int) -> int | None:
        """The kernel's flags of a process; None where they cannot be read."""
        fields = (self.text(pid, "stat") or "").rpartition(")")[2].split()
        try:
            return int(fields[FLAGS - BEHIND_NAME])
        except (ValueError, IndexError):
            return None

    def environ(self, pid: int) -> dict[str, str] | None:
        """The environment that a process was started with; None where it is unreadable or was written over.

        setproctitle writes its title over the arguments and zeroes the environment behind them.
        """
        text = self.text(pid, "environ")
        if text is None or not text.strip("\0"):
            return None
        return {name: value for name, found, value in (item.partition("=") for item in text.split("\0")) if found}

    def mapped_files(self, pid: int) -> frozenset[str] | None:
        """The files that a process has mapped: its interpreter and its extension modules."""
        text = self.text(pid, "maps")
        if text is None:
            return None
        return frozenset(line[line.index("/") :] for line in text.split("\n") if "/" in line)

    def path(self, *parts: str | int) -> Path:
        """A file's place."""
        return Path(self.name(*parts))

    def name(self, *parts: str | int) -> str:
        """A file's place, as text; parts are joined as they are, so that `root` can be followed by an absolute path.

        Text, and os instead of pathlib, because a busy host has tens of thousands of these files.
        """
        return "/".join([str(self.root), *(str(part).lstrip("/") for part in parts)])


def _read(opened: int, longest: int) -> bytes:
    """Piece by piece: room for the longest file, made for each of thousands, takes longer than reading them."""
    pieces = []
    while longest > 0 and (piece := os.read(opened, min(longest, PIECE))):
        pieces.append(piece)
        longest -= len(piece)
    return b"".join(pieces)
