"""One row of the process table, and what its command line runs: a program, its arguments, or a title it gave itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

INTERPRETER = re.compile(r"(?:python|pypy)\d*(?:\.\d+)*[a-z]*")
"""The name of a Python executable: python, python3, python3.12, python3.13t, pypy3."""

OPTIONS_WITH_VALUE = frozenset({"-W", "-X", "--check-hash-based-pycs"})
"""The interpreter's own options that take the next argument."""


@dataclass(frozen=True, slots=True)
class Process:
    """What the process table says of one process; None is what may not be read.

    `environ` holds only the variables that decide something, never the whole environment.
    """

    pid: int
    ppid: int
    name: str
    cmdline: tuple[str, ...]
    exe: str | None = None
    environ: Mapping[str, str] | None = None


class Command(NamedTuple):
    """What an interpreter was asked to run: a script or module (by its last name), or code (`program` is "-c")."""

    program: str
    arguments: tuple[str, ...]


def command(process: Process) -> Command | None:
    """What a Python process runs; None where its command line is not one of an interpreter."""
    if not process.cmdline or not _is_interpreter(process):
        return None
    rest = list(process.cmdline[1:])
    while rest:
        argument = rest.pop(0)
        if argument == "-m" and rest:
            return Command(rest[0].removesuffix(".__main__"), tuple(rest[1:]))
        if argument == "-c" and rest:
            return Command("-c", tuple(rest))
        if argument in OPTIONS_WITH_VALUE and rest:
            rest.pop(0)
        elif not argument.startswith("-"):
            return Command(_script_name(argument), tuple(rest))
    return None


def _is_interpreter(process: Process) -> bool:
    called = PurePosixPath(process.cmdline[0]).name
    return bool(
        INTERPRETER.fullmatch(called) or (process.exe and INTERPRETER.fullmatch(PurePosixPath(process.exe).name))
    )


def _script_name(path: str) -> str:
    """`/srv/venv/bin/uvicorn` is uvicorn, and so is `…/uvicorn/__main__.py`, which is what `-m` becomes in sys.argv."""
    script = PurePosixPath(path)
    return script.parent.name if script.name == "__main__.py" else script.name
