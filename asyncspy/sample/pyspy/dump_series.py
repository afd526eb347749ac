"""Take stack dumps of processes again and again; each is saved as py-spy wrote it, before anything reads it.

An index beside them has what can only be measured at that moment: when a dump was taken, for how long the process stood
still for it, and how often each thread ran since the dump before. py-spy makes every thread run for a moment, so the
kernel's counters are read when that is over, and again just before the next dump.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from asyncspy.errors import AsyncspyError, OutputError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Dump, ThreadActivity
from asyncspy.recording import dump_index
from asyncspy.recording.destination import create_folder, write_json, write_new_file
from asyncspy.sample.inside.interpreters import minor_version
from asyncspy.sample.inside.tasks import UnreadableTasks, read_tasks
from asyncspy.sample.kernel_state import (
    STOPPED,
    ThreadCounters,
    is_traced,
    process_state,
    processor_count,
    settled_counters,
    thread_counters,
)
from asyncspy.sample.own_requests import asked_processes
from asyncspy.sample.pyspy.py_spy import PySpy
from asyncspy.sample.pyspy.stack_dump import dump_as_json


@dataclass
class DumpSeries:
    """The dumps of some processes in one folder."""

    folder: Path
    py_spy: PySpy
    targets: Sequence[Worker]
    with_selves: bool = False
    dumps: list[Dump] = field(default_factory=list)
    failed: dict[int, AsyncspyError] = field(default_factory=dict)
    """Why some processes are not dumped any more."""
    sources: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    _counters: dict[int, tuple[float, ThreadCounters]] = field(default_factory=dict)
    """By process, the counters after its last dump, and when they were read."""

    def dump_all(self) -> None:
        """Dump every process once. Raises an AsyncspyError where there is no dump of any process."""
        for target in self.targets:
            if target.pid not in self.failed:
                try:
                    self._dump(target)
                except AsyncspyError as error:
                    self.failed[target.pid] = error
        if not self.dumps:
            raise next(iter(self.failed.values()))
        self._save_index()

    def read_tasks(self) -> None:
        """Add the asyncio tasks as they are now to the last dump of each process that lets them be read."""
        for target in self.targets:
            last = max((number for number, dump in enumerate(self.dumps) if dump.pid == target.pid), default=None)
            if last is None:
                continue
            try:
                self.dumps[last] = replace(self.dumps[last], tasks=read_tasks(target))
            except UnreadableTasks as reason:
                self.dumps[last] = replace(self.dumps[last], no_tasks=str(reason))
        self._save_index()

    def save_sources(self, sources: Mapping[str, Mapping[int, str]]) -> None:
        """Save lines of code with the dumps, for reports where the files are not."""
        self.sources = sources
        self._save_index()

    @property
    def index_file(self) -> Path:
        """The file that says when and how each dump was taken."""
        return self.folder / "looks.json"

    def discard(self) -> None:
        """Remove the dumps and start again."""
        for name in (*(dump.path for dump in self.dumps), self.index_file.name):
            (self.folder / name).unlink(missing_ok=True)
        self.dumps.clear()
        self.failed.clear()
        self._counters.clear()

    def _dump(self, target: Worker) -> None:
        pid = target.pid
        at, now = time.time(), thread_counters(pid)
        since, before = self._counters.get(pid, (0.0, None))
        counted = time.monotonic() - since if before else None
        ran = {tid: _difference(before[tid], now[tid]) for tid in now if tid in before} if before else None
        state = process_state(pid)
        at_rest = state == STOPPED or is_traced(pid)
        asks = asked_processes(pid)
        output, paused = dump_as_json(self.py_spy, pid, at_rest=at_rest, with_selves=self.with_selves)
        number = sum(1 for dump in self.dumps if dump.pid == pid) + 1
        path = self.folder / f"dump-{pid}-{number:03}.json"
        write_new_file(path, output)
        cpus = processor_count(pid, minor_version(target.python))
        self.dumps.append(Dump((), pid, at, path.name, paused, state, ran, counted, cpus, asks=asks))
        counters = settled_counters(pid)
        self._counters[pid] = (time.monotonic(), counters)

    def _save_index(self) -> None:
        try:
            write_json(self.index_file, dump_index.encode(self.dumps, self.targets, self.sources), replace=True)
        except OSError as error:
            raise OutputError(
                f"cannot write {self.index_file}: {error.strerror}", remedy="make room, or choose another --output"
            ) from None


def create_series(folder: Path, py_spy: PySpy, targets: Sequence[Worker], *, with_selves: bool = False) -> DumpSeries:
    """Create the folder and a series in it."""
    create_folder(folder)
    return DumpSeries(folder, py_spy, targets, with_selves)


def _difference(before: ThreadActivity, now: ThreadActivity) -> ThreadActivity:
    return ThreadActivity(now.switches - before.switches, now.nanoseconds - before.nanoseconds)
