"""One stack dump of a process: a pid in, the stack of each of its threads out."""

from __future__ import annotations

import json
import subprocess

from asyncspy.errors import SamplerError
from asyncspy.model.stacks import Frame, Stack
from asyncspy.sample.pyspy.program import PROBE_SECONDS, PySpy, explain
from asyncspy.sample.pyspy.watchdog import look


def read_stacks(py_spy: PySpy, pid: int) -> tuple[Stack, ...]:
    """What every thread is doing at this moment, the main thread first; raises what keeps py-spy from seeing it."""
    command = [py_spy.path, "dump", "--json", "--pid", str(pid)]
    try:
        done = look(command, pid, PROBE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise SamplerError(
            f"py-spy could not read process {pid} within {error.timeout:.3g} s",
            remedy=f"ps -o pid,stat,pcpu,cmd -p {pid}",
        ) from None
    if done.returncode != 0:
        raise explain(done.stderr or done.stdout, pid, py_spy)
    try:
        threads = json.loads(done.stdout)
        stacks = [
            Stack(
                tuple(Frame(str(f["name"]), str(f["filename"]), int(f["line"])) for f in reversed(thread["frames"])),
                pid,
                str(thread["thread_name"] or ""),
            )
            for thread in threads
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SamplerError(
            f"py-spy {py_spy.version} gave a stack dump that cannot be read: {error}",
            remedy=f"look at it: {py_spy.path} dump --pid {pid}",
        ) from None
    return tuple(sorted(stacks, key=lambda stack: stack.thread != "MainThread"))
