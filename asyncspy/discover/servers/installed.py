"""Read the versions of the packages that a process runs from the names of their installed metadata.

Only names are read, in folders and zip files, always through the process's own root, so containers are seen from
inside.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from asyncspy.discover.command_line import ProcessInfo
from asyncspy.discover.proc import Proc

PROGRAM_ARGUMENTS = slice(1, 6)
"""The arguments among which an interpreter's program is looked for."""

MAX_FOLDER_ENTRIES = 20_000
"""A folder can be made to hold any number."""

ZIP_END_MARK = b"PK\x05\x06"
ZIP_END = struct.Struct("<4s4H2LH")
MAX_ZIP_COMMENT = 65_535
MAX_ZIP_DIRECTORY = 8 * 1024 * 1024
"""About 80,000 names; zipapps of Django hold 5,000."""

_METADATA = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*?)-(?P<version>[0-9][A-Za-z0-9.!+_]*)"
    r"(?:(?:-py\d[\d.]*)?\.(?:dist|egg)-info|-[\w.]+-[\w.]+-[\w.]+\.whl)",
    re.ASCII,
)
_METADATA_IN_ZIP = re.compile(rb"(?:^|[^\w.-])([A-Za-z0-9][\w.-]{0,100}\.dist-info)/METADATA")
_SCRIPT = re.compile(r"/.*/bin/[^/]+")
_PACKAGE_FOLDER = re.compile(r"(/.*/(?:site-packages|dist-packages))/")

PackageVersions = Mapping[str, str]


class InstalledPackages:
    """The packages of processes; every folder is read once, however many workers share it."""

    def __init__(self, proc: Proc) -> None:
        self._proc = proc
        self._read: dict[tuple[int, int], PackageVersions] = {}

    def versions(self, process: ProcessInfo, python: str | None, files: frozenset[str]) -> PackageVersions:
        """Return name to version, from the folder that Python would find first; `files` are those it has mapped."""
        found = self._bundled(process) or self._first(process.pid, self._folders(process, python, files))
        if found or not process.exe:
            return found
        # Only without an environment of its own, which would not see the packages beside its interpreter.
        return self._first(process.pid, _package_folders(self._inside(process.pid, process.exe), python))

    def _bundled(self, process: ProcessInfo) -> PackageVersions:
        """Read the zip file or folder that the process was told to run: its packages come first in sys.path."""
        words = (word for word in process.cmdline[PROGRAM_ARGUMENTS] if word and not word.startswith("-"))
        bundles = (self._bundle(process.pid, self._absolute(process, word)) for word in words)
        return next(filter(None, bundles), {})

    def _bundle(self, pid: int, file: str) -> PackageVersions:
        path = self._proc.path(pid, "root", file)
        try:
            about = os.stat(path)
        except (OSError, ValueError):
            return {}
        if stat.S_ISDIR(about.st_mode):  # pex unpacks itself into a folder, each package into one of its own
            return self._folder(pid, f"{file}/.deps") or self._folder(pid, file)
        key = (about.st_dev, about.st_ino)
        if stat.S_ISREG(about.st_mode) and key not in self._read:
            names = _METADATA_IN_ZIP.findall(_zip_directory(path) or b"")
            self._read[key] = _versions(name.decode("ascii", "replace") for name in names)
        return self._read.get(key, {})

    def _first(self, pid: int, folders: Iterable[str]) -> PackageVersions:
        """Merge folders; the first that holds a package gives its version."""
        found: dict[str, str] = {}
        for folder in dict.fromkeys(folders):
            found = {**self._folder(pid, folder), **found}
        return found

    def _folders(self, process: ProcessInfo, python: str | None, files: frozenset[str]) -> Iterator[str]:
        """List package folders in the order of sys.path, as far as it can be known from outside."""
        environ = process.environ or {}
        yield from filter(os.path.isabs, environ.get("PYTHONPATH", "").split(os.pathsep))
        for executable in self._executables(process, environ):
            yield from _package_folders(executable, python)
        mapped = {match[1] for match in map(_PACKAGE_FOLDER.match, files) if match}
        yield from (self._inside(process.pid, folder) for folder in sorted(mapped))

    def _executables(self, process: ProcessInfo, environ: Mapping[str, str]) -> Iterator[str]:
        """List files that lie in an environment's folder: the interpreter as called, a script, VIRTUAL_ENV's python."""
        called = process.cmdline[0] if process.cmdline else ""
        if "/" in called:
            yield self._absolute(process, called)
        elif called:
            folders = filter(os.path.isabs, environ.get("PATH", "").split(os.pathsep))
            there = (f for f in folders if os.path.lexists(self._proc.path(process.pid, "root", f, called)))
            yield from (f"{folder}/{called}" for folder in itertools.islice(there, 1))
        yield from (argument for argument in process.cmdline[PROGRAM_ARGUMENTS] if _SCRIPT.fullmatch(argument))
        if environ.get("VIRTUAL_ENV"):
            yield environ["VIRTUAL_ENV"] + "/bin/python"

    def _absolute(self, process: ProcessInfo, path: str) -> str:
        """Make a path of the command line absolute, as the process sees it."""
        cwd = "" if path.startswith("/") else self._inside(process.pid, self._proc.link(process.pid, "cwd") or "/")
        return os.path.normpath(f"{cwd}/{path}")

    def _inside(self, pid: int, path: str) -> str:
        """Return a path as the process sees it: under a chroot, /proc shows it with the root in front."""
        root = self._proc.link(pid, "root")
        return path if root in {None, "/"} else "/" + path.removeprefix(str(root)).lstrip("/")

    def _folder(self, pid: int, folder: str) -> PackageVersions:
        path = self._proc.path(pid, "root", folder)
        try:
            about = os.stat(path)
            key = (about.st_dev, about.st_ino)
            if key not in self._read:
                with os.scandir(path) as entries:
                    self._read[key] = _versions(entry.name for entry in itertools.islice(entries, MAX_FOLDER_ENTRIES))
            return self._read[key]
        except OSError:
            return {}


def _package_folders(executable: str, python: str | None) -> Iterator[str]:
    """List the package folders of an executable's environment; Debian has its own."""
    prefix = str(PurePosixPath(executable).parent.parent)
    if python:
        yield f"{prefix}/lib/python{python}/site-packages"
        yield f"{prefix}/local/lib/python{python}/dist-packages"
    yield f"{prefix}/lib/python3/dist-packages"


def _versions(names: Iterable[str]) -> PackageVersions:
    """Return versions by normalised name; a package that is found in two versions is left out."""
    found: dict[str, str | None] = {}
    for match in filter(None, map(_METADATA.fullmatch, names)):
        name = re.sub(r"[-_.]+", "-", match["name"]).lower()
        version = match["version"]
        found[name] = version if found.get(name, version) == version else None
    return {name: version for name, version in found.items() if version is not None}


def _zip_directory(path: str) -> bytes | None:
    """Read the central directory of a zip file (zipapp, shiv, pex), which holds its names in plain text.

    Return None if it is not a zip file or the directory is too large. Nothing is unpacked.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        size = os.fstat(opened).st_size
        tail_start = max(0, size - ZIP_END.size - MAX_ZIP_COMMENT)
        tail = os.pread(opened, size - tail_start, tail_start)
        end = tail.rfind(ZIP_END_MARK)
        if end < 0 or len(tail) - end < ZIP_END.size:
            return None
        length = int(ZIP_END.unpack_from(tail, end)[5])
        # What is put in front of a zip file, such as a #! line, is not counted in its offsets.
        start = tail_start + end - length
        return os.pread(opened, length, start) if start >= 0 and length <= MAX_ZIP_DIRECTORY else None
    except OSError:
        return None
    finally:
        os.close(opened)
