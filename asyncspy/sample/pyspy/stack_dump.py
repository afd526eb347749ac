"""Take one stack dump of a process with `py-spy dump`."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time

from asyncspy.errors import SamplerError
from asyncspy.model.stacks import Frame, Stack
from asyncspy.sample.kernel_state import HELD, process_state
from asyncspy.sample.pyspy.py_spy import MAX_STARTS, PySpy, Timeouts, error_of, is_failed_start
from asyncspy.sample.pyspy.watchdog import PySpyWatchdog

TICK_SECONDS = 0.0003
"""How often the state of a process is read while py-spy may hold it."""

CLASS_OF_SELF = re.compile(r"<(?:[\w.]+\.)?(\w{1,100}) (?:object )?at 0x[0-9a-f]+>")
"""How py-spy shows an object that it cannot show."""


def probe(py_spy: PySpy, pid: int) -> None:
    """Take a dump to see what would keep a recording from starting, and raise it.

    A recording of subprocesses cannot say it: py-spy's `--subprocesses` masks the reason.
    """
    _dump(py_spy, pid)


def read_stacks(py_spy: PySpy, pid: int) -> tuple[Stack, ...]:
    """What every thread is doing at this moment, the main thread first."""
    output, _ = _dump(py_spy, pid, "--json")
    try:
        threads = json.loads(output)
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


def dump_as_json(py_spy: PySpy, pid: int, *, at_rest: bool, with_selves: bool) -> tuple[bytes, float]:
    """A dump as py-spy prints it, and for how many seconds the process stood still for it.

    A process that somebody else stopped or traces (`at_rest`) is only read: py-spy cannot hold it, and must not let it
    run. `with_selves` adds the class of `self` to each frame.
    """
    options = ["--json", *["--locals"] * with_selves, *["--nonblocking"] * at_rest]
    output, paused = _dump(py_spy, pid, *options, own_session=True)
    return (_keep_classes_only(output, py_spy) if with_selves else output), 0.0 if at_rest else paused


def _dump(py_spy: PySpy, pid: int, *options: str, own_session: bool = False) -> tuple[bytes, float]:
    """Run `py-spy dump`; in a session of its own the terminal's Ctrl-C does not reach it."""
    command = [py_spy.path, "dump", "--pid", str(pid), *options]
    for _ in range(MAX_STARTS):
        done, paused = _run(command, pid, py_spy.timeouts, own_session=own_session)
        if done.returncode == 0 or not is_failed_start(done.stderr.decode(errors="replace")):
            break
    if done.returncode != 0:
        raise error_of((done.stderr or done.stdout).decode(errors="replace"), pid, py_spy)
    return done.stdout, paused


def _run(
    command: list[str], pid: int, timeouts: Timeouts, *, own_session: bool
) -> tuple[subprocess.CompletedProcess[bytes], float]:
    """Run py-spy, and measure from outside for how long the kernel shows the process as held by it.

    Raises SamplerError where it takes too long, or holds the process for too long; the process then runs on.
    """
    first = last = 0.0
    deadline = time.monotonic() + timeouts.dump
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=own_session
        )
        watchdog = PySpyWatchdog(pid, child.pid, timeouts.check)
        try:
            while child.poll() is None:
                if process_state(pid) == HELD:
                    last = time.monotonic()
                    first = first or last
                if watchdog.held_seconds() > timeouts.held:
                    raise _hung(pid)
                if time.monotonic() > deadline:
                    raise _too_slow(pid, timeouts.dump)
                time.sleep(TICK_SECONDS)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
                watchdog.resume_target()
        out.seek(0), err.seek(0)
        return subprocess.CompletedProcess(command, child.returncode, out.read(), err.read()), last - first


def _hung(pid: int) -> SamplerError:
    return SamplerError(
        f"py-spy hung while it held process {pid}, and was killed; the process runs on",
        remedy="look again; is the machine out of memory, or its disk hanging? (dmesg)",
    )


def _too_slow(pid: int, seconds: float) -> SamplerError:
    return SamplerError(
        f"py-spy could not read process {pid} within {seconds:.3g} s",
        remedy=f"is it stopped or very busy? Look at its state: ps -o pid,stat,pcpu,cmd -p {pid}",
    )


def _keep_classes_only(output: bytes, py_spy: PySpy) -> bytes:
    """Replace the local variables of each frame by the class of `self`: values can be secrets."""
    try:
        threads = json.loads(output)
        for frame in (frame for thread in threads for frame in thread["frames"]):
            selves = [local["repr"] for local in frame.pop("locals", None) or () if local["name"] == "self"]
            named = CLASS_OF_SELF.match(selves[0] or "") if selves else None
            frame["self"] = named[1] if named else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SamplerError(
            f"py-spy {py_spy.version} gave a stack dump that cannot be read: {error}",
            remedy="leave --locals out",
        ) from None
    return json.dumps(threads).encode()
