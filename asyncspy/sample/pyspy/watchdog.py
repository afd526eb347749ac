"""A process and its py-spy to how long the one has been held by the other: a sample takes milliseconds, a hang lasts.

py-spy pauses its target for each sample. One that hangs meanwhile would keep it stopped, and all its customers waiting.
The kernel tells who holds a process, and counts its switches: where both stay as they are, it never ran between.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

LOOK_SECONDS = 0.25
HELD_SECONDS = 3.0
"""A target that is held for so long without a pause is held by a py-spy that hangs; so long, and not longer."""

PROC = Path("/proc")
FIELDS = re.compile(r"^(State|TracerPid|voluntary_ctxt_switches|nonvoluntary_ctxt_switches):\t(\w+)", re.MULTILINE)

Sight = tuple[str, ...]


class PySpyWatchdog:
    """How long any process, of a target and those below it, has been held without a pause."""

    def __init__(self, target: int, sampler: int) -> None:
        self._target, self._sampler = target, sampler
        self._since: dict[int, tuple[Sight, float]] = {}
        self._looked = 0.0
        self._stopped = {pid for pid in _family(target) if _stopped(pid)}

    def seconds(self) -> float:
        """Up to now, as far as looking now and then can tell; without a /proc it is never known."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            sights = {pid: sight for pid in _family(self._target) if (sight := self._sight(pid))}
            before = self._since
            self._since = {
                pid: before[pid] if pid in before and before[pid][0] == sight else (sight, now)
                for pid, sight in sights.items()
            }
        return max((now - since for _, since in self._since.values()), default=0.0)

    def let_go(self) -> None:
        """After a py-spy that had to be killed: what it left stopped, and had not found so, runs on."""
        for pid in _family(self._target):
            if pid not in self._stopped and _stopped(pid):
                with suppress(OSError):
                    os.kill(pid, signal.SIGCONT)

    def _sight(self, pid: int) -> Sight | None:
        """What the kernel says of a process that is held by our py-spy at this moment."""
        said = _said(pid)
        tracer = said.get("TracerPid", "0")
        if said.get("State") != "t" or not (PROC / str(self._sampler) / "task" / tracer).exists():
            return None
        return tuple(said.values())


def look(command: Sequence[str], target: int, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a py-spy that only looks; raises TimeoutExpired where it takes longer, or holds its target for too long."""
    started = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as looking:
        hold = PySpyWatchdog(target, looking.pid)
        while True:
            try:
                out, err = looking.communicate(timeout=LOOK_SECONDS)
                return subprocess.CompletedProcess(command, looking.returncode, out, err)
            except subprocess.TimeoutExpired:
                taken = time.monotonic() - started
                if hold.seconds() > HELD_SECONDS or taken > seconds:
                    _kill(looking, hold)
                    raise subprocess.TimeoutExpired(command, taken) from None
            except BaseException:
                _kill(looking, hold)
                raise


def _kill(looking: subprocess.Popen[str], hold: PySpyWatchdog) -> None:
    looking.kill()
    looking.wait()
    hold.let_go()


def _stopped(pid: int) -> bool:
    return _said(pid).get("State") == "T"


def _said(pid: int) -> dict[str, str]:
    try:
        return dict(FIELDS.findall((PROC / str(pid) / "status").read_text(errors="replace")))
    except OSError:
        return {}


def _family(pid: int) -> list[int]:
    """A process and all below it; on a kernel that does not list children, it alone."""
    found, seen = [pid], {pid}
    for one in found:
        with suppress(OSError):
            children = (PROC / str(one) / "task" / str(one) / "children").read_text().split()
            found += [child for child in map(int, children) if child not in seen]
            seen.update(found)
    return found
