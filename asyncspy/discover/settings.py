"""A server's command line, environment and app to its Django settings module; no code of the app is run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from asyncspy.discover.classify import Placed
from asyncspy.discover.proc import Proc
from asyncspy.discover.process import Process
from asyncspy.discover.servers import RUNSERVER

LONGEST_MODULE = 64 * 1024
_NAME = r"""["']DJANGO_SETTINGS_MODULE["']"""
_VALUE = r"""\s*["'](?P<value>[A-Za-z_][\w.]{0,200})["']"""
_DEFAULT = re.compile(rf"environ\.setdefault\(\s*{_NAME}\s*,{_VALUE}")
_ASSIGNED = re.compile(rf"environ\[{_NAME}\]\s*=(?!=){_VALUE}")


def settings_module(placed: Placed, proc: Proc) -> str | None:
    """An option's word, else what the app's own module insists on, the environment's, the module's default.

    A default counts only where the environment could be read and names none.
    """
    if placed.options is not None and placed.options.server is RUNSERVER and placed.options.settings:
        return placed.options.settings
    source = next(filter(None, (_read(placed.process, path, proc) for path in _modules(placed))), "")
    if assigned := _ASSIGNED.search(source):
        return assigned["value"]
    environ = placed.process.environ
    if environ is None:
        return None
    default = _DEFAULT.search(source)
    return environ.get("DJANGO_SETTINGS_MODULE") or (default["value"] if default else None)


def _modules(placed: Placed) -> Iterator[str]:
    """Where the module that sets it may lie, from the working directory: that of the app, or manage.py."""
    if placed.app is not None:
        module = placed.app.partition(":")[0].replace(".", "/")
        yield from (f"{module}.py", f"{module}/__init__.py", f"src/{module}.py")
    if placed.server is RUNSERVER:
        yield from (word for word in placed.process.cmdline[1:6] if word.endswith(".py"))


def _read(process: Process, path: str, proc: Proc) -> str | None:
    """A module's text, as the process itself sees its files."""
    if path.startswith("/"):
        return proc.text(process.pid, "root", path, longest=LONGEST_MODULE)
    return proc.text(process.pid, "cwd", path, longest=LONGEST_MODULE)
