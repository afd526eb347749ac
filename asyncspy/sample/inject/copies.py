"""Start copies of a process: its own program again, as its user, where it runs, doing nothing."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from asyncspy.sample.inject.refused import NotInjected
from asyncspy.sample.inject.start_copy import NAMESPACES, differs
from asyncspy.sample.inside.interpreters import executable_of, shares_our_root
from asyncspy.sample.kernel_state import status_of

START = Path(__file__).with_name("start_copy.py")
PATIENCE_SECONDS, END_SECONDS = 20.0, 2.0
READY, PID = b"ready\n", re.compile(rb"pid (\d+)\n")
MAX_SAID = 4_096
RIGHTS = ("CapEff", "CapPrm", "CapBnd", "Seccomp")
"""What root may; one that may less is confined, and its program is not started with our rights."""

BUSY = "import os\nos.write(1,b'ready\\n')\nwhile 1: pass\n"
"""Never lets go of the interpreter's lock: it looks at its queue only if the right breaker is set."""

SLEEPING = "import os,time\nos.write(1,b'ready\\n')\nwhile 1: time.sleep(.005)\n"
"""Is in C nearly always, like a worker that waits for requests."""

WAITING = """
import os, signal, threading, time
reader, writer = os.pipe()
os.set_blocking(writer, False)
try:
    while 1: os.write(writer, bytes(4096))
except BlockingIOError: pass
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.set_wakeup_fd(writer)
def in_c():
    try:
        with open(f'/proc/self/task/{os.getpid()}/syscall') as file: return file.read().split()[0] in ('0', '63')
    except OSError:
        time.sleep(.2)
        return True
def other():
    while not in_c(): time.sleep(.005)
    signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
    os.write(1, b'ready\\n')
    time.sleep(1000)
empty, _ = os.pipe()
threading.Thread(target=other, daemon=True).start()
os.read(empty, 1)
"""
"""Has one call of the interpreter's own in its queue, which waits for ever: a signal that could not be written to the
full pipe, met by a thread other than the main one, once that is in the system call `read` (0, on aarch64 63)."""

KEPT_VARIABLES = ("LD_LIBRARY_PATH", "LD_PRELOAD", "GLIBC_TUNABLES", "PATH")
"""What decides which libraries are loaded, and where."""


class ProcessCopy(NamedTuple):
    """A copy that runs; `answers` is what it writes to its standard output."""

    pid: int
    answers: int

    def answer(self, size: int, seconds: float) -> bytes:
        """The next bytes that it writes; fewer if it ends, or does not in that time."""
        said, deadline = b"", time.monotonic() + seconds
        while len(said) < size:
            ready, _, _ = select.select([self.answers], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(self.answers, size - len(said)) if ready else b""
            if not part:
                break
            said += part
        return said


@contextmanager
def started(pid: int, script: str) -> Iterator[ProcessCopy]:
    """A copy that is ended when this ends, whatever happens. Raises NotInjected where none can be started."""
    try:
        job = _job(pid, script)
    except (OSError, KeyError):
        raise NotInjected("gone") from None
    command = [sys.executable, "-I", "-S", "-B", str(START), json.dumps(job)]
    starter = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
    )
    with starter:
        assert starter.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            yield _ready(starter)
        finally:
            _end(starter)


def _end(starter: subprocess.Popen[bytes]) -> None:
    """End the copy, and what started it."""
    starter.terminate()
    try:
        starter.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        starter.kill()  # the kernel kills the copy with it


def _ready(starter: subprocess.Popen[bytes]) -> ProcessCopy:
    """Once it says so, and which pid it has."""
    assert starter.stdout is not None  # noqa: S101
    answers, said, deadline = starter.stdout.fileno(), b"", time.monotonic() + PATIENCE_SECONDS
    while READY not in said or not (found := PID.search(said)):
        part = ProcessCopy(0, answers).answer(1, deadline - time.monotonic())
        if not part or len(said) > MAX_SAID:
            _end(starter)
            errors = starter.stderr.read(MAX_SAID).decode(errors="replace") if starter.stderr else ""
            raise NotInjected("no_copy", (errors.strip().splitlines() or ["it did not come to run"])[-1][:300])
        said += part
    return ProcessCopy(int(found[1]), answers)


def _job(pid: int, script: str) -> dict[str, Any]:
    """What `start_copy` needs. Raises NotInjected where the copy would have other rights than the process."""
    status, enter = status_of(pid), _enters(pid)
    uid, gid = (int(status[name].split()[1]) for name in ("Uid", "Gid"))
    groups = list(map(int, status.get("Groups", "").split()))
    root = os.geteuid() == 0
    if root and uid == 0 and any(status.get(name) != status_of("self").get(name) for name in RIGHTS):
        raise NotInjected("confined_root")
    path, base = str(executable_of(pid)), os.readlink(f"/proc/{pid}/root")  # noqa: PTH115
    program = path.removeprefix(base) if base != "/" else path
    return {
        "pid": pid,
        "parent": os.getpid(),
        "enter": enter,
        "user": (uid, gid, groups) if root else None,
        "command": [program, "-I", "-S", "-c", script],
        "environment": _environment(pid),
    }


def _enters(pid: int) -> bool:
    """Whether the copy has to be brought to where the process is. Raises NotInjected where only root could do that."""
    same_root = shares_our_root(pid)
    if os.geteuid() != 0:
        if not same_root:
            raise NotInjected("other_root")
        return False
    return not same_root or any(differs(pid, name) for name in NAMESPACES)


def _environment(pid: int) -> dict[str, str]:
    found = {}
    with suppress(OSError):
        for each in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            name, _, value = each.decode(errors="surrogateescape").partition("=")
            if name in KEPT_VARIABLES:
                found[name] = value
    return found
