"""As a request begins, see whether somebody with the right to it asks for the hook in this process, and start it.

They ask by a folder in /tmp that has this process's number in its name. Only a folder of the process's own user, or of
root, is heeded; what runs then is the hook that is installed here, whatever is in that folder.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time

from asyncspy.guest.counting import Hook
from asyncspy.guest.entering import start_hook

CHECK_SECONDS = 1.0
FOLDER = "/tmp/asyncspy-exact-{}"  # noqa: S108 - its owner is checked
OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class State:
    """When to check again, and the hook that runs."""

    __slots__ = ("due", "hook")

    def __init__(self) -> None:
        self.due = 0.0
        self.hook: Hook | None = None


_state = State()


def check(**_signal: object) -> None:
    """Called as each request begins; most of the time this only reads a clock."""
    now = time.monotonic()
    if now < _state.due:
        return
    _state.due = now + CHECK_SECONDS
    with contextlib.suppress(Exception):  # whatever goes wrong here must not reach the application
        _check(now)


def _check(now: float) -> None:
    hook = _state.hook
    if hook is not None:
        hook.check_lease(now)
        if not hook.done:
            return
        _state.hook = None
    pid = os.getpid()
    folder = FOLDER.format(pid)
    try:
        about = os.lstat(folder)
    except OSError:
        return
    if not stat.S_ISDIR(about.st_mode) or about.st_mode & OPEN_TO_OTHERS or about.st_uid not in {0, os.geteuid()}:
        return
    if os.path.lexists(f"{folder}/started"):
        return  # it was answered; asyncspy is about to remove it
    _state.hook = start_hook(folder, pid)
    if _state.hook is not None:
        _watch_lease(_state.hook)


def _watch_lease(hook: Hook) -> None:
    """Requests begin in a thread of asgiref: let the loop that it works for check the lease."""
    sync = sys.modules.get("asgiref.sync")
    local = getattr(getattr(sync, "SyncToAsync", None), "threadlocal", None)
    loop = getattr(local, "main_event_loop", None)
    if loop is not None and not loop.is_closed():
        loop.call_soon_threadsafe(hook.watch_lease)
