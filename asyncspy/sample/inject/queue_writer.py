"""Write one call into the queue of a process or take it back; run as a short-lived process of its own.

`writer_process` starts this, reads what it prints, and kills it if it takes too long. Everything that can be prepared
is, before the process is stopped; after that no memory is collected and no file but /proc is opened.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from . import pending_queue
from .memory import PreparedWrite, executable_ranges, mappings, process_identity, read, refusal
from .pending_queue import WriteTarget
from .refused import NotInjected
from .stopper import StoppedProcess

PR_SET_PDEATHSIG, SIGEVENT_SIZE = 1, 64
LIFE_SECONDS, STOP_SECONDS = 5.0, 0.25
"""How long this process may live, and how long it may hold another one stopped."""

STOPPING = b"stopping\n"
"""Printed right before it stops the process; then one line of JSON says what came of it."""

Step = Callable[[str], None]
"""Called with the name of each point at which the writer could be killed; for the tests that do that."""


def main(job: str, step: Step = lambda _name: None) -> None:
    """Do what the job says, and print the answer."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, LIFE_SECONDS)  # its default action ends the process
    gc.disable()
    order = json.loads(job)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != order["parent"]:
        return  # the parent ended before that was asked for
    target, text = WriteTarget.from_json(order["target"]), bytes.fromhex(order["text"])
    try:
        answer = ACTIONS[order["action"]](target, text, step)
    except NotInjected as refused:
        answer = {"refused": refused.kind, "detail": refused.detail}
    except OSError as error:
        kind, detail = refusal(error).args
        answer = {"refused": kind, "detail": detail}
    os.write(1, json.dumps(answer).encode() + b"\n")


def add(target: WriteTarget, text: bytes, step: Step) -> dict[str, Any]:
    """Queue the text. How long the process was stopped for that."""
    code = executable_ranges(mappings(target.pid))
    _prepared(target, text, code, None)  # refuses early, and everything has run once before the process is stopped
    step("before the stop")
    _announce()
    with StoppedProcess(target.pid) as stopped:
        step("stopped")
        write = _prepared(target, text, code, stopped.main_thread_pointer())
        step("checked")
        try:
            write()
        except ProcessLookupError:
            raise NotInjected("gone") from None
        except OSError as error:  # a part may be written
            raise NotInjected("failed", f"writing: {error.strerror}") from None
        step("written")
    step("released")
    _calm()
    return {"stopped_ns": stopped.nanoseconds}


def _prepared(target: WriteTarget, text: bytes, code: list[tuple[int, int]], thread: int | None) -> PreparedWrite:
    if process_identity(target.pid) != target.identity:
        raise NotInjected("gone")
    if not text.endswith(b"\0") or len(text) > target.room:
        raise NotInjected("no_room", f"{target.room} bytes for {len(text)}")
    seen = pending_queue.take_snapshot(target)
    queue = pending_queue.parse(target.layout, seen)
    pending_queue.check(target, seen, queue, code, thread)
    return PreparedWrite(target.pid, pending_queue.added(target, seen, queue, text))


def withdraw(target: WriteTarget, text: bytes, step: Step) -> dict[str, Any]:
    """Take back a text that waits in the queue; whether it still did. One that is being run is left as it is."""
    step("before the stop")
    _announce()
    with StoppedProcess(target.pid) as stopped:
        step("stopped")
        if process_identity(target.pid) != target.identity:
            raise NotInjected("gone")
        seen = pending_queue.take_snapshot(target)
        queue = pending_queue.parse(target.layout, seen)
        if queue.held:
            raise NotInjected("busy", "its queue is being changed")
        pieces = pending_queue.taken_back(target, seen, queue, text)
        step("checked")
        if pieces is not None:
            PreparedWrite(target.pid, pieces)()
        step("written")
    step("released")
    _calm()
    return {"stopped_ns": stopped.nanoseconds, "withdrawn": pieces is not None}


def clear(target: WriteTarget, text: bytes, _step: Step) -> dict[str, Any]:
    """Put zeros where a text was that has been run. Nothing reads it any more, so nothing is stopped."""
    if process_identity(target.pid) != target.identity:
        raise NotInjected("gone")
    if read(target.pid, target.place, len(text)) == text:
        PreparedWrite(target.pid, [(target.place, bytes(len(text)))])()
    return {}


ACTIONS: dict[str, Callable[[WriteTarget, bytes, Step], dict[str, Any]]] = {
    "add": add,
    "withdraw": withdraw,
    "clear": clear,
}


def _announce() -> None:
    """From here on the target is about to be stopped: run before other processes; the parent bounds the time."""
    with suppress(OSError):  # only root may
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    os.write(1, STOPPING)
    _arm(STOP_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS)


def _prepare_timer() -> Callable[[float], object]:
    """What has the kernel kill this process after so many seconds, 0 for never; even if it is stopped by then."""
    try:
        libc, timer = ctypes.CDLL(None), ctypes.c_void_p()
        create, settime = libc.timer_create, libc.timer_settime
    except AttributeError:  # glibc before 2.34 has them in another library: the parent alone bounds the time
        return lambda _seconds: None
    event = struct.pack("<Qii", 0, int(signal.SIGKILL), 0).ljust(SIGEVENT_SIZE, b"\0")
    if create(time.CLOCK_MONOTONIC, event, ctypes.byref(timer)):
        return lambda _seconds: None
    return lambda seconds: settime(timer, 0, struct.pack("<qqqq", 0, 0, *divmod(int(seconds * 1e9), 10**9)), None)


_arm = _prepare_timer()


def _calm() -> None:
    signal.setitimer(signal.ITIMER_REAL, LIFE_SECONDS)
    _arm(0.0)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
