"""Find and run interpreters that may look into a target: of the target's minor version, and not writable by others."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

REMOTE_DEBUGGING_SINCE = (3, 14)
"""The first Python that lets its tasks be read, and code in, from outside."""

APP_SINCE = (3, 10)
"""The first Python that `asyncspy.django` runs on."""

Version = tuple[int, int]


def minor_version(version: str | None) -> Version | None:
    """`3.14.2` as two numbers."""
    found = re.match(r"(\d{1,3})\.(\d{1,3})", version or "", re.ASCII)
    return (int(found[1]), int(found[2])) if found else None


def shares_our_root(pid: int) -> bool:
    """Whether a process has the root directory that we have; raises OSError where that cannot be seen."""
    return os.path.samestat(os.stat(f"/proc/{pid}/root"), os.stat("/"))  # noqa: PTH116 - the link is followed


def executable_of(pid: int) -> Path:
    """The program that a process runs; raises OSError where that cannot be seen."""
    return Path(f"/proc/{pid}/exe").readlink()


def is_safe_to_start(program: Path) -> bool:
    """Whether only root and our user can have written this file, or put it where it is."""
    try:
        found = [each.stat() for each in (program, *program.parents)]
    except OSError:
        return False
    writable = stat.S_IWGRP | stat.S_IWOTH
    return all(each.st_uid in {0, os.geteuid()} and not each.st_mode & writable for each in found)


class InterpreterError(Exception):
    """Why an interpreter did not run to its end: `cannot be started`, ..."""


def run(command: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        raise InterpreterError(f"did not end within {seconds} s") from None
    except OSError as error:
        raise InterpreterError(f"cannot be started: {error.strerror}") from None
