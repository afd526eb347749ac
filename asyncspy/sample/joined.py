"""Speedscope documents of one run to one: a shared table of frames, and slices of one pass added up stack by stack."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from asyncspy.model import EARLIER, Mode, Origin

Document = dict[str, Any]
Path = tuple[int, ...]


THREAD = re.compile(r'(?P<process>Process [0-9]+ )?Thread \S+ "(?P<name>.*)"', re.DOTALL | re.ASCII)
NUMBER = re.compile(r"[0-9]+", re.ASCII)
PROCESS = re.compile(r"\AProcess [0-9]+ ", re.ASCII)


class Table:
    """The frames of all documents, each once."""

    def __init__(self) -> None:
        self.frames: list[Document] = []
        self._places: dict[str, int] = {}

    def places(self, frames: Sequence[Document]) -> list[int]:
        """Where each of a document's frames is in this table."""
        return [self._place(frame) for frame in frames]

    def _place(self, frame: Document) -> int:
        key = repr([frame.get(name) for name in ("name", "file", "line", "col")])
        place = self._places.setdefault(key, len(self.frames))
        if place == len(self.frames):
            self.frames.append(frame)
        return place


class Slices:
    """The samples of one process in one mode: in their order while there is one slice, added up from the second on."""

    def __init__(self, origin: Origin, profiles: list[Document]) -> None:
        self.origin = origin
        self._profiles = profiles
        self._counts: dict[str, Counter[Path]] | None = None

    def add(self, origin: Origin, profiles: list[Document]) -> None:
        """One more slice."""
        self._count(self._counted(), profiles)
        self.origin = added(self.origin, origin)

    def take_in(self, ended: Slices) -> None:
        """All of another process: it is told apart no more."""
        counted = self._counted()
        for name, counts in ended._counted().items():
            counted.setdefault(_earlier(name), Counter()).update(counts)
        self.origin = added(self.origin, ended.origin)

    def as_earlier(self) -> Slices:
        """The same, as the first of those that are told apart no more."""
        target = self.origin.target
        profiles = [{**profile, "name": _earlier(str(profile.get("name", "")))} for profile in self._profiles]
        first = Slices(replace(self.origin, target=replace(target, pid=EARLIER) if target else None), profiles)
        if self._counts is not None:
            first._counts = {_earlier(name): counts for name, counts in self._counts.items()}
        return first

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
        """As speedscope has them: added-up stacks weigh as many sampling intervals as there were samples."""
        if self._counts is None:
            return self._profiles
        return [_weighed(name, counts, self.origin.rate or 1) for name, counts in self._counts.items()]


def thread(name: str, mode: Mode) -> str:
    """The thread that samples are added up under. Django starts one for each request, and a watch meets them all.

    Nobody asks for a thread's system id; its name matters to how full a pool is, which only waits tell.
    """
    found = THREAD.fullmatch(name)
    if found is None:
        return name
    called = NUMBER.sub("N", found["name"]) if mode == "gil" else found["name"]
    return f'{found["process"] or ""}Thread 0 "{called}"'


def _earlier(name: str) -> str:
    return PROCESS.sub(f"Process {EARLIER} ", name, count=1)


def _weighed(name: str, counts: Counter[Path], rate: int) -> Document:
    weights = [count / rate for count in counts.values()]
    samples = [list(path) for path in counts]
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
