"""`python enter.py PID INNER UID GID EXE PATH`: enter the target's root and ask the target from there to run PATH.

The interpreter that asks reads the target's binary under the target's name for it, and its /proc: so it needs the same
root and PID namespace. EXE "" is this very interpreter; any other is the target's own, and is started as the
target's user, with no more rights than the target has. This is a separate program because no process can go back to its
former root.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_NO_NEW_PRIVS = 38
"""From linux/prctl.h."""

ALL_NAMESPACES = ("cgroup", "ipc", "uts", "net", "pid", "mnt")
"""Those of a program of the target's: it must find itself nowhere but where the target is."""

ASK = "import sys; sys.remote_exec(int(sys.argv[1]), sys.argv[2])"


def main(pid: int, inner: int, uid: int, gid: int, exe: str, path: str) -> int:
    """Enter the root, ask, and return the exit code."""
    libc = ctypes.CDLL(None, use_errno=True)
    root = os.open(f"/proc/{pid}/root", os.O_RDONLY | os.O_DIRECTORY)
    names = [name for name in (ALL_NAMESPACES if exe else ("pid",)) if _differs(pid, name)]
    for namespace in [os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in names]:
        if libc.setns(namespace, 0):
            raise OSError(ctypes.get_errno(), f"its namespaces cannot be entered: {os.strerror(ctypes.get_errno())}")
        os.close(namespace)
    child = os.fork()  # a PID namespace holds for children only
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.fchdir(root)
    os.chroot(".")
    os.close(root)
    if not exe:
        getattr(sys, "remote_exec")(inner, path)  # noqa: B009 - there since Python 3.14
        return 0
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return _become([exe, "-I", "-S", "-c", ASK, str(inner), path])


def _differs(pid: int, name: str) -> bool:
    return os.readlink(f"/proc/{pid}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}")  # noqa: PTH115


def _become(command: list[str]) -> int:
    os.execve(command[0], command, {"PATH": "/usr/bin:/bin"})  # noqa: S606


if __name__ == "__main__":
    _pid, _inner, _uid, _gid = map(int, sys.argv[1:5])
    sys.exit(main(_pid, _inner, _uid, _gid, *sys.argv[5:7]))
