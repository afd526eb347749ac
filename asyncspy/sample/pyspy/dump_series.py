"""Processes to dumps of all their threads, again and again: each saved as py-spy wrote it, before anybody looks at it.

Beside each dump stands what only the moment can tell: when it was, for how long the process stood still for it, and how
often the kernel has let each thread run since the dump before. py-spy itself makes every thread run for a moment; so
the counters are read when that is over, and again just before the next dump.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from asyncspy.errors import AsyncspyError, OutputError, SamplerError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Dump, ThreadActivity
from asyncspy.recording import dump_index
from asyncspy.recording.destination import create_folder, write_json, write_new_file
from asyncspy.sample.inside.tasks import Unread, minor, tasks
from asyncspy.sample.pyspy.program import PROBE_SECONDS, STARTS, PySpy, explain, stumbled
from asyncspy.sample.pyspy.watchdog import HELD_SECONDS, PySpyWatchdog
from asyncspy.sample.thread_activity import (
    HELD,
    STOPPED,
    ThreadCounters,
    is_traced,
    process_state,
    processor_count,
    settled_counters,
    thread_counters,
)

TICK_SECONDS = 0.0003
"""How often the state of a process is looked at while py-spy holds it."""

SELF = re.compile(r"<(?:[\w.]+\.)?(\w{1,100}) (?:object )?at 0x[0-9a-f]+>")
"""How py-spy shows an object that it cannot show."""


@dataclass
class DumpSeries:
    """The dumps of some processes in one folder."""

    folder: Path
    py_spy: PySpy
    targets: Sequence[Worker]
    with_selves: bool = False
    dumps: list[Dump] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    failed: dict[int, AsyncspyError] = field(default_factory=dict)
    sources: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    _before: dict[int, tuple[float, ThreadCounters]] = field(default_factory=dict)

    def dump_all(self) -> None:
        """Dump every process once. One that cannot be dumped any more is remembered with the reason."""
        for target in self.targets:
            if target.pid not in self.failed:
                try:
                    self._look_at(target)
                except AsyncspyError as error:
                    self.failed[target.pid] = error
        if not self.dumps:
            raise next(iter(self.failed.values()))
        self._save_index()

    def read_tasks(self) -> None:
        """Of each process that lets them be read, the tasks as they are now, beside the last look at it."""
        for target in self.targets:
            last = max((i for i, look in enumerate(self.dumps) if look.pid == target.pid), default=None)
            if last is None:
                continue
            try:
                self.dumps[last] = replace(self.dumps[last], tasks=tasks(target))
            except Unread as reason:
                self.dumps[last] = replace(self.dumps[last], no_tasks=str(reason))
        self._save_index()

    def save_sources(self, sources: Mapping[str, Mapping[int, str]]) -> None:
        """Lines of code to save with the dumps, for reports where the files are not."""
        self.sources = sources
        self._save_index()

    @property
    def index_file(self) -> Path:
        """The file that says when and how each dump was taken."""
        return self.folder / "looks.json"

    def discard(self) -> None:
        """Take the dumps away, and begin anew."""
        for path in (*self.files, self.index_file):
            path.unlink(missing_ok=True)
        self.dumps.clear()
        self.files.clear()
        self.failed.clear()
        self._before.clear()

    def _look_at(self, target: Worker) -> None:
        pid = target.pid
        at, now = time.time(), thread_counters(pid)
        since, before = self._before.get(pid, (0.0, None))
        counted = time.monotonic() - since if before else None
        ran = {tid: _since(before[tid], count) for tid, count in now.items() if tid in before} if before else None
        state = process_state(pid)
        at_rest = state == STOPPED or is_traced(pid)
        text, paused = dump(self.py_spy, pid, at_rest=at_rest, with_selves=self.with_selves)
        number = sum(1 for look in self.dumps if look.pid == pid) + 1
        path = self.folder / f"dump-{pid}-{number:03}.json"
        write_new_file(path, text)
        self.files.append(path)
        self.dumps.append(
            Dump((), pid, at, path.name, paused, state, ran, counted, processor_count(pid, minor(target.python)))
        )
        now = settled_counters(pid)
        self._before[pid] = (time.monotonic(), now)

    def _save_index(self) -> None:
        """Write the index again: after every round it holds for what is there."""
        try:
            write_json(self.index_file, dump_index.encode(self.dumps, self.targets, self.sources), replace=True)
        except OSError as error:
            raise OutputError(
                f"cannot write {self.index_file}: {error.strerror}", remedy="make room, or choose another --output"
            ) from None


def create_series(folder: Path, py_spy: PySpy, targets: Sequence[Worker], *, with_selves: bool = False) -> DumpSeries:
    """A series in a folder of its own, which is made."""
    create_folder(folder)
    return DumpSeries(folder, py_spy, targets, with_selves)


def dump(py_spy: PySpy, pid: int, *, at_rest: bool, with_selves: bool) -> tuple[bytes, float]:
    """What py-spy prints of one process, and for how long that stood still for it, in seconds.

    A process that somebody else stopped or traces is only read: py-spy cannot hold it, and a stop is not ours to end.
    """
    command = [py_spy.path, "dump", "--json", "--pid", str(pid)]
    command += ["--locals"] if with_selves else []
    command += ["--nonblocking"] if at_rest else []
    for _ in range(STARTS):
        done, paused = _run(command, pid)
        if done.returncode == 0 or not stumbled(done.stderr.decode(errors="replace")):
            break
    if done.returncode != 0:
        raise explain((done.stderr or done.stdout).decode(errors="replace"), pid, py_spy)
    return (_without_values(done.stdout, py_spy) if with_selves else done.stdout), 0.0 if at_rest else paused


def _run(command: list[str], pid: int) -> tuple[subprocess.CompletedProcess[bytes], float]:
    """Run py-spy, and measure from outside how long the kernel shows the process as held by it.

    Raises SamplerError where it takes too long, or holds the process for too long: that then runs on.
    """
    first = last = 0.0
    deadline = time.monotonic() + PROBE_SECONDS
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
        hold = PySpyWatchdog(pid, child.pid)
        try:
            while child.poll() is None:
                if process_state(pid) == HELD:
                    last = time.monotonic()
                    first = first or last
                if hold.seconds() > HELD_SECONDS:
                    raise _hung(pid)
                if time.monotonic() > deadline:
                    raise _too_long(pid)
                time.sleep(TICK_SECONDS)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
                hold.let_go()
        out.seek(0), err.seek(0)
        return subprocess.CompletedProcess(command, child.returncode, out.read(), err.read()), last - first


def _hung(pid: int) -> SamplerError:
    return SamplerError(
        f"py-spy hung while it held process {pid}, and was killed; the process runs on",
        remedy="look again; is the machine out of memory, or its disk hanging? (dmesg)",
    )


def _too_long(pid: int) -> SamplerError:
    return SamplerError(
        f"py-spy could not read process {pid} within {PROBE_SECONDS} s", remedy=f"ps -o pid,stat,pcpu,cmd -p {pid}"
    )


def _since(before: ThreadActivity, now: ThreadActivity) -> ThreadActivity:
    return ThreadActivity(now.switches - before.switches, now.nanoseconds - before.nanoseconds)


def _without_values(text: bytes, py_spy: PySpy) -> bytes:
    """py-spy's words with nothing left of the variables but the class of `self`: values can be secrets."""
    try:
        threads = json.loads(text)
        for frame in (frame for thread in threads for frame in thread["frames"]):
            told = [local["repr"] for local in frame.pop("locals", None) or () if local["name"] == "self"]
            named = SELF.match(told[0] or "") if told else None
            frame["self"] = named[1] if named else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SamplerError(
            f"py-spy {py_spy.version} gave a stack dump that cannot be read: {error}",
            remedy="leave --locals out",
        ) from None
    return json.dumps(threads).encode()
