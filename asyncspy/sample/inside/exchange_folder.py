"""A private folder in a target's file system, through which asyncspy and the hook in the target exchange files.

The target's user may have put links and other traps where the folder goes, or may change what is in it: no link is
followed, no file that was there before is opened, and only plain files of bounded size are read.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from contextlib import suppress

from asyncspy.errors import TargetError
from asyncspy.guest.counting import LEASE_SECONDS
from asyncspy.guest.files import FILES
from asyncspy.sample.kernel_state import status_of

PARENTS = (("tmp",), ("dev", "shm"), ("var", "tmp"))
"""Where the folder can be; one whose name is known beforehand is always in the first."""

MAX_FILE_SIZE = 32 * 1024**2
DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NEW_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class ExchangeFolder:
    """A private folder; the target knows it as `path_in_target`."""

    def __init__(self, pid: int, name: str | None = None, *, root: str | None = None) -> None:
        self.name = name or f"asyncspy-{secrets.token_hex(16)}"
        self._pid, self._root = pid, root or f"/proc/{pid}/root"
        self._folder = self._parent = -1
        if name:
            self._remove_stale()
        self.path_in_target = self._create(PARENTS[:1] if name else PARENTS)
        try:
            self._folder = os.open(self.name, DIRECTORY_FLAGS, dir_fd=self._parent)
            if os.fstat(self._folder).st_uid != os.geteuid() or any(os.scandir(self._folder)):
                raise TargetError(
                    f"another user changed {self.path_in_target} in the file system of process {pid}",
                    remedy="try again",
                )
            self._owner = _user_of(pid)
            self._give_to_target(self._folder)
        except BaseException:
            self.remove()
            raise

    def write(self, name: str, text: str) -> None:
        """Write a new file for the target to read."""
        file = os.open(name, NEW_FILE_FLAGS, 0o600, dir_fd=self._folder)
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            self._give_to_target(file)
            opened.write(text)

    def read(self, name: str) -> bytes | None:
        """What the target wrote; None where it has not."""
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._folder)
        except OSError:
            return None
        with os.fdopen(file, "rb") as opened:
            plain = stat.S_ISREG(os.fstat(file).st_mode)
            data = opened.read(MAX_FILE_SIZE + 1) if plain else b""
        return data if len(data) <= MAX_FILE_SIZE else b""

    def delete(self, name: str) -> None:
        """Remove a file, if it is there."""
        with suppress(OSError):
            os.unlink(name, dir_fd=self._folder)

    def renew_lease(self) -> None:
        """Let the hook stay; a lease that is gone cannot be renewed, since the hook has removed itself."""
        with suppress(OSError):
            os.utime("lease", dir_fd=self._folder, follow_symlinks=False)

    def request_report(self) -> None:
        """Ask the hook to write what it has counted until now."""
        with suppress(OSError):
            file = os.open("lease", os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self._folder)
            with os.fdopen(file, "ab") as lease:
                lease.write(b"?")

    def remove(self) -> None:
        """Remove the folder and all that is in it; may be called twice."""
        folder, self._folder = self._folder, -1
        if folder >= 0:
            _unlink_files(folder)
            os.close(folder)
        parent, self._parent = self._parent, -1
        if parent >= 0:
            with suppress(OSError):
                os.rmdir(self.name, dir_fd=parent)
            os.close(parent)

    def _give_to_target(self, file: int) -> None:
        if os.geteuid() == 0:
            os.fchown(file, *self._owner)

    def _create(self, parents: tuple[tuple[str, ...], ...]) -> str:
        """Create the folder in the first of these where that works; returns its path."""
        problem = ""
        for parts in parents:
            path = "/" + "/".join(parts)
            try:
                self._parent = self._open_in_target(parts)
                os.mkdir(self.name, 0o700, dir_fd=self._parent)
            except OSError as error:
                problem = problem or f"{path}: {error.strerror}"
                if self._parent >= 0:
                    os.close(self._parent)
                self._parent = -1
            else:
                return f"{path}/{self.name}"
        raise TargetError(
            f"no private folder can be created in the file system of process {self._pid} ({problem})",
            remedy="give it a /tmp that can be written to (--tmpfs /tmp), or record without --exact",
        )

    def _remove_stale(self) -> None:
        """Remove a folder of that name which a killed asyncspy left; raise TargetError where one that runs uses it."""
        with suppress(OSError):  # not there, or not ours to remove: creating the folder will report it
            parent = self._open_in_target(PARENTS[0])
            try:
                folder = os.open(self.name, DIRECTORY_FLAGS, dir_fd=parent)
                try:
                    self._raise_if_used(folder)
                    _unlink_files(folder)
                finally:
                    os.close(folder)
                os.rmdir(self.name, dir_fd=parent)
            finally:
                os.close(parent)

    def _raise_if_used(self, folder: int) -> None:
        changed = [os.fstat(folder), *(os.stat(name, dir_fd=folder) for name in os.listdir(folder))]
        if time.time() - max(each.st_mtime for each in changed) < 2 * LEASE_SECONDS:
            raise TargetError(
                f"another asyncspy counts in process {self._pid} already", remedy="wait until it ends, and try again"
            )

    def _open_in_target(self, parts: tuple[str, ...]) -> int:
        """Open a folder below the target's root without following links, which could lead to our own files."""
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for name in parts:
            try:
                below = os.open(name, DIRECTORY_FLAGS, dir_fd=folder)
            finally:
                os.close(folder)
            folder = below
        return folder


def _unlink_files(folder: int) -> None:
    for name in FILES:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)


def _user_of(pid: int) -> tuple[int, int]:
    """The effective user and group of a process."""
    status = status_of(pid)
    if not status:
        raise TargetError(f"process {pid} is gone", remedy="asyncspy find-workers lists what runs now")
    return int(status["Uid"].split()[1]), int(status["Gid"].split()[1])
