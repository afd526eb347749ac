"""A server's options, environment and env files to one variable's value; its code to whether it may set that itself.

/proc shows the environment that a process was started with, and not what it has changed since.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from asyncspy.discover.command_line import Process
from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.catalog import RUNSERVER
from asyncspy.discover.servers.classify import Placed

LONGEST_FILE = 64 * 1024
_LINE = r"^[ \t]*(?:export[ \t]+)?{}[ \t]*=[ \t]*(?P<quote>[\"']?)(?P<value>[^\n\"'#]*)(?P=quote)"


class Variable(NamedTuple):
    """Its value, None where it is not set; `known` is False where only what cannot be read could say."""

    value: str | None
    known: bool = True


def variable(placed: Placed, name: str, proc: Proc) -> Variable:
    """What the server itself sets comes first, then the environment, then files, which override nothing."""
    options, environ = placed.options, placed.process.environ
    given = options.environment.get(name) if options is not None else None
    if given is not None:
        return Variable(given)
    if environ is not None and name in environ:
        return Variable(environ[name])
    rule = re.compile(_LINE.format(re.escape(name)), re.MULTILINE)
    for file in options.environ_files if options is not None else ():
        if found := rule.search(read(placed.process, file, proc) or ""):
            return Variable(found["value"].strip())
    return Variable(None, known=environ is not None)


def mentions(placed: Placed, name: str, settings: str | None, proc: Proc) -> bool:
    """Whether the app's module or its settings speak of a variable, other than in a comment: they may set it."""
    in_settings = _files_of(settings) if settings else ()
    sources = (read(placed.process, path, proc) or "" for path in (*app_files(placed), *in_settings))
    return any(name in line.partition("#")[0] for source in sources for line in source.split("\n"))


def app_files(placed: Placed) -> Iterator[str]:
    """Where the code that starts it may lie, from the working directory: the module of the app, or manage.py."""
    if placed.app is not None:
        yield from _files_of(placed.app.partition(":")[0])
    if placed.server is RUNSERVER:
        yield from (word for word in placed.process.cmdline[1:6] if word.endswith(".py"))


def _files_of(module: str) -> tuple[str, ...]:
    path = module.replace(".", "/")
    return f"{path}.py", f"{path}/__init__.py", f"src/{path}.py"


def read(process: Process, path: str, proc: Proc) -> str | None:
    """A file's text, as the process itself sees its files."""
    return proc.text(process.pid, "root" if path.startswith("/") else "cwd", path, longest=LONGEST_FILE)
