"""Combine the speedscope documents of one run: all share a table of frames, slices of one pass become stack counts."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Set
from dataclasses import replace
from typing import Any

from asyncspy.model.stacks import ENDED_WORKERS_PID, Origin, SamplingMode

Document = dict[str, Any]
PackedStack = bytes
"""The numbers of a stack's frames, 32 bits each: a long watch keeps more of these than of anything else."""

PROCESS = re.compile(r"\AProcess ([0-9]+) ", re.ASCII)
PROCESS_FRAME = re.compile(r'\Aprocess [0-9]+:"', re.ASCII)
THREAD = re.compile(r'(?P<process>Process [0-9]+ )?Thread \S+ "(?P<name>.*)"', re.DOTALL | re.ASCII)
LATER_POOL = re.compile(r"ThreadPoolExecutor-[1-9][0-9]*_[0-9]+", re.ASCII)
NUMBER = re.compile(r"[0-9]+", re.ASCII)
IMPORT_SYSTEM = "<frozen importlib."


class SharedFrames:
    """The frames of all documents, each once. Lines of files in `drop_lines_in` are left out of shortened stacks."""

    def __init__(self, drop_lines_in: Callable[[str], bool]) -> None:
        self.frames: list[Document] = []
        self._numbers: dict[str, int] = {}
        self._drop_lines_in = drop_lines_in
        self._without_line: dict[int, int] = {}

    def renumber(self, document: Document) -> list[Document]:
        """A document's profiles, with samples that point into this table.

        py-spy puts a frame for the process below each stack. The process is in the profile's name as well, and the
        frame holds the command line, which can contain secrets and keeps equal stacks of workers apart: it is left out.
        """
        named = all(process_of(profile) is not None for profile in document["profiles"])
        numbers = [
            None if named and PROCESS_FRAME.match(str(frame.get("name"))) else self._number(frame)
            for frame in document["shared"]["frames"]
        ]

        def renumbered(stack: Iterable[int]) -> list[int]:
            return [number for place in stack if (number := numbers[place]) is not None]

        return [
            {**profile, "samples": [renumbered(stack) for stack in profile["samples"]]}
            for profile in document["profiles"]
        ]

    def shorten(self, stack: PackedStack) -> PackedStack:
        """The same stack without what a traceback leaves out, and with functions instead of lines where that is enough.

        Half of the frames of a worker that starts belong to the import system. A leaf is never left out: code that
        imports must not be taken for code that waits.
        """
        numbers = array("I", stack)
        for number in set(numbers) - self._without_line.keys():
            frame = self.frames[number]
            drop_line = self._drop_lines_in(str(frame.get("file")))
            self._without_line[number] = self._number({**frame, "line": None} if drop_line else frame)
        kept = [number for number in numbers[:-1] if not self._is_import(number)]
        return _packed(self._without_line[number] for number in (*kept, *numbers[-1:]))

    def _is_import(self, number: int) -> bool:
        return str(self.frames[number].get("file")).startswith(IMPORT_SYSTEM)

    def _number(self, frame: Document) -> int:
        key = repr([frame.get(name) for name in ("name", "file", "line", "col")])
        number = self._numbers.setdefault(key, len(self.frames))
        if number == len(self.frames):
            self.frames.append(frame)
        return number


class PassSamples:
    """The samples of one pass: in their order while there is one slice, as counts of stacks from the second on."""

    def __init__(self, origin: Origin, profiles: list[Document]) -> None:
        self.origin = origin
        self._profiles = profiles
        self._counts: dict[str, Counter[PackedStack]] | None = None

    def add(self, origin: Origin, profiles: list[Document]) -> None:
        """Add one more slice."""
        self._count(self._counted(), profiles)
        self.origin = _combined(self.origin, origin)

    def merge_processes(self, ended: Set[int], shorten: Callable[[PackedStack], PackedStack]) -> None:
        """Count the samples of these processes together, as those of ended workers, with shortened stacks."""
        if self._counts is None and not any(process_of(profile) in ended for profile in self._profiles):
            return
        counted = self._counted()
        for name in [name for name in counted if _process_in(name) in ended]:
            together = counted.setdefault(PROCESS.sub(f"Process {ENDED_WORKERS_PID} ", name), Counter())
            for stack, count in counted.pop(name).items():
                together[shorten(stack)] += count

    def merge(self, other: PassSamples) -> None:
        """Add all of another pass."""
        counted = self._counted()
        for name, counts in other._counted().items():
            counted.setdefault(name, Counter()).update(counts)
        self.origin = _combined(self.origin, other.origin)

    def mark_as_ended(self) -> None:
        """Make it the pass of all ended workers together."""
        if self.origin.target:
            self.origin = replace(self.origin, target=replace(self.origin.target, pid=ENDED_WORKERS_PID))

    def profiles(self) -> list[Document]:
        """Its speedscope profiles: sample by sample for one slice, weighted stacks for several.

        A weighted stack counts as many sampling intervals as there were samples.
        """
        if self._counts is None:
            return self._profiles
        rate, weighted = self.origin.rate or 1, self.origin.added_up
        return [
            _profile(name, list(counts.items() if weighted else ((stack, 1) for stack in counts.elements())), rate)
            for name, counts in self._counts.items()
        ]

    def _counted(self) -> dict[str, Counter[PackedStack]]:
        if self._counts is None:
            self._counts = {}
            self._count(self._counts, self._profiles)
            self._profiles = []
        return self._counts

    def _count(self, counted: dict[str, Counter[PackedStack]], profiles: list[Document]) -> None:
        for profile in profiles:
            name = _thread_group(str(profile.get("name", "")), self.origin.mode)
            counted.setdefault(name, Counter()).update(map(_packed, profile["samples"]))


def process_of(profile: Document) -> int | None:
    """The process that py-spy names in a profile's name."""
    return _process_in(str(profile.get("name", "")))


def _process_in(name: str) -> int | None:
    found = PROCESS.match(name)
    return int(found[1]) if found else None


def _packed(stack: Iterable[int]) -> PackedStack:
    return array("I", stack).tobytes()


def _thread_group(name: str, mode: SamplingMode) -> str:
    """The name that a thread's samples are counted under. Django starts a thread for each request: a watch meets many.

    The system's thread id is never needed. The number in a thread's name is needed where waits tell how full a pool is,
    and of unnamed pools only in the first: that is asgiref's, and Django's pools for requests are later ones.
    """
    found = THREAD.fullmatch(name)
    if found is None:
        return name
    numbered = mode != "gil" and not LATER_POOL.fullmatch(found["name"])
    group = found["name"] if numbered else NUMBER.sub("N", found["name"])
    return f'{found["process"] or ""}Thread 0 "{group}"'


def _profile(name: str, counts: list[tuple[PackedStack, int]], rate: int) -> Document:
    weights = [count / rate for _, count in counts]
    bounds = {"unit": "seconds", "startValue": 0, "endValue": sum(weights)}
    samples = [array("I", stack) for stack, _ in counts]
    return {"type": "sampled", "name": name, **bounds, "samples": samples, "weights": weights}


def _combined(first: Origin, later: Origin) -> Origin:
    """The origin of two slices as one recording."""
    return replace(
        first,
        duration=_sum(first.duration, later.duration),
        samples=_sum(first.samples, later.samples),
        errors=_sum(first.errors, later.errors),
        late_seconds=_sum(first.late_seconds, later.late_seconds),
        interrupted=first.interrupted or later.interrupted,
        ended_at=later.ended_at,
        slices=first.slices + later.slices,
        failed=first.failed + later.failed,
        beyond=first.beyond + later.beyond,
    )


def _sum(first: Any, later: Any) -> Any:
    if first is None or later is None:
        return first if later is None else later
    return round(first + later, 1)
