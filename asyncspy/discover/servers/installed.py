"""A process to the versions of the packages that it runs, read from the names of its installed metadata.

Only names are read, of folders and in zip files, always through the process's own root, so that containers are seen
from inside.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from asyncspy.discover.command_line import Process
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.zip_archive import directory

PACKAGE_FOLDERS = ("site-packages", "dist-packages")
MOST_OPTIONS = 6
"""Arguments among which an interpreter's program is looked for."""

MOST_ENTRIES = 20_000
"""Entries of one folder that are looked at; a folder can be made to hold any number."""

_METADATA = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*?)-(?P<version>[0-9][A-Za-z0-9.!+_]*)"
    r"(?:(?:-py\d[\d.]*)?\.(?:dist|egg)-info|-[\w.]+-[\w.]+-[\w.]+\.whl)",
    re.ASCII,
)
_IN_ARCHIVE = re.compile(rb"(?:^|[^\w.-])([A-Za-z0-9][\w.-]{0,100}\.dist-info)/METADATA")
_SCRIPT = re.compile(r"/.*/bin/[^/]+")
_FROM_MAPS = re.compile(rf"(/.*/(?:{'|'.join(PACKAGE_FOLDERS)}))/")

Versions = Mapping[str, str]


class Installed:
    """The packages of processes; every folder is read once, however many workers share it."""

    def __init__(self, proc: Proc) -> None:
        self._proc = proc
        self._read: dict[tuple[int, int], Versions] = {}

    def versions(self, process: Process, python: str | None, files: frozenset[str]) -> Versions:
        """Name to version, of the folder that Python would find first; `files` are those that the process maps."""
        found = self._archived(process) or self._first(process.pid, self._folders(process, python, files))
        if found or not process.exe:
            return found
        # Only without an environment of its own: that would not see the packages beside its interpreter.
        return self._first(process.pid, _of_prefix(self._inside(process.pid, process.exe), python))

    def _archived(self, process: Process) -> Versions:
        """The packages of the zip file or folder that it was told to run: what is in there comes first in sys.path."""
        named = (word for word in process.cmdline[1:MOST_OPTIONS] if word and not word.startswith("-"))
        paths = (self._called(process, word) for word in named)
        return next(filter(None, (self._bundled(process.pid, path) for path in paths)), {})

    def _bundled(self, pid: int, file: str) -> Versions:
        """Pex unpacks itself into a folder, each package into one of its own."""
        path = self._proc.path(pid, "root", file)
        try:
            about = path.stat()
        except (OSError, ValueError):
            return {}
        if stat.S_ISDIR(about.st_mode):
            return self._packages(pid, f"{file}/.deps") or self._packages(pid, file)
        key = (about.st_dev, about.st_ino)
        if stat.S_ISREG(about.st_mode) and key not in self._read:
            names = _IN_ARCHIVE.findall(directory(path) or b"")
            self._read[key] = _told(name.decode("ascii", "replace") for name in names)
        return self._read.get(key, {})

    def _first(self, pid: int, folders: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for folder in dict.fromkeys(folders):
            for name, version in self._packages(pid, folder).items():
                found.setdefault(name, version)
        return found

    def _folders(self, process: Process, python: str | None, files: frozenset[str]) -> Iterator[str]:
        """Folders of packages in the order of sys.path, as far as it can be told from outside."""
        environ = process.environ or {}
        yield from filter(os.path.isabs, environ.get("PYTHONPATH", "").split(os.pathsep))
        for executable in self._executables(process, environ):
            yield from _of_prefix(executable, python)
        mapped = {match[1] for match in map(_FROM_MAPS.match, files) if match}
        yield from (self._inside(process.pid, folder) for folder in sorted(mapped))

    def _executables(self, process: Process, environ: Mapping[str, str]) -> Iterator[str]:
        """Files in an environment's folder: the interpreter as it was called, then a script, then a variable's."""
        called = process.cmdline[0] if process.cmdline else ""
        if "/" in called:
            yield self._called(process, called)
        elif called:
            yield from self._on_path(process.pid, called, environ)
        yield from (argument for argument in process.cmdline[1:MOST_OPTIONS] if _SCRIPT.fullmatch(argument))
        if environ.get("VIRTUAL_ENV"):
            yield environ["VIRTUAL_ENV"] + "/bin/python"

    def _called(self, process: Process, path: str) -> str:
        """A path of its command line, as it sees it."""
        cwd = "" if path.startswith("/") else self._inside(process.pid, self._proc.link(process.pid, "cwd") or "/")
        return os.path.normpath(f"{cwd}/{path}")

    def _on_path(self, pid: int, name: str, environ: Mapping[str, str]) -> Iterator[str]:
        """Where a bare `python` was found."""
        for folder in filter(os.path.isabs, environ.get("PATH", "").split(os.pathsep)):
            if os.path.lexists(self._proc.path(pid, "root", folder, name)):
                yield f"{folder}/{name}"
                return

    def _inside(self, pid: int, path: str) -> str:
        """A path as the process itself sees it: under a chroot, /proc shows it with the root in front."""
        root = self._proc.link(pid, "root")
        return path if root in {None, "/"} else "/" + path.removeprefix(str(root)).lstrip("/")

    def _packages(self, pid: int, folder: str) -> Versions:
        path = self._proc.path(pid, "root", folder)
        try:
            about = path.stat()
            key = (about.st_dev, about.st_ino)
            if key not in self._read:
                with os.scandir(path) as entries:
                    self._read[key] = _told(entry.name for entry, _ in zip(entries, range(MOST_ENTRIES), strict=False))
            return self._read[key]
        except OSError:
            return {}


def _of_prefix(executable: str, python: str | None) -> Iterator[str]:
    """The folders of packages that belong to an executable's environment; Debian has its own."""
    prefix = str(PurePosixPath(executable).parent.parent)
    if python:
        yield f"{prefix}/lib/python{python}/site-packages"
        yield f"{prefix}/local/lib/python{python}/dist-packages"
    yield f"{prefix}/lib/python3/dist-packages"


def _told(names: Iterable[str]) -> Versions:
    """Versions by normalised name; a package that is there in two versions is told in none."""
    found: dict[str, str | None] = {}
    for match in filter(None, map(_METADATA.fullmatch, names)):
        name = re.sub(r"[-_.]+", "-", match["name"]).lower()
        version = match["version"]
        found[name] = version if found.get(name, version) == version else None
    return {name: version for name, version in found.items() if version is not None}
