"""A run's passes to its one file: claimed before sampling starts, whole on disk after every pass."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from asyncspy.model.merging import merge_events
from asyncspy.model.stacks import ENDED_WORKERS_PID, Event, Occurrences, Origin
from asyncspy.recording import destination, saved_form
from asyncspy.recording.saved_form import EMPTY_DOCUMENT
from asyncspy.recording.slices import FrameTable, Lineless, PassSamples, process_of

Key = tuple[int, str]
"""A process and a mode."""

MOST_APART, APART_SECONDS = 50, 60.0
"""Beyond so many processes, those that are gone, and of which nothing came for so long, are added up as one."""


class RecordingWriter:
    """The recording of one run. Of files that `drop_lines_in` names, no lines are kept once a worker has long ended."""

    def __init__(self, path: Path, drop_lines_in: Lineless = lambda _file: False) -> None:
        self.path = path
        self._table = FrameTable(drop_lines_in)
        self._passes: dict[Key, PassSamples] = {}
        self._last: dict[int, float] = {}
        """When something came from each process."""
        self._failed: dict[Key, int] = {}
        self._head: dict[str, Any] = {}
        self._sources: Mapping[str, Mapping[int, str]] = {}
        self._captured: dict[int, Mapping[Event, Occurrences]] = {}
        self._added_up: set[int] = set()
        self._saved = False

    @property
    def origins(self) -> list[Origin]:
        """Where all its samples come from."""
        return [one.origin for one in self._passes.values()]

    @property
    def saved(self) -> bool:
        """Whether any of it is on disk."""
        return self._saved

    def add(self, origin: Origin, document: dict[str, Any]) -> None:
        """One more pass, or one more slice of one."""
        key = _key(origin)
        self._head = self._head or {name: value for name, value in document.items() if name not in EMPTY_DOCUMENT}
        profiles = self._table.moved(document)
        origin = replace(origin, failed=self._failed.pop(key, 0))
        if key in self._passes:
            self._passes[key].add(origin, profiles)
        else:
            self._passes[key] = PassSamples(origin, profiles)
        pids = {key[0], *(pid for one in profiles if (pid := process_of(one)) is not None)}
        self._last.update(dict.fromkeys(pids, time.monotonic()))
        self._added_up -= pids  # a new process has the number of one that is gone
        self._add_up_the_gone()

    def _add_up_the_gone(self) -> None:
        """A watch of recycled workers meets ever new ones: what it keeps must not grow with them.

        Each is in a master's pass, or has passes of its own. A master's own loop stays its own: it serves nobody.
        """
        if len(self._last) <= MOST_APART:
            return
        now = time.monotonic()
        gone = {pid for pid, last in self._last.items() if now - last > APART_SECONDS and not psutil.pid_exists(pid)}
        for (pid, mode), one in list(self._passes.items()):
            target = one.origin.target
            if pid in gone and target is not None and target.role == "worker":
                one.add_up(gone, self._table.shortened)
                self._keep_as_earlier(self._passes.pop((pid, mode)), mode)
                self._add_up_counts(self._captured.pop(pid, {}))
            elif gone:
                one.add_up(gone - {pid}, self._table.shortened)
        self._last = {pid: last for pid, last in self._last.items() if pid not in gone}
        self._added_up |= gone

    def _add_up_counts(self, ended: Mapping[Event, Occurrences]) -> None:
        if ended:
            self._captured[ENDED_WORKERS_PID] = merge_events([self._captured.get(ENDED_WORKERS_PID, {}), ended])

    def _keep_as_earlier(self, ended: PassSamples, mode: str) -> None:
        if (ENDED_WORKERS_PID, mode) in self._passes:
            self._passes[ENDED_WORKERS_PID, mode].take_in(ended)
        else:
            self._passes[ENDED_WORKERS_PID, mode] = ended.as_earlier()

    def add_failure(self, pid: int, mode: str) -> None:
        """A slice that gave nothing."""
        known = self._passes.get((pid, mode))
        if known is not None:
            known.origin = replace(known.origin, failed=known.origin.failed + 1)
        else:
            self._failed[pid, mode] = self._failed.get((pid, mode), 0) + 1

    def set_counted_calls(self, origin: Origin, events: Mapping[Event, Occurrences]) -> None:
        """What was counted in one process until now; what was counted in it before is part of that.

        Of one that is gone it is told again and again, also when it was added up long ago.
        """
        key = _key(origin)
        if key[0] in self._added_up:
            return
        self._passes[key] = PassSamples(origin, [])
        self._captured[key[0]] = events

    def save_sources(self, sources: Mapping[str, Mapping[int, str]]) -> None:
        """Save lines of code with it; what was saved before is replaced."""
        self._sources = sources
        self.save()

    def save(self) -> None:
        """Write all of it. The first time it must be a new file, from then on it is ours to replace."""
        destination.write_json(self.path, self._document(self._profiles()), replacing=self._saved)
        self._saved = True

    def document(self) -> dict[str, Any]:
        """What it would read as now."""
        return self._document(list(self._profiles()))

    def _profiles(self) -> Iterator[dict[str, Any]]:
        for one in self._passes.values():
            yield from one.profiles()

    def _document(self, profiles: Iterable[dict[str, Any]]) -> dict[str, Any]:
        document = {
            **EMPTY_DOCUMENT,
            "profiles": profiles,
            "shared": {"frames": self._table.frames},
            **self._head,
        }
        counts = list(map(len, self._passes.values()))
        captured = merge_events(self._captured.values())
        return saved_form.embed(document, *self.origins, counts=counts, sources=self._sources, captured=captured)


def _key(origin: Origin) -> Key:
    return origin.target.pid if origin.target else 0, origin.mode
