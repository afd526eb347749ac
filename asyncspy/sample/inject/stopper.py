"""Stop all threads of a process for a moment by ptrace, and let them go on.

Only SEIZE, INTERRUPT and DETACH are used, and no option is set: if the process that calls this ends in whatever way,
the kernel detaches, and the threads go on as if nothing had been. No register is written.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import time
from contextlib import suppress

from .refused import NotInjected

PTRACE_GETREGS, PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 12, 17, 0x4206, 0x4207
PTRACE_EVENT_STOP, WALL = 128, 0x40000000
"""From linux/ptrace.h and linux/wait.h."""

REGISTERS, FS_BASE = 27, 21
"""Of x86_64's struct user_regs_struct; the C library keeps `pthread_self()` in fs_base."""

MAX_THREADS, MAX_ROUNDS = 4_096, 100

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class StoppedProcess:
    """All threads of a process are stopped while this is entered; `nanoseconds` is how long that was."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seized: set[int] = set()
        self._ended: set[int] = set()
        self._signals: dict[int, int] = {}
        self._began = self.nanoseconds = 0

    def __enter__(self) -> StoppedProcess:
        self._began = time.monotonic_ns()
        try:
            self._stop_all()
        except BaseException:
            self.release()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.release()

    def release(self) -> None:
        """Let every thread go on, with the signal that was on its way to it."""
        for thread in self._seized:
            with suppress(OSError):
                _ptrace(PTRACE_DETACH, thread, self._signals.get(thread, 0))
        self.nanoseconds = time.monotonic_ns() - self._began
        self._seized.clear()

    def main_thread_pointer(self) -> int:
        """What `pthread_self()` gives in the thread that the process began with."""
        registers = (ctypes.c_ulonglong * REGISTERS)()
        _ptrace(PTRACE_GETREGS, self._pid, ctypes.addressof(registers))
        return registers[FS_BASE]

    def _stop_all(self) -> None:
        """A thread that runs on can start others, so they are listed until there is no new one."""
        for _ in range(MAX_ROUNDS):
            new = [thread for thread in _threads(self._pid) if thread not in self._seized | self._ended]
            if not new:
                if self._pid not in self._seized:
                    raise NotInjected("gone")
                return
            if len(self._seized) + len(new) > MAX_THREADS:
                raise NotInjected("threads", f"more than {MAX_THREADS}")
            for thread in new:
                self._seize(thread)
            for thread in new:
                if thread in self._seized:
                    self._wait(thread)
        raise NotInjected("threads", "new ones all the time")

    def _seize(self, thread: int) -> None:
        try:
            _ptrace(PTRACE_SEIZE, thread)
        except (ProcessLookupError, PermissionError):
            if not _has_ended(thread):
                raise NotInjected("traced" if _is_traced(thread) else "denied") from None
            self._ended.add(thread)
            return
        self._seized.add(thread)
        with suppress(ProcessLookupError):
            _ptrace(PTRACE_INTERRUPT, thread)

    def _wait(self, thread: int) -> None:
        """Until it is stopped, by us or by a signal that is on its way to it; a timer of the writer bounds this."""
        _, status = os.waitpid(thread, WALL)
        if not os.WIFSTOPPED(status):
            self._seized.discard(thread)
            self._ended.add(thread)
            return
        event, number = status >> 16, os.WSTOPSIG(status)
        if event != PTRACE_EVENT_STOP:
            self._signals[thread] = number
        elif number != signal.SIGTRAP:
            raise NotInjected("stopped")


def _threads(pid: int) -> list[int]:
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]  # noqa: PTH208
    except OSError:
        return []


def _has_ended(thread: int) -> bool:
    """Whether it runs no more code: one that is ending cannot be traced, and is listed for a while."""
    state = _status(thread, "State")
    return state in {None, "Z", "X"}


def _is_traced(thread: int) -> bool:
    return _status(thread, "TracerPid") not in {None, "", "0"}


def _status(thread: int, name: str) -> str | None:
    """The first word of a field of its status; None if it is gone."""
    try:
        with open(f"/proc/{thread}/status", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return next((line.split()[1] for line in file if line.startswith(f"{name}:")), "")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:
        return ""


def _ptrace(request: int, thread: int, data: int = 0) -> None:
    if _libc.ptrace(request, thread, None, data) == -1:
        number = ctypes.get_errno()
        raise OSError(number or errno.EIO, f"ptrace {request:#x}: {os.strerror(number)}")
