"""What only the kernel itself can say of attaching: whether our calls are filtered, whether it lets us read a process.

Nothing is stopped and nothing is read: the questions are asked in ways that have no other effect than the answer.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import subprocess
import sys

EPERM, ESRCH = errno.EPERM, errno.ESRCH
PATIENCE_SECONDS = 10

_ASK = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
libc.ptrace(16, 2**22 + 7, 0, 0)  # PTRACE_ATTACH to a pid beyond the kernel's largest
told = ctypes.get_errno()
libc.process_vm_readv(2**22 + 7, None, 0, None, 0, 0)
print(told)
"""


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


@functools.lru_cache(maxsize=1)
def filter_on_ptrace() -> str | None:
    """What a seccomp filter on us does to ptrace: "refuses", "kills"; None where it lets it pass.

    Asked by a child, about a process that cannot exist: a filter may kill the one who asks.
    """
    try:
        asked = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _ASK],
            capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    if asked.returncode < 0:
        return "kills"
    return None if asked.stdout.strip() == str(ESRCH) else "refuses"


def lets_read(pid: int) -> bool | None:
    """Whether the kernel would let us read a process's memory, by the rules that also hold for ptrace; None: unknown.

    Asks for one byte at address 0, where no process has any.
    """
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        read = libc.process_vm_readv
    except (OSError, AttributeError):
        return None
    room = ctypes.create_string_buffer(1)
    ours = _Vector(ctypes.addressof(room), 1)
    theirs = _Vector(0, 1)
    done = read(pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
    if done >= 0 or ctypes.get_errno() == errno.EFAULT:
        return True
    return False if ctypes.get_errno() == EPERM else None
