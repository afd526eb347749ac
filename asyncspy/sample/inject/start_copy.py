"""`python start_copy.py JOB`: start the program of a process again, as its user, in its root and its namespaces.

Prints `pid N`, the pid as it is here, and becomes or awaits the copy, which prints the rest. The copy ends when this
process does, when its parent does, and in any case after `LIFE_SECONDS`. A program of its own because there is no way
back from another root; it runs without the rest of asyncspy.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_PTRACER, ANY = 1, 38, 0x59616D61, ctypes.c_ulong(-1)
"""From linux/prctl.h."""

NAMESPACES = ("cgroup", "ipc", "uts", "net", "pid", "mnt")
LIFE_SECONDS = 60

_libc = ctypes.CDLL(None, use_errno=True)


def main(job: dict[str, Any]) -> int:
    """Go there and become the copy; the exit code where that is another process."""
    _end_with(job["parent"], signal.SIGTERM)
    pid = job["pid"]
    program = os.open(
        f"/proc/{pid}/exe", os.O_RDONLY | os.O_CLOEXEC
    )  # the very file, whatever its path leads to by now
    if not job["enter"]:
        _say_pid(os.getpid())
        return _become(program, job)
    root = os.open(f"/proc/{pid}/root", os.O_RDONLY | os.O_DIRECTORY)
    for space in [os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in NAMESPACES if differs(pid, name)]:
        if _libc.setns(space, 0):
            raise OSError(ctypes.get_errno(), f"its namespaces cannot be entered: {os.strerror(ctypes.get_errno())}")
        os.close(space)
    children: list[int] = []

    def end(*_: object) -> None:
        for each in children:
            os.kill(each, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    child = os.fork()  # a PID namespace holds for children only
    if child:
        children.append(child)
        return _watch(child, job["parent"])
    os.fchdir(root)
    os.chroot(".")
    os.close(root)
    return _become(program, job)


def _become(program: int, job: dict[str, Any]) -> int:
    """Take the process's user and no more rights than that has, and run its program."""
    os.chdir("/")
    if job["user"] is not None:
        uid, gid, groups = job["user"]
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _end_with(None, signal.SIGKILL)  # a change of user forgets it
    signal.alarm(LIFE_SECONDS)
    _libc.prctl(PR_SET_PTRACER, ANY, 0, 0, 0)  # Yama lets nobody but ancestors trace it otherwise
    os.execve(program, job["command"], job["environment"])  # noqa: S606


def _watch(child: int, parent: int) -> int:
    """Wait for the copy. If it outlived us, another process would have to wait for it."""
    _say_pid(child)
    os.close(1)
    if os.getppid() != parent:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _end_with(parent: int | None, number: int) -> None:
    """Have the kernel send a signal when the parent ends."""
    _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        sys.exit(1)  # it ended before that was asked for


def differs(pid: int, name: str) -> bool:
    """Whether it is in another namespace of that kind than we are."""
    return os.readlink(f"/proc/{pid}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}")  # noqa: PTH115


def _say_pid(pid: int) -> None:
    os.write(1, b"pid %d\n" % pid)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
