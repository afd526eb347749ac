"""A name to a profiler at work on a process, as a person would start it, with what it costs itself."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from asyncspy.sample import find_py_spy

PATIENCE_SECONDS = 60
SETTLE_SECONDS = 0.7
FOREVER = "3600"


@dataclass
class Cost:
    """What the profiler's own processes used while it was measured: CPU seconds by program, and memory at most."""

    cpu: dict[str, float] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)


def commands(pid: int, folder: Path) -> dict[str, list[str]]:
    """Every profiler that attaches, and the one that cannot be without."""
    bare = [find_py_spy().path, "record", "--pid", str(pid), "--gil", "--subprocesses", "--full-filenames"]
    bare += ["--format", "speedscope", "--duration", FOREVER, "--output", str(folder / "bare.json")]
    ours = [sys.executable, "-m", "asyncspy"]
    attach = [*ours, "attach", "--pid", str(pid), "--duration", "1h", "--output", str(folder)]
    watch = [*ours, "watch", "--pid", str(pid), "--slice", "3", "--output", str(folder)]
    known = {
        "none": [],
        "py-spy, 100 Hz": [*bare, "--rate", "100"],
        "attach, 100 Hz": [*attach, "--mode", "gil"],
        "attach, 50 Hz": [*attach, "--mode", "gil", "--rate", "50"],
        "attach, 25 Hz": [*attach, "--mode", "gil", "--rate", "25"],
        "attach, wall pass": [*attach, "--mode", "wall"],
        "watch": watch,
        "cProfile": [],
    }
    if austin := shutil.which("austin", path=str(Path(sys.executable).parent)):
        words = ["-C", "-i", "10ms", "-p", str(pid), "-o", str(folder / "austin.txt")]
        known["Austin, 100 Hz"] = [austin, *words]
    return known


@contextlib.contextmanager
def at_work(command: list[str]) -> Iterator[psutil.Process | None]:
    """While this lasts the profiler samples; it is ended as Ctrl-C ends it."""
    if not command:
        yield None
        return
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as started:
        try:
            _await_sampling(started)
            yield psutil.Process(started.pid)
        finally:
            started.send_signal(signal.SIGINT)
            try:
                started.communicate(timeout=PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                started.kill()


def _await_sampling(started: subprocess.Popen[bytes]) -> None:
    """Until the sampler has used the CPU that its start takes; then a little longer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and not any(_samples(one) for one in _family(psutil.Process(started.pid))):
        if started.poll() is not None:
            raise RuntimeError((started.stdout.read() if started.stdout else b"").decode(errors="replace"))
        time.sleep(0.02)
    time.sleep(SETTLE_SECONDS)


def _samples(one: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        if one.name() == "py-spy":
            return "record" in one.cmdline() and one.cpu_times().user > 0.1  # noqa: PLR2004 - its start takes as much
        return one.name().startswith("austin")
    return False


def used(profiler: psutil.Process | None) -> Cost:
    """What its processes have used so far."""
    cost = Cost()
    for one in _family(profiler) if profiler else []:
        with contextlib.suppress(psutil.Error):
            name, times = one.name(), one.cpu_times()
            name = "asyncspy" if name.startswith("python") else name
            cost.cpu[name] = cost.cpu.get(name, 0.0) + times.user + times.system
            cost.memory[name] = cost.memory.get(name, 0) + one.memory_info().rss
    if profiler:  # the py-spy of an earlier slice
        with contextlib.suppress(psutil.Error):
            times = profiler.cpu_times()
            cost.cpu["ended children"] = times.children_user + times.children_system
    return cost


def _family(one: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return [one, *one.children(recursive=True)]
    return []
