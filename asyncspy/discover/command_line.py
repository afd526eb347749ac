"""A row of the process table, and what its command line runs: a program, its arguments, or a title it gave itself."""

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

WRAPPER_COMMANDS = {"coverage": "run", "memray": "run"}
"""The subcommand with which a wrapper that has several runs a program."""

MAX_NESTED_WRAPPERS = 3


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """What the process table shows of one process; None for what may not be read.

    `environ` holds only the variables that decide something, never the whole environment. `suspected` names the server
    that other evidence suggests (what it listens on, maps and has installed) if the command line names none.
    """

    pid: int
    ppid: int
    name: str
    cmdline: tuple[str, ...]
    exe: str | None = None
    environ: Mapping[str, str] | None = None
    suspected: str | None = None


class PythonCommand(NamedTuple):
    """What an interpreter was asked to run: a script or module (by its last name), or code (`program` is "-c")."""

    program: str
    arguments: tuple[str, ...]


def python_command(process: ProcessInfo) -> PythonCommand | None:
    """Return what a Python process runs, skipping wrappers; None if the command line is not an interpreter's."""
    if not process.cmdline or not _is_interpreter(process):
        return None
    run = _parse(process.cmdline[1:], OPTIONS_WITH_VALUE, code_option="-c")
    for _ in range(MAX_NESTED_WRAPPERS):
        if run is None or run.program not in WRAPPERS:
            break
        subcommand = WRAPPER_COMMANDS.get(run.program)
        if subcommand is not None and run.arguments[:1] != (subcommand,):
            break
        run = _parse(run.arguments[1 if subcommand else 0 :], frozenset(WRAPPERS[run.program].split())) or run
    return run


def _parse(
    arguments: Sequence[str], with_value: frozenset[str], code_option: str | None = None
) -> PythonCommand | None:
    """Find what is run: a module after -m, code after -c, or the first argument that is not an option."""
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "-m" and rest:
            return PythonCommand(rest[0].removesuffix(".__main__"), tuple(rest[1:]))
        if argument == code_option and rest:
            return PythonCommand("-c", tuple(rest))
        if argument in with_value and rest:
            rest.pop(0)
        elif not argument.startswith("-"):
            return PythonCommand(_script_name(argument), tuple(rest))
    return None


def _is_interpreter(process: ProcessInfo) -> bool:
    names = (PurePosixPath(path).name for path in (process.cmdline[0], process.exe) if path)
    return any(INTERPRETER.fullmatch(name) for name in names)


def _script_name(path: str) -> str:
    """Name a script: /srv/venv/bin/uvicorn is uvicorn, and so is …/uvicorn/__main__.py, as -m shows in sys.argv."""
    script = PurePosixPath(path)
    return script.parent.name if script.name == "__main__.py" else script.name
