"""Tell from a process's executable and mapped files whether it runs Python, and which version."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import NamedTuple

from asyncspy.discover.command_line import INTERPRETER

_VERSION_IN_EXE = re.compile(r"python(?P<version>\d\.\d+)[a-z]*")
_VERSION_IN_MAPS = (
    re.compile(r"/libpython(?P<version>\d\.\d+)[a-z]*\.so"),
    re.compile(r"/lib/python(?P<version>\d\.\d+)[a-z]*/"),
    re.compile(r"\.cpython-(?P<version>\d\d+)[a-z]*-[^/]*\.so$"),
)


class Interpreter(NamedTuple):
    """The Python that runs in a process; `found` is None if neither its executable nor its maps can be read."""

    found: bool | None
    version: str | None = None
    pypy: bool = False


def identify_interpreter(exe: str | None, files: frozenset[str] | None) -> Interpreter:
    """Tell whether a process runs Python; an embedded one shows only in the libraries that it has mapped."""
    if exe is None and not files:
        return Interpreter(None)
    files = files or frozenset()
    name = PurePosixPath(exe).name if exe is not None else _interpreter_among(files)
    if not INTERPRETER.fullmatch(name) and not any("/libpython" in file for file in files):
        return Interpreter(False if files else None)
    return Interpreter(found=True, version=_version(name, files), pypy=name.startswith("pypy"))


def _interpreter_among(files: frozenset[str]) -> str:
    """Find the executable's name in the maps, which newer kernels show even if they hide the link to it."""
    names = sorted(PurePosixPath(file).name for file in files)
    return next((name for name in names if INTERPRETER.fullmatch(name)), "")


def _version(name: str, files: frozenset[str]) -> str | None:
    """Return e.g. 3.12, from the executable's name, else from the library or extension modules that belong to it."""
    match = _VERSION_IN_EXE.fullmatch(name)
    if match:
        return match["version"]
    for pattern in _VERSION_IN_MAPS:
        versions = {match["version"] for match in map(pattern.search, files) if match}
        if len(versions) == 1:
            version = versions.pop()
            return version if "." in version else f"{version[0]}.{version[1:]}"
    return None
