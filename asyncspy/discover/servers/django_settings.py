"""Find what a server tells Django: its settings module, and whether DJANGO_ALLOW_ASYNC_UNSAFE is set.

Options, environment, env files and the app's source text are read; no code is run. /proc shows the environment that a
process was started with, not what it has changed since.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from asyncspy.discover.command_line import ProcessInfo
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.catalog import RUNSERVER
from asyncspy.discover.servers.classify import ServerProcess

SETTINGS, ALLOW_UNSAFE = "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"
MAX_SOURCE_BYTES = 64 * 1024

_NAME = rf"""["']{SETTINGS}["']"""
_VALUE = r"""\s*["'](?P<value>[A-Za-z_][\w.]{0,200})["']"""
_DEFAULT = re.compile(rf"environ\.setdefault\(\s*{_NAME}\s*,{_VALUE}")
_ASSIGNED = re.compile(rf"environ\[{_NAME}\]\s*=(?!=){_VALUE}")
_ENV_FILE_LINE = r"^[ \t]*(?:export[ \t]+)?{}[ \t]*=[ \t]*(?P<quote>[\"']?)(?P<value>[^\n\"'#]*)(?P=quote)"


class EnvironmentVariable(NamedTuple):
    """A variable's value, None if it is not set; `known` is False if only what cannot be read could say."""

    value: str | None
    known: bool = True


def settings_module(server_process: ServerProcess, proc: Proc) -> str | None:
    """Return the settings module: from an option, an assignment in the app's module, the environment, its default.

    The default counts only if the environment could be read and names none.
    """
    if (
        server_process.options is not None
        and server_process.options.server is RUNSERVER
        and server_process.options.settings
    ):
        return server_process.options.settings
    source = next(filter(None, (_read(server_process.process, path, proc) for path in _app_files(server_process))), "")
    if assigned := _ASSIGNED.search(source):
        return assigned["value"]
    variable = _variable(server_process, SETTINGS, proc)
    default = _DEFAULT.search(source) if variable.known else None
    return variable.value or (default["value"] if default else None)


def async_unsafe_allowed(server_process: ServerProcess, settings: str | None, proc: Proc) -> bool | None:
    """Decide as Django does: any value but the empty one allows, even "false". None: only the process itself knows.

    It is unknown if the code of the app or its settings mentions the variable, other than in a comment: it may set it.
    """
    variable = _variable(server_process, ALLOW_UNSAFE, proc)
    if variable.value:
        return True
    if not variable.known:
        return None
    files = (*_app_files(server_process), *(_module_files(settings) if settings else ()))
    sources = (_read(server_process.process, path, proc) or "" for path in files)
    mentioned = any(ALLOW_UNSAFE in line.partition("#")[0] for source in sources for line in source.split("\n"))
    return None if mentioned else False


def _variable(server_process: ServerProcess, name: str, proc: Proc) -> EnvironmentVariable:
    """Look up a variable: what the server sets itself, then the environment, then env files, which override nothing."""
    options, environ = server_process.options, server_process.process.environ
    given = options.environment.get(name) if options is not None else None
    if given is not None:
        return EnvironmentVariable(given)
    if environ is not None and name in environ:
        return EnvironmentVariable(environ[name])
    line = re.compile(_ENV_FILE_LINE.format(re.escape(name)), re.MULTILINE)
    for file in options.environ_files if options is not None else ():
        if match := line.search(_read(server_process.process, file, proc) or ""):
            return EnvironmentVariable(match["value"].strip())
    return EnvironmentVariable(None, known=environ is not None)


def _app_files(server_process: ServerProcess) -> Iterator[str]:
    """List where the code that starts the app may be, from the working directory: the app's module, or manage.py."""
    if server_process.app is not None:
        yield from _module_files(server_process.app.partition(":")[0])
    if server_process.server is RUNSERVER:
        yield from (word for word in server_process.process.cmdline[1:6] if word.endswith(".py"))


def _module_files(module: str) -> tuple[str, ...]:
    path = module.replace(".", "/")
    return f"{path}.py", f"{path}/__init__.py", f"src/{path}.py"


def _read(process: ProcessInfo, path: str, proc: Proc) -> str | None:
    """Read a file as the process itself would find it."""
    return proc.text(process.pid, "root" if path.startswith("/") else "cwd", path, limit=MAX_SOURCE_BYTES)
