"""Ties a process of the demo to the asyncspy that started it: may be traced by it, and dies with it."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable

TRACER = "ASYNCSPY_TRACER_NAMED"
"""The environment variable that names the asyncspy process."""

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_PTRACER = 0x59616D61

Prctl = Callable[[int, int], int]


def tether(prctl: Prctl | None = None) -> None:
    """Let asyncspy trace this process, and end this process when its parent ends.

    On Ubuntu and others (kernel.yama.ptrace_scope = 1) an ordinary user may only trace descendants of the tracer.
    py-spy is asyncspy's child, as this server is, so the server names asyncspy as its tracer: whoever descends from
    it may then trace too. The permission belongs to the process: exec keeps it, children have to ask for themselves.
    A kernel without Yama does not know the request and answers EINVAL; nothing is needed there.

    uvicorn's workers outlive a master that is killed, hence the signal.
    """
    tracer = os.environ.get(TRACER, "")
    if not tracer.isdecimal() or not sys.platform.startswith("linux"):
        return
    prctl = prctl or _libc_prctl()
    prctl(PR_SET_PTRACER, int(tracer))
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != _expected_parent(int(tracer)):
        os._exit(1)  # the parent was gone before the signal was asked for


def _expected_parent(tracer: int) -> int:
    master = multiprocessing.parent_process()
    return tracer if master is None or master.pid is None else master.pid


def _libc_prctl() -> Prctl:
    libc = ctypes.CDLL(None)
    unused = ctypes.c_ulong(0)

    def prctl(option: int, value: int) -> int:
        return int(libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), unused, unused, unused))

    return prctl


if __name__ == "__main__":
    # `python tether.py -m uvicorn …` becomes `python -m uvicorn …`, with the same process id.
    tether()
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])  # noqa: S606
