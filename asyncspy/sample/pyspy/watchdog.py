"""Watch for how long a py-spy holds its target: a sample takes milliseconds, a hang lasts.

py-spy pauses its target for each sample. A py-spy that hangs then would keep it stopped, and all its users waiting. The
kernel says which process holds another, and counts its context switches: if neither changes, the target never ran.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from asyncspy.sample.kernel_state import HELD, STOPPED, process_state, status_of

PROC = Path("/proc")
FIELDS = ("State", "TracerPid", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")

HeldState = tuple[str, ...]
"""What the kernel says of a process that is held; it changes whenever the process runs."""


class PySpyWatchdog:
    """How long a target, or a process below it, has been held without a pause."""

    def __init__(self, target: int, py_spy: int, check_seconds: float) -> None:
        self._target, self._py_spy = target, py_spy
        self._check_seconds = check_seconds
        self._held_since: dict[int, tuple[HeldState, float]] = {}
        self._checked = 0.0
        self._stopped_before = {pid for pid in _process_tree(target) if process_state(pid) == STOPPED}

    def held_seconds(self) -> float:
        """How long the target has been held by now, accurate to the check interval; 0 where there is no /proc."""
        now = time.monotonic()
        if now - self._checked >= self._check_seconds:
            self._checked = now
            states = {pid: state for pid in _process_tree(self._target) if (state := self._held_state(pid))}
            before = self._held_since
            self._held_since = {
                pid: before[pid] if pid in before and before[pid][0] == state else (state, now)
                for pid, state in states.items()
            }
        return max((now - since for _, since in self._held_since.values()), default=0.0)

    def resume_target(self) -> None:
        """Continue what a killed py-spy left stopped, but not what was stopped before it started."""
        for pid in _process_tree(self._target):
            if pid not in self._stopped_before and process_state(pid) == STOPPED:
                with suppress(OSError):
                    os.kill(pid, signal.SIGCONT)

    def _held_state(self, pid: int) -> HeldState | None:
        status = status_of(pid)
        tracer = status.get("TracerPid", "0")
        if status.get("State", "")[:1] != HELD or not (PROC / str(self._py_spy) / "task" / tracer).exists():
            return None
        return tuple(status.get(name, "") for name in FIELDS)


def _process_tree(pid: int) -> list[int]:
    """A process and all below it; on a kernel that does not list children, it alone."""
    found, seen = [pid], {pid}
    for one in found:
        with suppress(OSError):
            children = (PROC / str(one) / "task" / str(one) / "children").read_text().split()
            found += [child for child in map(int, children) if child not in seen]
            seen.update(found)
    return found
