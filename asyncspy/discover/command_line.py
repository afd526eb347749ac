"""One row of the process table, and what its command line runs: a program, its arguments, or a title it gave itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

INTERPRETER = re.compile(r"(?:python|pypy)\d*(?:\.\d+)*[a-z]*")
"""The name of a Python executable: python, python3, python3.12, python3.13t, pypy3."""

OPTIONS_WITH_VALUE = frozenset({"-W", "-X", "--check-hash-based-pycs"})
"""The interpreter's own options that take the next argument."""

WRAPPERS = {
    "coverage": "--concurrency --context --data-file --debug --include --omit --rcfile --source --source-dirs",
    "debugpy": "--adapter-access-token --configure-subProcess --connect --listen --log-to --pid",
    "pdb": "-c --command",
    "cProfile": "-o --outfile -s --sort",
    "memray": "-o --output",
    "viztracer": "-o --output_file --tracer_entries --max_stack_depth --log_func_args --min_duration",
    "pyinstrument": "-o --outfile -r --renderer -i --interval",
    "kernprof": "-o --outfile -s --setup",
}
"""Programs that run another Python program in their own process, with their options that take the next argument."""

VERBS = {"coverage": "run", "memray": "run"}
"""The first word of those that can do other things, too."""

DEEPEST = 3
"""Wrappers in wrappers that are looked through."""


@dataclass(frozen=True, slots=True)
class Process:
    """What the process table says of one process; None is what may not be read.

    `environ` holds only the variables that decide something, never the whole environment. `suspected` names the server
    that other evidence points to (what it listens on, maps and has installed) where the command line names none.
    """

    pid: int
    ppid: int
    name: str
    cmdline: tuple[str, ...]
    exe: str | None = None
    environ: Mapping[str, str] | None = None
    suspected: str | None = None


class Command(NamedTuple):
    """What an interpreter was asked to run: a script or module (by its last name), or code (`program` is "-c")."""

    program: str
    arguments: tuple[str, ...]


def command(process: Process) -> Command | None:
    """What a Python process runs, seen through wrappers; None where its command line is not one of an interpreter."""
    if not process.cmdline or not _is_interpreter(process):
        return None
    run = _run(process.cmdline[1:], OPTIONS_WITH_VALUE, code="-c")
    for _ in range(DEEPEST):
        if run is None or run.program not in WRAPPERS:
            break
        verb = VERBS.get(run.program)
        if verb is not None and run.arguments[:1] != (verb,):
            break
        run = _run(run.arguments[1 if verb else 0 :], frozenset(WRAPPERS[run.program].split())) or run
    return run


def _run(arguments: Sequence[str], with_value: frozenset[str], code: str | None = None) -> Command | None:
    """The first argument that is no option: a module after -m, code after -c, or a script."""
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "-m" and rest:
            return Command(rest[0].removesuffix(".__main__"), tuple(rest[1:]))
        if argument == code and rest:
            return Command("-c", tuple(rest))
        if argument in with_value and rest:
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
