"""The options of a recording: which processes, how, and which passes in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from asyncspy.errors import UsageError

if TYPE_CHECKING:
    from asyncspy.sample import PassMode

RecordMode = Literal["both", "gil", "wall", "none"]

GIL_RATE, WALL_RATE = 100, 20
"""Samples per second where no rate is asked for. Waits are long, and sampling every thread costs more."""

SLICE_SECONDS = 10
"""py-spy takes up to a second to start: shorter slices would miss too much of the time."""

WATCH_WALL_SECONDS, WATCH_SLICES = 5, 6
"""Every WATCH_SLICES-th slice of a watch samples waits, for WATCH_WALL_SECONDS."""


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """Which processes to record and how: all servers, these pids, or the only server that there is."""

    pids: tuple[int, ...] = ()
    all_servers: bool = False
    output: Path | None = None
    native: bool = False
    nonblocking: bool = False
    exact: bool = False
    inject: bool = False
    assume_yes: bool = False
    app_roots: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.all_servers and self.pids:
            raise UsageError("--all and --pid do not go together", remedy="leave out one of them")
        if self.inject and not self.exact:
            raise UsageError("--inject installs the hook of --exact", remedy="add --exact, or leave out --inject")


@dataclass(frozen=True, slots=True)
class SamplingPass:
    """Which threads to sample, how often, for how long."""

    mode: PassMode
    rate: int
    duration: int

    @property
    def samples(self) -> int:
        """The samples that it takes of one thread."""
        return self.rate * self.duration

    def __str__(self) -> str:
        return f"{self.duration} s at {self.rate} Hz{', waits included' * (self.mode == 'wall')}"


@dataclass(frozen=True, slots=True)
class Stage:
    """A pass, or passes to repeat in turn as slices until `seconds` are over; without passes nothing is sampled.

    There must be room on disk for `expected_samples` of one thread before it begins.
    """

    passes: tuple[SamplingPass, ...]
    seconds: int
    expected_samples: int
    repeats: bool = False

    def __str__(self) -> str:
        if not self.passes:
            return f"{self.seconds} s, counts alone"
        if self.repeats:
            return f"at most {replace(self.passes[0], duration=self.seconds)}, in slices of {self.passes[0].duration} s"
        return str(self.passes[0])


def refuse_nothing(mode: RecordMode, *, exact: bool) -> None:
    """Raise UsageError where nothing would be sampled and nothing counted."""
    if mode == "none" and not exact:
        raise UsageError("--mode none samples nothing, and without --exact nothing is counted", remedy="add --exact")


def whole_passes(mode: RecordMode, duration: int, wall_duration: int, rate: int | None) -> list[Stage]:
    """One stage for each pass of a mode. A rate that is asked for is that of the main pass."""
    passes = {
        "gil": [SamplingPass("gil", rate or GIL_RATE, duration)],
        "wall": [SamplingPass("wall", rate or WALL_RATE, duration)],
        "both": [SamplingPass("gil", rate or GIL_RATE, duration), SamplingPass("wall", WALL_RATE, wall_duration)],
        "none": [],
    }[mode]
    return [Stage((part,), part.duration, part.samples) for part in passes] or [Stage((), duration, 0)]


def in_slices(stages: list[Stage], slice_seconds: int = SLICE_SECONDS) -> list[Stage]:
    """The same stages, the first of them in slices, so that it can end as soon as enough was recorded."""
    first, *others = stages
    passes = tuple(replace(part, duration=slice_seconds) for part in first.passes)
    return [replace(first, passes=passes, repeats=True), *others]


def watch_slices(mode: RecordMode, slice_seconds: int, duration: int, rate: int | None) -> Stage:
    """Slices of a mode, over and over; of both, some count waits, and of none there are none."""
    gil = SamplingPass("gil", rate or GIL_RATE, slice_seconds)
    passes: tuple[SamplingPass, ...] = {
        "none": (),
        "gil": (gil,),
        "wall": (SamplingPass("wall", rate or WALL_RATE, slice_seconds),),
        "both": (gil,) * (WATCH_SLICES - 1) + (SamplingPass("wall", WALL_RATE, WATCH_WALL_SECONDS),),
    }[mode]
    return Stage(passes, duration, sum(part.samples for part in passes), repeats=True)
