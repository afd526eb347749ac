"""A server's command line, environment and app to what Django is told by them; no code of the app is run."""

from __future__ import annotations

import re

from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.catalog import RUNSERVER
from asyncspy.discover.servers.classify import Placed
from asyncspy.discover.servers.environment import app_files, mentions, read, variable

NAME, UNSAFE = "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"
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
    source = next(filter(None, (read(placed.process, path, proc) for path in app_files(placed))), "")
    if assigned := _ASSIGNED.search(source):
        return assigned["value"]
    told = variable(placed, NAME, proc)
    default = _DEFAULT.search(source) if told.known else None
    return told.value or (default["value"] if default else None)


def async_unsafe_allowed(placed: Placed, settings: str | None, proc: Proc) -> bool | None:
    """As Django reads it: any text that is not empty allows, "false" and "0" too. None: the process alone knows."""
    told = variable(placed, UNSAFE, proc)
    if told.value or not told.known:
        return True if told.value else None
    return None if mentions(placed, UNSAFE, settings, proc) else False
