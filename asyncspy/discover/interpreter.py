"""A process's executable and mapped files to whether it runs Python, and which."""

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
    """What runs in a process: `found` is None where neither its executable nor its maps could be read."""

    found: bool | None
    version: str | None = None
    pypy: bool = False


def interpreter(exe: str | None, files: frozenset[str] | None) -> Interpreter:
    """Whether a process runs Python; an embedded one shows only in the libraries that it has mapped."""
    if exe is None and not files:
        return Interpreter(None)
    name = PurePosixPath(exe).name if exe is not None else _mapped_name(files or frozenset())
    named = bool(INTERPRETER.fullmatch(name))
    embedded = any("/libpython" in file for file in files or ())
    if not named and not embedded:
        return Interpreter(None if not files else False)
    return Interpreter(found=True, version=_version(name, files or frozenset()), pypy=name.startswith("pypy"))


def _mapped_name(files: frozenset[str]) -> str:
    """The executable's name from the maps, which newer kernels show to some from whom they hide the link to it."""
    return next(
        (name for name in sorted(PurePosixPath(file).name for file in files) if INTERPRETER.fullmatch(name)), ""
    )


def _version(name: str, files: frozenset[str]) -> str | None:
    """`3.12`: from the executable's name, else from the library or the extension modules that belong to it."""
    match = _VERSION_IN_EXE.fullmatch(name)
    if match:
        return match["version"]
    for pattern in _VERSION_IN_MAPS:
        told = {match["version"] for match in map(pattern.search, files) if match}
        if len(told) == 1:
            version = told.pop()
            return version if "." in version else f"{version[0]}.{version[1:]}"
    return None
