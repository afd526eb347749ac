"""Ask the kernel itself whether attaching can work: seccomp filters, readable memory, capabilities of program files.

No process is stopped and no memory is read: each question is asked in a way that has no effect besides its answer.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import signal
import stat
import struct

PTRACE_ATTACH = 16
UNUSED_PID = 2**22 + 7
"""Beyond the largest pid that Linux gives out."""

ANSWER_SECONDS = 10
"""How long a seccomp filter's supervisor may take to answer."""

CAPABILITY_ATTRIBUTE = "security.capability"
CAPABILITY_REVISIONS = {12: 1, 20: 2, 24: 3}
"""Revisions of the attribute by its size in bytes."""
ALL_CAPABILITIES = (1 << 64) - 1


class _IoVector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


@functools.lru_cache(maxsize=1)
def seccomp_effect_on_ptrace() -> str | None:
    """Return what our seccomp filter does to ptrace: "refuses", "kills", or None if it lets ptrace pass.

    A child process asks, since the filter may kill the one that does, or pass the call to a supervisor that never
    answers: then an alarm ends the child.
    """
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        attach, read = libc.ptrace, libc.process_vm_readv  # looked up here: a lock may be held in the child
        attach.argtypes = [ctypes.c_long] * 4
        child = os.fork()
    except (OSError, AttributeError):
        return None
    if child == 0:
        refused = True
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(ANSWER_SECONDS)
            attach(PTRACE_ATTACH, UNUSED_PID, 0, 0)
            refused = ctypes.get_errno() != errno.ESRCH
            read(UNUSED_PID, None, 0, None, 0, 0)
        finally:
            os._exit(refused)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "kills" if os.WTERMSIG(status) != signal.SIGALRM else None
    return "refuses" if os.WEXITSTATUS(status) else None


def may_read_memory(pid: int) -> bool | None:
    """Ask whether we may read a process's memory, which ptrace depends on too; None if the answer is unclear.

    It asks for one byte at address 0, where no process has memory.
    """
    try:
        read = ctypes.CDLL(None, use_errno=True).process_vm_readv
    except (OSError, AttributeError):
        return None
    buffer = ctypes.create_string_buffer(1)
    local, remote = _IoVector(ctypes.addressof(buffer), 1), _IoVector(0, 1)
    done = read(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    if done >= 0 or ctypes.get_errno() == errno.EFAULT:
        return True
    return False if ctypes.get_errno() == errno.EPERM else None


def file_capabilities(path: str) -> int:
    """Return the capabilities that a program gets from its file (setcap, setuid root), whoever starts it.

    A file system that is mounted nosuid gives none. The kernel still removes those outside the bounding set.
    """
    try:
        about = os.stat(path)
        if os.statvfs(path).f_flag & os.ST_NOSUID:
            return 0
        if about.st_uid == 0 and about.st_mode & stat.S_ISUID:
            return ALL_CAPABILITIES
        return decode_capabilities(os.getxattr(path, CAPABILITY_ATTRIBUTE))
    except OSError:
        return 0


def decode_capabilities(attribute: bytes) -> int:
    """Return the permitted capabilities of an attribute that makes them effective; 0 for any other or invalid one."""
    if len(attribute) not in CAPABILITY_REVISIONS:
        return 0
    header, permitted, _, *rest = struct.unpack(f"<{len(attribute) // 4}I", attribute)
    revision, effective = header >> 24, header & 1
    if revision != CAPABILITY_REVISIONS[len(attribute)] or not effective:
        return 0
    # After the inheritable ones come the higher halves of both, and in revision 3 the root user that may use them.
    higher, _, root_user = (*rest, 0, 0, 0)[:3]
    return 0 if root_user else permitted | higher << 32
