"""Collect a run's passes and write them to its one file, which is complete on disk after every pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from asyncspy.model.merging import merge_events
from asyncspy.model.observed import NOTHING_OBSERVED, Observed, join_observed, merge_observed
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import ENDED_WORKERS_PID, Event, Occurrences, Origin
from asyncspy.model.third_party import Distribution
from asyncspy.recording import destination, saved_form
from asyncspy.recording.pass_samples import PassSamples, SharedFrames, process_of
from asyncspy.recording.saved_form import EMPTY_DOCUMENT, Sources

PassKey = tuple[int, str]
"""A process and a mode."""

MAX_PROCESSES, SILENT_SECONDS = 50, 60.0
"""With more processes than MAX_PROCESSES, those that ended and gave nothing for SILENT_SECONDS are merged into one."""


class RecordingWriter:
    """The recording of one run. Once a worker has long ended, no lines are kept of files in `drop_lines_in`."""

    def __init__(
        self,
        path: Path,
        drop_lines_in: Callable[[str], bool] = lambda _file: False,
        max_processes: int = MAX_PROCESSES,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self.path = path
        self.saved = False
        """Whether any of it is on disk."""
        self._max_processes, self._silent_seconds = max_processes, silent_seconds
        self._table = SharedFrames(drop_lines_in)
        self._passes: dict[PassKey, PassSamples] = {}
        self._last_heard: dict[int, float] = {}
        self._failures: dict[PassKey, int] = {}
        self._header: dict[str, Any] = {}
        self._sources: Sources = {}
        self._distributions: Mapping[str, Distribution] = {}
        self._counted_calls: dict[int, Mapping[Event, Occurrences]] = {}
        self._observed: dict[int, Observed] = {}

    @property
    def origins(self) -> list[Origin]:
        """Where all its samples come from."""
        return [one.origin for one in self._passes.values()]

    def add(self, origin: Origin, document: dict[str, Any]) -> None:
        """Add a pass, or one more slice of one."""
        key = _key(origin)
        self._header = self._header or {name: document[name] for name in document if name not in EMPTY_DOCUMENT}
        profiles = self._table.renumber(document)
        origin = replace(origin, failed=self._failures.pop(key, 0))
        if key in self._passes:
            self._passes[key].add(origin, profiles)
        else:
            self._passes[key] = PassSamples(origin, profiles)
        pids = {key[0], *(pid for profile in profiles if (pid := process_of(profile)) is not None)}
        self._last_heard.update(dict.fromkeys(pids, time.monotonic()))
        self._bound_processes()

    def _bound_processes(self) -> None:
        if len(self._last_heard) > self._max_processes:
            self._merge_ended_processes()

    def _merge_ended_processes(self) -> None:
        """Count ended processes together: a watch of recycled workers meets new ones all the time and must not grow.

        A worker has passes of its own, or is in its master's pass. The master's own loop is never merged with those of
        its workers: it serves no requests.
        """
        now = time.monotonic()
        silent = [pid for pid, heard in self._last_heard.items() if now - heard > self._silent_seconds]
        ended = {pid for pid in silent if not psutil.pid_exists(pid)}
        if not ended:
            return
        for (pid, mode), one in list(self._passes.items()):
            target = one.origin.target
            if pid in ended and target is not None and target.role == "worker":
                one.merge_processes(ended, self._table.shorten)
                self._merge_into_ended(self._passes.pop((pid, mode)), mode)
                self._merge_counted_calls(pid)
            else:
                one.merge_processes(ended - {pid}, self._table.shorten)
        self._last_heard = {pid: heard for pid, heard in self._last_heard.items() if pid not in ended}

    def _merge_into_ended(self, ended: PassSamples, mode: str) -> None:
        if (ENDED_WORKERS_PID, mode) in self._passes:
            self._passes[ENDED_WORKERS_PID, mode].merge(ended)
        else:
            ended.mark_as_ended()
            self._passes[ENDED_WORKERS_PID, mode] = ended

    def _merge_counted_calls(self, pid: int) -> None:
        counted = self._counted_calls
        counted[ENDED_WORKERS_PID] = merge_events([counted.get(ENDED_WORKERS_PID, {}), counted.pop(pid, {})])
        ended = [self._observed.pop(each, NOTHING_OBSERVED) for each in (ENDED_WORKERS_PID, pid)]
        self._observed[ENDED_WORKERS_PID] = merge_observed(ended, ENDED_WORKERS_PID)

    def add_failure(self, pid: int, mode: str) -> None:
        """Count a slice that gave nothing."""
        known = self._passes.get((pid, mode))
        if known is not None:
            known.origin = replace(known.origin, failed=known.origin.failed + 1)
        else:
            self._failures[pid, mode] = self._failures.get((pid, mode), 0) + 1

    def set_counted_calls(
        self, origin: Origin, events: Mapping[Event, Occurrences], observed: Observed = NOTHING_OBSERVED
    ) -> None:
        """Set what was counted and observed in a process until now; that replaces what was set before."""
        pid, mode = key = _key(origin)
        known = self._passes.get(key)
        if known is not None and not _is_same_process(known.origin.target, origin.target):
            self._merge_into_ended(self._passes.pop(key), mode)
            self._merge_counted_calls(pid)
        self._passes[key] = PassSamples(origin, [])
        self._counted_calls[pid], self._observed[pid] = events, observed
        self._last_heard[pid] = time.monotonic()
        self._bound_processes()

    def save_sources(self, sources: Sources, distributions: Mapping[str, Distribution]) -> None:
        """Save lines of code with it, and which distributions files belong to, in place of those saved before."""
        self._sources, self._distributions = sources, distributions
        self.save()

    def save(self) -> None:
        """Write all of it: the first time to a new file, from then on in place of that file."""
        destination.write_json(self.path, self.document(), replace=self.saved)
        self.saved = True

    def document(self) -> dict[str, Any]:
        """The document that it would write now."""
        passes = [one.profiles() for one in self._passes.values()]
        profiles = [profile for one in passes for profile in one]
        document = {**EMPTY_DOCUMENT, "profiles": profiles, "shared": {"frames": self._table.frames}, **self._header}
        return saved_form.embed(
            document,
            *self.origins,
            counts=list(map(len, passes)),
            sources=self._sources,
            captured=merge_events(self._counted_calls.values()),
            observed=join_observed(self._observed.values()),
            distributions=self._distributions,
        )


def _key(origin: Origin) -> PassKey:
    return origin.target.pid if origin.target else 0, origin.mode


def _is_same_process(one: Worker | None, other: Worker | None) -> bool:
    """A new process can have the pid of one that ended."""
    return one is None or other is None or one.started_at == other.started_at
