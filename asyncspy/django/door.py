"""A request begins: whether somebody with the right to asks for the hook in this process; then it goes in.

Who asks makes a folder in /tmp that has this process's number in its name. Only the process's own user, or root, can
make one that is heeded; what runs then is the hook that is installed here, whatever is in that folder.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time

from asyncspy.guest.counting import Hook
from asyncspy.guest.entering import put_in

LOOK_SECONDS = 1.0
FOLDER = "/tmp/asyncspy-exact-{}"  # noqa: S108 - who owns it is looked at
UNWANTED = stat.S_IRWXG | stat.S_IRWXO


class Door:
    """When it is looked again, and the hook that is in."""

    __slots__ = ("due", "hook")

    def __init__(self) -> None:
        self.due = 0.0
        self.hook: Hook | None = None


_door = Door()


def look(**_signal: object) -> None:
    """Called as each request begins; most of the time it only reads a clock."""
    now = time.monotonic()
    if now < _door.due:
        return
    _door.due = now + LOOK_SECONDS
    with contextlib.suppress(Exception):  # whatever goes wrong here is no matter of the application's
        _look(now)


def _look(now: float) -> None:
    hook = _door.hook
    if hook is not None:
        hook.look(now)
        if not hook.done:
            return
        _door.hook = None
    pid = os.getpid()
    folder = FOLDER.format(pid)
    try:
        about = os.lstat(folder)
    except OSError:
        return
    if not stat.S_ISDIR(about.st_mode) or about.st_mode & UNWANTED or about.st_uid not in {0, os.geteuid()}:
        return
    if os.path.lexists(f"{folder}/started"):
        return  # it was answered; whoever asked is about to take it away
    _door.hook = put_in(folder, pid)
    if _door.hook is not None:
        _arm(_door.hook)


def _arm(hook: Hook) -> None:
    """Requests begin in a thread of asgiref's: the loop that it works for shall look after the lease."""
    sync = sys.modules.get("asgiref.sync")
    local = getattr(getattr(sync, "SyncToAsync", None), "threadlocal", None)
    loop = getattr(local, "main_event_loop", None)
    if loop is not None and not loop.is_closed():
        loop.call_soon_threadsafe(hook.arm)
