"""Speedscope documents of one run to one: a shared table of frames, and slices of one pass added up stack by stack."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from typing import Any

from asyncspy.model import EARLIER, Mode, Origin

Document = dict[str, Any]
Path = tuple[int, ...]


THREAD = re.compile(r'(?P<process>Process [0-9]+ )?Thread \S+ "(?P<name>.*)"', re.DOTALL | re.ASCII)
NUMBER = re.compile(r"[0-9]+", re.ASCII)
PROCESS = re.compile(r"\AProcess ([0-9]+) ", re.ASCII)
PROCESS_FRAME = re.compile(r"\Aprocess ([0-9]+):", re.ASCII)


class Table:
    """The frames of all documents, each once."""

    def __init__(self) -> None:
        self.frames: list[Document] = []
        self._places: dict[str, int] = {}
        self._processes: dict[int, int] = {}

    def places(self, frames: Sequence[Document]) -> list[int]:
        """Where each of a document's frames is in this table."""
        return [self._place(frame) for frame in frames]

    def _place(self, frame: Document) -> int:
        key = repr([frame.get(name) for name in ("name", "file", "line", "col")])
        place = self._places.setdefault(key, len(self.frames))
        if place == len(self.frames):
            self.frames.append(frame)
            if found := PROCESS_FRAME.match(str(frame.get("name"))):
                self._processes[place] = int(found[1])
        return place

    def without(self, ended: Set[int], path: Path) -> Path:
        """A stack whose frames for these processes stand for all earlier ones."""
        return tuple(self._earlier(place) if self._processes.get(place) in ended else place for place in path)

    def _earlier(self, place: int) -> int:
        frame = self.frames[place]
        return self._place({**frame, "name": PROCESS_FRAME.sub(f"process {EARLIER}:", str(frame["name"]))})


class Slices:
    """The samples of one pass's processes: in their order while there is one slice, added up from the second on."""

    def __init__(self, table: Table, origin: Origin, profiles: list[Document], now: float) -> None:
        self.origin = origin
        self.last: dict[int, float] = {}
        """When something came from each of its processes."""
        self._table = table
        self._profiles = profiles
        self._counts: dict[str, Counter[Path]] | None = None
        self._meet(profiles, now)

    def add(self, origin: Origin, profiles: list[Document], now: float) -> None:
        """One more slice."""
        self._count(self._counted(), profiles)
        self._meet(profiles, now)
        self.origin = added(self.origin, origin)

    def add_up(self, ended: Set[int]) -> None:
        """Tell these processes apart no more."""
        counted = self._counted()
        for name in [name for name in counted if _process(name) in ended]:
            earlier = counted.setdefault(PROCESS.sub(f"Process {EARLIER} ", name), Counter())
            for path, count in counted.pop(name).items():
                earlier[self._table.without(ended, path)] += count
        self.last = {pid: last for pid, last in self.last.items() if pid not in ended}

    def take_in(self, ended: Slices) -> None:
        """All of another pass."""
        counted = self._counted()
        for name, counts in ended._counted().items():
            counted.setdefault(name, Counter()).update(counts)
        self.origin = added(self.origin, ended.origin)

    def as_earlier(self) -> Slices:
        """The same, as one of those whose processes are told apart no more."""
        self.add_up(set(self.last))
        if self.origin.target:
            self.origin = replace(self.origin, target=replace(self.origin.target, pid=EARLIER))
        return self

    def _meet(self, profiles: list[Document], now: float) -> None:
        own = self.origin.target.pid if self.origin.target else EARLIER
        pids = (_process(str(profile.get("name", ""))) for profile in profiles)
        self.last.update((own if pid is None else pid, now) for pid in pids)

    def _counted(self) -> dict[str, Counter[Path]]:
        if self._counts is None:
            self._counts = {}
            self._count(self._counts, self._profiles)
            self._profiles = []
        return self._counts

    def _count(self, counted: dict[str, Counter[Path]], profiles: list[Document]) -> None:
        for profile in profiles:
            name = thread(str(profile.get("name", "")), self.origin.mode)
            counted.setdefault(name, Counter()).update(map(tuple, profile["samples"]))

    def profiles(self) -> list[Document]:
        """As speedscope has them: added-up stacks weigh as many sampling intervals as there were samples.

        What one slice sampled stands sample by sample, as a reader expects of it.
        """
        if self._counts is None:
            return self._profiles
        one, rate = self.origin.slices == 1, self.origin.rate or 1
        return [
            _sampled(name, _singly(counts) if one else counts.items(), rate) for name, counts in self._counts.items()
        ]


def thread(name: str, mode: Mode) -> str:
    """The thread that samples are added up under. Django starts one for each request, and a watch meets them all.

    Nobody asks for a thread's system id; its name matters to how full a pool is, which only waits tell.
    """
    found = THREAD.fullmatch(name)
    if found is None:
        return name
    called = NUMBER.sub("N", found["name"]) if mode == "gil" else found["name"]
    return f'{found["process"] or ""}Thread 0 "{called}"'


def _process(name: str) -> int | None:
    found = PROCESS.match(name)
    return int(found[1]) if found else None


def _singly(counts: Counter[Path]) -> Iterable[tuple[Path, int]]:
    return ((path, 1) for path in counts.elements())


def _sampled(name: str, counts: Iterable[tuple[Path, int]], rate: int) -> Document:
    weighed = [(list(path), count / rate) for path, count in counts]
    samples, weights = [path for path, _ in weighed], [weight for _, weight in weighed]
    bounds = {"unit": "seconds", "startValue": 0, "endValue": sum(weights)}
    return {"type": "sampled", "name": name, **bounds, "samples": samples, "weights": weights}


def moved(profile: Document, places: Sequence[int]) -> Document:
    """A profile whose samples point into the shared table."""
    return {**profile, "samples": [[places[place] for place in path] for path in profile["samples"]]}


def added(first: Origin, then: Origin) -> Origin:
    """Both slices as one recording."""
    return replace(
        first,
        duration=_sum(first.duration, then.duration),
        samples=_sum(first.samples, then.samples),
        errors=_sum(first.errors, then.errors),
        late_seconds=_sum(first.late_seconds, then.late_seconds),
        interrupted=first.interrupted or then.interrupted,
        ended_at=then.ended_at,
        slices=first.slices + then.slices,
        failed=first.failed + then.failed,
    )


def _sum(first: Any, then: Any) -> Any:
    if first is None or then is None:
        return first if then is None else then
    return round(first + then, 1)
