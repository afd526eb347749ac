"""Runs within the writer: notes each step with its time, and sends the writer a signal at one of them, or soon after.

`kills` has the writer execute this file, which therefore imports nothing of asyncspy.
"""

from __future__ import annotations

import ctypes
import os
import struct
import time
from collections.abc import Callable
from functools import partial

CLOCK_MONOTONIC = 1
SIGEVENT_SIZE = 64


def ending(notes: str, at: str, number: int, seconds: float) -> Callable[[str], None]:
    """To be called at each step. So long after the step `at`, this process gets the signal."""
    file = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    start = _timer(number, seconds) if seconds else partial(os.kill, os.getpid(), number)

    def step(name: str) -> None:
        os.write(file, f"{time.monotonic_ns()} {name}\n".encode())
        if name == at:
            start()

    return step


def _timer(number: int, seconds: float) -> Callable[[], object]:
    """What starts a timer of the kernel's own; a thread here would have to wait for the interpreter's lock."""
    libc, timer = ctypes.CDLL(None), ctypes.c_void_p()
    event = struct.pack("<Qii", 0, number, 0).ljust(SIGEVENT_SIZE, b"\0")
    if libc.timer_create(CLOCK_MONOTONIC, event, ctypes.byref(timer)):
        raise OSError("no timer can be had")
    return partial(libc.timer_settime, timer, 0, struct.pack("<QQQQ", 0, 0, 0, max(1, int(seconds * 1e9))), None)
