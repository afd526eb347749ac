"""Read the lines of a source file that a recording names, if it is there and is plainly source code."""

from __future__ import annotations

import io
import os
import re
import stat
import tokenize
from pathlib import Path

MAX_BYTES = 2 * 1024 * 1024
MAX_FILES = 64
MAX_STEPS = 400
"""Folders and links on the way to one file: a loop of links ends here."""

BOM = b"\xef\xbb\xbf"
NEWLINE = re.compile(r"\r\n|\r|\n")  # the line ends of Python source; str.splitlines splits at more


class SourceFiles:
    """Source files below a root, such as `/proc/PID/root` for a process in a container.

    A recording may name any file, so only absolute names that end in `.py`, also behind links, are opened: a report
    must not quote other files that its reader may read.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self._known: dict[str, list[str] | None] = {}

    def line(self, file: str, lineno: int) -> str | None:
        """One line, counted from 1; None where it cannot be read."""
        lines = self.lines(file)
        return lines[lineno - 1] if lines is not None and 1 <= lineno <= len(lines) else None

    def lines(self, file: str) -> list[str] | None:
        """All lines of a file; None where it is missing, too large, or not in its encoding."""
        if file not in self._known:
            if len(self._known) >= MAX_FILES:
                self._known.pop(next(iter(self._known)))
            self._known[file] = self._read(file)
        return self._known[file]

    def changed_since(self, file: str, timestamp: float) -> bool:
        """Whether a file was written after that moment, so that its lines may not be those that ran."""
        path = self._path(file)
        try:
            return path is not None and path.stat().st_mtime > timestamp
        except (OSError, ValueError):
            return False

    def _path(self, file: str) -> Path | None:
        if not file.startswith("/") or not file.endswith(".py") or "\0" in file:
            return None
        path = _resolved(self._root or Path("/"), file)
        return path if path is not None and path.suffix == ".py" else None

    def _read(self, file: str) -> list[str] | None:
        path = self._path(file)
        if path is None:
            return None
        try:
            data = read_bytes(path)
            return None if data is None else _lines(decode_source(data)[0])
        except (OSError, SyntaxError, LookupError, ValueError):  # or a name that the file system cannot have
            return None


def _resolved(root: Path, file: str) -> Path | None:
    """The file behind all links, each followed as if the root were `/`: none leads out of it."""
    done, todo = root, [part for part in reversed(file.split("/")) if part]
    for _ in range(MAX_STEPS):
        if not todo:
            return done
        part = todo.pop()
        if part in {".", ".."}:
            done = done.parent if part == ".." and done != root else done
            continue
        try:
            target = str((done / part).readlink())
        except (OSError, ValueError):  # not a link: a folder, a file, or nothing, as opening it will show
            done /= part
            continue
        done = root if target.startswith("/") else done
        todo += [step for step in reversed(target.split("/")) if step]
    return None


def _lines(text: str) -> list[str]:
    lines = NEWLINE.split(text)
    return lines[:-1] if lines[-1] == "" else lines


def read_bytes(path: Path) -> bytes | None:
    """All of a regular file, if it is not too large; a FIFO or a device is not read, so reading never waits."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        data = file.read(MAX_BYTES + 1)
    return data if len(data) <= MAX_BYTES else None


def decode_source(data: bytes) -> tuple[str, str]:
    """The text of a Python file with its own line ends, and its encoding, which gives the same bytes again.

    Raises SyntaxError or LookupError for an encoding that does not exist, ValueError for one that does not do that.
    """
    declared, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    encoding = "utf-8-sig" if data.startswith(BOM) else declared
    text = data.decode(encoding)
    if text.encode(encoding) != data:
        raise ValueError(f"{encoding} does not give the same bytes again")
    return text, encoding
