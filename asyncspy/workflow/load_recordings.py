"""Read saved files and analyse them as one recording."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asyncspy import read
from asyncspy.analyse.combine_modes import AnalysedPart, analyse_modes
from asyncspy.model.analysis import Analysis
from asyncspy.source.lookup import SourceCode


@dataclass(frozen=True, slots=True)
class AnalysedRecording:
    """An analysis with what a report on it needs: its parts, and the lines of code."""

    analysis: Analysis
    parts: tuple[AnalysedPart, ...]
    sources: SourceCode
    app_roots: Sequence[str] = ()


def load_and_analyse(paths: Sequence[Path], app_roots: Sequence[str] = ()) -> AnalysedRecording:
    """Read saved recordings, logs and other profilers' files, and analyse them as one."""
    running, waiting = read.sum_by_mode(read.load_all(_once_each(paths)))
    sources = SourceCode(running.origins, running.sources, distributions=running.distributions)
    analysis, parts = analyse_modes(
        running, waiting, source=sources.text, app_roots=app_roots, distribution=sources.distribution
    )
    return AnalysedRecording(analysis, parts, sources, app_roots)


def with_flame_graphs(recording: AnalysedRecording) -> Analysis:
    """The analysis with a flame graph of each part that has samples."""
    from asyncspy.analyse.flame_graph import build_flame_graph, build_waiting_graph  # noqa: PLC0415 - only HTML pages need it

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
    if recording.analysis.waiting is not None:
        drawn.append(build_waiting_graph(recording.analysis.waiting))
    return replace(recording.analysis, flames=tuple(one for one in drawn if one.samples))


def _once_each(paths: Sequence[Path]) -> list[Path]:
    """Leave out files that were named before: their samples would count twice."""
    return list({os.path.realpath(path): path for path in paths}.values())
