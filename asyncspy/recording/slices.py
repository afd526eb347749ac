"""Speedscope documents of one run to one: a shared table of frames, and slices of one pass added up stack by stack."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from typing import Any

from asyncspy.model.stacks import ENDED_WORKERS_PID, Origin, SamplingMode

Document = dict[str, Any]
Path = bytes
"""The places of a stack's frames as 32-bit numbers: of all that a long watch keeps, these are most."""


THREAD = re.compile(r'(?P<process>Process [0-9]+ )?Thread \S+ "(?P<name>.*)"', re.DOTALL | re.ASCII)
LATER_POOL = re.compile(r"ThreadPoolExecutor-[1-9][0-9]*_[0-9]+", re.ASCII)
NUMBER = re.compile(r"[0-9]+", re.ASCII)
PROCESS = re.compile(r"\AProcess ([0-9]+) ", re.ASCII)
IMPORTING = "<frozen importlib."
PROCESS_FRAME = re.compile(r'\Aprocess [0-9]+:"', re.ASCII)


Lineless = Callable[[str], bool]
"""Of which files no line is told once a worker has long ended."""


class FrameTable:
    """The frames of all documents, each once."""

    def __init__(self, lineless: Lineless) -> None:
        self.frames: list[Document] = []
        self._places: dict[str, int] = {}
        self._lineless = lineless
        self._lineless_at: dict[int, int] = {}

    def moved(self, document: Document) -> list[Document]:
        """A document's profiles, with samples that point into this table.

        A process stands in the name of its profile. Its frames hold its command line, secrets and all, and would keep
        the stacks of each worker apart: they are left out.
        """
        named = all(process_of(one) is not None for one in document["profiles"])
        places = [
            None if named and PROCESS_FRAME.match(str(frame.get("name"))) else self._place(frame)
            for frame in document["shared"]["frames"]
        ]
        return [{**one, "samples": [_through(places, path) for path in one["samples"]]} for one in document["profiles"]]

    def shortened(self, path: Path) -> Path:
        """The same stack, told by function where that is enough, and without what a traceback leaves out as well.

        Half of the frames of a worker that starts belong to the machinery of imports. A leaf stays in its function:
        whoever imports is not taken for one that waits.
        """
        places = array("I", path)
        for place in set(places) - self._lineless_at.keys():
            self._lineless_at[place] = self._without_line(self.frames[place])
        kept = (place for at, place in enumerate(places, 1) if at == len(places) or not self._imports(place))
        return _packed(map(self._lineless_at.__getitem__, kept))

    def _imports(self, place: int) -> bool:
        return str(self.frames[place].get("file")).startswith(IMPORTING)

    def _without_line(self, frame: Document) -> int:
        return self._place({**frame, "line": None} if self._lineless(str(frame.get("file"))) else frame)

    def _place(self, frame: Document) -> int:
        key = repr([frame.get(name) for name in ("name", "file", "line", "col")])
        place = self._places.setdefault(key, len(self.frames))
        if place == len(self.frames):
            self.frames.append(frame)
        return place


def _through(places: Sequence[int | None], path: Sequence[int]) -> list[int]:
    return [place for at in path if (place := places[at]) is not None]


class PassSamples:
    """The samples of one pass: in their order while there is one slice, added up stack by stack from the second on."""

    def __init__(self, origin: Origin, profiles: list[Document]) -> None:
        self.origin = origin
        self._profiles = profiles
        self._counts: dict[str, Counter[Path]] | None = None

    def add(self, origin: Origin, profiles: list[Document]) -> None:
        """One more slice."""
        self._count(self._counted(), profiles)
        self.origin = added(self.origin, origin)

    def add_up(self, gone: Set[int], shortened: Callable[[Path], Path]) -> None:
        """Tell these processes apart no more, nor what is `shortened` to the same."""
        if self._counts is None and not any(process_of(one) in gone for one in self._profiles):
            return
        counted = self._counted()
        for name in [name for name in counted if _process(name) in gone]:
            earlier = counted.setdefault(PROCESS.sub(f"Process {ENDED_WORKERS_PID} ", name), Counter())
            for path, count in counted.pop(name).items():
                earlier[shortened(path)] += count

    def take_in(self, other: PassSamples) -> None:
        """All of another pass."""
        counted = self._counted()
        for name, counts in other._counted().items():
            counted.setdefault(name, Counter()).update(counts)
        self.origin = added(self.origin, other.origin)

    def as_earlier(self) -> PassSamples:
        """The same, as the pass of all workers that are told apart no more."""
        if self.origin.target:
            self.origin = replace(self.origin, target=replace(self.origin.target, pid=ENDED_WORKERS_PID))
        return self

    def _counted(self) -> dict[str, Counter[Path]]:
        if self._counts is None:
            self._counts = {}
            self._count(self._counts, self._profiles)
            self._profiles = []
        return self._counts

    def _count(self, counted: dict[str, Counter[Path]], profiles: list[Document]) -> None:
        for profile in profiles:
            name = thread(str(profile.get("name", "")), self.origin.mode)
            counted.setdefault(name, Counter()).update(map(_packed, profile["samples"]))

    def __len__(self) -> int:
        """How many profiles it is."""
        return len(self._profiles if self._counts is None else self._counts)

    def profiles(self) -> Iterator[Document]:
        """As speedscope has them: added-up stacks weigh as many sampling intervals as there were samples.

        What one slice sampled stands sample by sample, as a reader expects of it.
        """
        if self._counts is None:
            yield from self._profiles
            return
        rate, weighed = self.origin.rate or 1, self.origin.added_up
        for name, counts in self._counts.items():
            yield _sampled(name, counts.items() if weighed else _singly(counts), rate)


def _packed(path: Iterable[int]) -> Path:
    return array("I", path).tobytes()


def thread(name: str, mode: SamplingMode) -> str:
    """The thread that samples are added up under. Django starts one for each request, and a watch meets them all.

    Nobody asks for a thread's system id. Its name matters to how full a pool is, which only waits tell; of the nameless
    pools that is asked of the first alone, asgiref's, and Django's for requests are later ones.
    """
    found = THREAD.fullmatch(name)
    if found is None:
        return name
    numbered = mode != "gil" and not LATER_POOL.fullmatch(found["name"])
    called = found["name"] if numbered else NUMBER.sub("N", found["name"])
    return f'{found["process"] or ""}Thread 0 "{called}"'


def process_of(profile: Document) -> int | None:
    """The process whose samples they are, as py-spy names a profile."""
    return _process(str(profile.get("name", "")))


def _process(name: str) -> int | None:
    found = PROCESS.match(name)
    return int(found[1]) if found else None


def _singly(counts: Counter[Path]) -> Iterable[tuple[Path, int]]:
    return ((path, 1) for path in counts.elements())


def _sampled(name: str, counts: Iterable[tuple[Path, int]], rate: int) -> Document:
    weighed = [(array("I", path), count / rate) for path, count in counts]
    samples, weights = [path for path, _ in weighed], [weight for _, weight in weighed]
    bounds = {"unit": "seconds", "startValue": 0, "endValue": sum(weights)}
    return {"type": "sampled", "name": name, **bounds, "samples": samples, "weights": weights}


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
