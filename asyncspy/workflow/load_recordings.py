"""Read saved files and analyse them as one recording."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from asyncspy import read
from asyncspy.analyse import analyse
from asyncspy.analyse.combine_modes import combine_modes
from asyncspy.analyse.fleet_spread import with_fleet_spread
from asyncspy.model.analysis import Analysis
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Profile
from asyncspy.source.distributions import Distributions
from asyncspy.source.files import SourceFiles
from asyncspy.source.lookup import SourceCode


class AnalysedPart(NamedTuple):
    """The samples of one meaning, by the GIL or of waits, and what they show by themselves."""

    profile: Profile
    analysis: Analysis


@dataclass(frozen=True, slots=True)
class AnalysedRecording:
    """An analysis with what a report on it needs: the lines of code, the process recorded, and its parts."""

    analysis: Analysis
    sources: SourceCode
    target: Worker | None
    parts: tuple[AnalysedPart, ...]
    app_roots: Sequence[str] = ()


def load_and_analyse(paths: Sequence[Path], app_roots: Sequence[str] = ()) -> AnalysedRecording:
    """Read saved recordings, logs and other profilers' files, and analyse them as one."""
    profile, waits = read.sum_by_mode(read.load_all(_once_each(paths)))
    loaded_at = code_loaded_at(profile)
    sources = SourceCode(SourceFiles(), loaded_at, profile.sources)
    return analyse_profiles(profile, waits, sources, Distributions(), app_roots)


def analyse_profiles(
    profile: Profile, waits: Profile | None, sources: SourceCode, installed: Distributions, app_roots: Sequence[str]
) -> AnalysedRecording:
    """Analyse what runs, and beside it what waits, if both were recorded."""

    def analyse_part(one: Profile, gil: Profile | None = None) -> AnalysedPart:
        found = analyse(one, source=sources.text, app_roots=app_roots, distribution=installed.of, gil=gil)
        return AnalysedPart(one, with_fleet_spread(one, found, source=sources.text, app_roots=app_roots))

    target = common_target(profile)
    running = analyse_part(profile)
    if waits is None:
        return AnalysedRecording(running.analysis, sources, target, (running,), app_roots)
    waiting = analyse_part(waits, profile)
    both = combine_modes(running.analysis, waiting.analysis)
    return AnalysedRecording(both, sources, target, (running, waiting), app_roots)


def with_flame_graphs(recording: AnalysedRecording) -> Analysis:
    """The analysis with a flame graph of each part that has samples."""
    from asyncspy.analyse.flame_graph import build_flame_graph  # noqa: PLC0415 - only HTML pages need it

    drawn = [
        build_flame_graph(
            part.profile,
            part.analysis,
            recording.analysis,
            source=recording.sources.text,
            app_roots=recording.app_roots,
        )
        for part in recording.parts
    ]
    return replace(recording.analysis, flames=tuple(one for one in drawn if one.samples))


def common_target(profile: Profile) -> Worker | None:
    """The process that was recorded; None where several were, that run in different folders."""
    targets = [origin.target for origin in profile.origins if origin.target]
    return targets[0] if targets and len({target.cwd for target in targets}) == 1 else None


def _once_each(paths: Sequence[Path]) -> list[Path]:
    """Leave out files that were named before: their samples would count twice."""
    return list({os.path.realpath(path): path for path in paths}.values())


def code_loaded_at(profile: Profile) -> float | None:
    """The start of the first process that was recorded, since when its code may have been loaded."""
    started = [origin.target.started_at for origin in profile.origins if origin.target and origin.target.started_at]
    return min(started, default=None)
