"""A target to a folder of its user alone, in its own file system: what asyncspy and the hook in it tell each other.

Whoever lives there may have put links and other traps where the folder goes, or change what is in it: nothing is
followed, nothing that was there is opened, and what is read is a plain file of bounded size.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from asyncspy.errors import TargetError
from asyncspy.guest.counting import FILES, LEASE_SECONDS

PLACES = (("tmp",), ("dev", "shm"), ("var", "tmp"))
LARGEST = 32 * 1024**2
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class ExchangeFolder:
    """A private folder; `inside` is how the target calls it."""

    def __init__(self, pid: int, name: str | None = None) -> None:
        self.name = name or f"asyncspy-{secrets.token_hex(16)}"
        if name:
            _clear_stale(pid, name)
        self._above, above = _somewhere(pid, self.name, PLACES[:1] if name else PLACES)
        self.inside = f"/{above}/{self.name}"
        try:
            self._here = os.open(self.name, DIRECTORY, dir_fd=self._above)
            about = os.fstat(self._here)
            if about.st_uid != os.geteuid() or any(os.scandir(self._here)):
                raise TargetError(
                    f"somebody else took {self.inside} in the file system of process {pid}", remedy="try again"
                )
            self._owner = _user(pid)
            self._hand_over(self._here)
        except BaseException:
            self.remove()
            raise

    def write(self, name: str, text: str) -> None:
        """A new file for the target to read."""
        file = os.open(name, NEW, 0o600, dir_fd=self._here)
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            self._hand_over(file)
            opened.write(text)

    def _hand_over(self, file: int) -> None:
        if os.geteuid() == 0:
            os.fchown(file, *self._owner)

    def read(self, name: str) -> bytes | None:
        """What the target wrote; None where it has not."""
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._here)
        except OSError:
            return None
        with os.fdopen(file, "rb") as opened:
            plain = stat.S_ISREG(os.fstat(file).st_mode)
            data = opened.read(LARGEST + 1) if plain else b""
        return data if len(data) <= LARGEST else b""

    def drop(self, name: str) -> None:
        """Remove a file, if it is there."""
        with suppress(OSError):
            os.unlink(name, dir_fd=self._here)

    def renew(self) -> None:
        """Let the hook stay. What is gone cannot be renewed: it went by itself."""
        with suppress(OSError):
            os.utime("lease", dir_fd=self._here, follow_symlinks=False)

    def ask(self) -> None:
        """Have the hook write what it has counted so far."""
        with suppress(OSError):
            file = os.open("lease", os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self._here)
            with os.fdopen(file, "ab") as lease:
                lease.write(b"?")

    def remove(self) -> None:
        """Leave nothing; twice is once."""
        here, self._here = getattr(self, "_here", -1), -1
        if here >= 0:
            for name in FILES:
                with suppress(OSError):
                    os.unlink(name, dir_fd=here)
            os.close(here)
        above, self._above = self._above, -1
        if above >= 0:
            with suppress(OSError):
                os.rmdir(self.name, dir_fd=above)
            os.close(above)


def _clear_stale(pid: int, name: str) -> None:
    """A name that is known beforehand may be taken: by an asyncspy that runs, or by one that was killed unanswered."""
    try:
        above = _opened(pid, PLACES[0])
    except OSError:
        return  # it is told where the folder is made
    try:
        here = os.open(name, DIRECTORY, dir_fd=above)
        try:
            last = max(os.fstat(here).st_mtime, *(os.stat(each, dir_fd=here).st_mtime for each in os.listdir(here)), 0)  # noqa: PTH208
            if time.time() - last < 2 * LEASE_SECONDS:
                raise TargetError(
                    f"another asyncspy counts in process {pid} already", remedy="wait until it ends, and try again"
                )
            for each in FILES:
                with suppress(OSError):
                    os.unlink(each, dir_fd=here)
        finally:
            os.close(here)
        os.rmdir(name, dir_fd=above)
    except OSError:
        return  # not there; or not ours to remove, which is told where it is made
    finally:
        os.close(above)


def _somewhere(pid: int, name: str, places: Sequence[tuple[str, ...]]) -> tuple[int, str]:
    """The folder is made where one can be; what it stands in is given, opened, and by name."""
    said = ""
    for place in places:
        try:
            above = _opened(pid, place)
        except OSError as error:
            said = said or f"/{'/'.join(place)}: {error.strerror}"
            continue
        try:
            os.mkdir(name, 0o700, dir_fd=above)
        except OSError as error:
            os.close(above)
            said = said or f"/{'/'.join(place)}: {error.strerror}"
            continue
        return above, "/".join(place)
    raise TargetError(
        f"no private folder can be made in the file system of process {pid} ({said})",
        remedy="give it a /tmp that can be written to (--tmpfs /tmp), or record without --exact",
    )


def _opened(pid: int, place: tuple[str, ...]) -> int:
    """A folder below the target's root; a link on the way would lead anywhere, also to our own files."""
    here = os.open(f"/proc/{pid}/root", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in place:
        try:
            below = os.open(name, DIRECTORY, dir_fd=here)
        finally:
            os.close(here)
        here = below
    return here


def _user(pid: int) -> tuple[int, int]:
    """Whom it runs as: user and group in force."""
    try:
        told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    except OSError as error:
        raise TargetError(
            f"process {pid} is gone: {error.strerror}", remedy="asyncspy find-workers lists what runs now"
        ) from None
    return int(told["Uid"].split()[1]), int(told["Gid"].split()[1])
