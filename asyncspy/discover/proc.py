"""Read files of /proc; what is gone or not ours to read is None or empty."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_BYTES = 16 * 1024 * 1024
"""More than a normal /proc file holds; a process can make its own maps and environ as long as it likes."""

CHUNK_BYTES = 64 * 1024

STAT_FLAGS_FIELD = 9
FIRST_FIELD_AFTER_NAME = 3
"""In `stat`, whose manual counts from 1; the name before may hold anything, so fields are counted after it."""


@dataclass(frozen=True, slots=True)
class Proc:
    """The proc file system; tests put it elsewhere. Paths may be given in several parts.

    It uses os and text instead of pathlib because a busy host has tens of thousands of these files.
    """

    root: Path = Path("/proc")

    def text(self, *parts: str | int, limit: int = MAX_FILE_BYTES) -> str | None:
        """Read a file's text."""
        content = self.head(*parts, limit=limit)
        return None if content is None else content.decode("utf-8", "replace")

    def head(self, *parts: str | int, limit: int = MAX_FILE_BYTES) -> bytes | None:
        """Read the first bytes of a file, without waiting if a named pipe stands in its place."""
        try:
            opened = os.open(self.path(*parts), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return _read(opened, limit)
        except OSError:
            return None
        finally:
            os.close(opened)

    def link(self, *parts: str | int) -> str | None:
        """Return where a symbolic link points, without the mark of a file that has been deleted."""
        try:
            return os.readlink(self.path(*parts)).removesuffix(" (deleted)")
        except OSError:
            return None

    def names(self, *parts: str | int) -> list[str]:
        """List the names in a folder."""
        try:
            return os.listdir(self.path(*parts))
        except OSError:
            return []

    def denies(self, *parts: str | int) -> bool:
        """Whether the kernel refuses to show us a link that exists."""
        try:
            os.readlink(self.path(*parts))
        except PermissionError:
            return True
        except OSError:
            return False
        return False

    def owner(self, *parts: str | int) -> int | None:
        """Return the uid that owns a file."""
        try:
            return os.stat(self.path(*parts)).st_uid
        except OSError:
            return None

    def status(self, pid: str | int) -> dict[str, str]:
        """Read the fields of a process's `status`."""
        lines = (self.text(pid, "status") or "").split("\n")
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def cmdline(self, pid: int) -> tuple[str, ...]:
        """Read a process's arguments, or what it has written over them; a zombie has none.

        A process that overwrote them with one line leaves no zero bytes between the words.
        """
        text = self.text(pid, "cmdline") or ""
        if text.endswith("\0"):
            return tuple(text[:-1].split("\0"))
        return tuple(text.split(" ")) if text else ()

    def flags(self, pid: int) -> int | None:
        """Read the kernel's flags of a process."""
        fields = (self.text(pid, "stat") or "").rpartition(")")[2].split()
        try:
            return int(fields[STAT_FLAGS_FIELD - FIRST_FIELD_AFTER_NAME])
        except (ValueError, IndexError):
            return None

    def environ(self, pid: int) -> dict[str, str] | None:
        """Read the environment that a process was started with; None if it was overwritten.

        setproctitle writes its title over the arguments and zeroes the environment after them.
        """
        text = self.text(pid, "environ")
        if text is None or not text.strip("\0"):
            return None
        return {name: value for name, found, value in (item.partition("=") for item in text.split("\0")) if found}

    def mapped_files(self, pid: int) -> frozenset[str] | None:
        """List the files that a process has mapped, such as its interpreter and extension modules."""
        text = self.text(pid, "maps")
        if text is None:
            return None
        return frozenset(line[line.index("/") :] for line in text.split("\n") if "/" in line)

    def path(self, *parts: str | int) -> str:
        """Return the path of a file as text; a part may be an absolute path, as after `root`."""
        return "/".join([str(self.root), *(str(part).lstrip("/") for part in parts)])


def _read(opened: int, limit: int) -> bytes:
    """Read in chunks: allocating `limit` bytes for each of thousands of small files takes longer than reading them."""
    chunks = []
    while limit > 0 and (chunk := os.read(opened, min(limit, CHUNK_BYTES))):
        chunks.append(chunk)
        limit -= len(chunk)
    return b"".join(chunks)
