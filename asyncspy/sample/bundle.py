"""A run's passes to its one file: claimed before sampling starts, whole on disk after every pass."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from asyncspy import recording
from asyncspy.model import EARLIER, Event, Logged, Origin, seen_again
from asyncspy.sample import output
from asyncspy.sample.joined import Slices, Table, moved
from asyncspy.sample.sampling import EMPTY

Key = tuple[int, str]
"""A process and a mode."""

MOST_APART, APART_SECONDS = 50, 600.0
"""Beyond so many, those of which nothing came for so long have ended, and are added up as one."""


class Bundle:
    """The recording of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._table = Table()
        self._passes: dict[Key, Slices] = {}
        self._failed: dict[Key, int] = {}
        self._head: dict[str, Any] = {}
        self._sources: Mapping[str, Mapping[int, str]] = {}
        self._captured: dict[int, Mapping[Event, Logged]] = {}
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
        self._head = self._head or {name: value for name, value in document.items() if name not in EMPTY}
        places = self._table.places(document["shared"]["frames"])
        profiles = [moved(profile, places) for profile in document["profiles"]]
        origin = replace(origin, failed=self._failed.pop(key, 0))
        now = time.monotonic()
        if key in self._passes:
            self._passes[key].add(origin, profiles, now)
        else:
            self._passes[key] = Slices(self._table, origin, profiles, now)
        self._add_up_the_ended(now)

    def _add_up_the_ended(self, now: float) -> None:
        """A watch of recycled workers meets ever new ones: what it keeps must not grow with them.

        They are processes of a master's pass, or each has a pass of its own.
        """
        if sum(len(one.last) for one in self._passes.values()) <= MOST_APART:
            return
        for key, one in list(self._passes.items()):
            ended = {pid for pid, last in one.last.items() if now - last > APART_SECONDS}
            if ended and len(ended) == len(one.last):
                self._keep_as_earlier(self._passes.pop(key), key[1])
            elif ended:
                one.add_up(ended)

    def _keep_as_earlier(self, ended: Slices, mode: str) -> None:
        earlier = self._passes.get((EARLIER, mode))
        if earlier is not None:
            earlier.take_in(ended.as_earlier())
        else:
            self._passes[EARLIER, mode] = ended.as_earlier()

    def add_failure(self, pid: int, mode: str) -> None:
        """A slice that gave nothing."""
        known = self._passes.get((pid, mode))
        if known is not None:
            known.origin = replace(known.origin, failed=known.origin.failed + 1)
        else:
            self._failed[pid, mode] = self._failed.get((pid, mode), 0) + 1

    def capture(self, origin: Origin, events: Mapping[Event, Logged]) -> None:
        """What was counted in one process until now; what was counted in it before is part of that."""
        key = _key(origin)
        self._passes[key] = Slices(self._table, origin, [], time.monotonic())
        self._captured[key[0]] = events

    def keep_sources(self, sources: Mapping[str, Mapping[int, str]]) -> None:
        """Save lines of code with it; what was saved before is replaced."""
        self._sources = sources
        self.save()

    def save(self) -> None:
        """Write all of it. The first time it must be a new file, from then on it is ours to replace."""
        output.write_whole(self.path, self.document(), replacing=self._saved)
        self._saved = True

    def document(self) -> dict[str, Any]:
        """Its saved form."""
        of_passes = [one.profiles() for one in self._passes.values()]
        document = {
            **EMPTY,
            "profiles": [profile for profiles in of_passes for profile in profiles],
            "shared": {"frames": self._table.frames},
            **self._head,
        }
        counts = list(map(len, of_passes))
        captured: dict[Event, Logged] = {}
        for events in self._captured.values():
            for event, times in events.items():
                captured[event] = seen_again(captured.get(event), times)
        return recording.embed(document, *self.origins, counts=counts, sources=self._sources, captured=captured)


def _key(origin: Origin) -> Key:
    return origin.target.pid if origin.target else 0, origin.mode
