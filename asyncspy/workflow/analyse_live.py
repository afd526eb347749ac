"""Analyse what has just been recorded, with the source files of its processes, and choose the lines to save with it."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from asyncspy import read
from asyncspy.analyse.combine_modes import analyse_modes
from asyncspy.analyse.stacks.recording_facts import common_target
from asyncspy.discover import container_name, process_usage
from asyncspy.model.hangs import Hang
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import ChainFrame, Frame, Profile
from asyncspy.sample import RecordingWriter
from asyncspy.source.excerpts import excerpt_of
from asyncspy.source.lookup import SourceCode
from asyncspy.workflow.load_recordings import AnalysedRecording

START_TOLERANCE_SECONDS = 1.0
"""How much two readings of the start of one process may differ."""

PROC = Path("/proc")
NO_FILES = Path(os.devnull)
"""A root below which there are no files."""

MAX_SAVED_FILES = 200


def analyse_recording(writer: RecordingWriter, app_roots: Sequence[str] = ()) -> AnalysedRecording:
    """Analyse a recording from memory, also while it is still being made."""
    return analyse_live([read.profile_of_document(writer.document(), writer.path)], app_roots)


def analyse_live(profiles: Iterable[Profile], app_roots: Sequence[str] = ()) -> AnalysedRecording:
    """Analyse profiles of processes that were just recorded, with the files that these see."""
    running, waiting = read.sum_by_mode(profiles)
    root = _file_system_root(running) if common_target(running.origins) else None
    sources = SourceCode(running.origins, {}, root)
    analysis, parts = analyse_modes(
        running, waiting, source=sources.text, app_roots=app_roots, distribution=sources.distribution
    )
    return AnalysedRecording(analysis, parts, sources, app_roots)


def lines_to_save(recording: AnalysedRecording) -> dict[str, dict[int, str]]:
    """The code around every culprit, every entry and every line of the user's own code between them."""
    named: defaultdict[str, set[int]] = defaultdict(set)
    for finding in recording.analysis.findings:
        named[finding.culprit.frame.file].add(finding.culprit.frame.line)
        for entry in finding.entries:
            named[entry.frame.file].add(entry.frame.line)
        for link in finding.chain:
            if link.package is None:
                named[link.file].add(link.line)
    for hang in recording.analysis.hangs:
        for frame in _frames_of_waits(hang):
            named[frame.file].add(frame.line)
    excerpts = {
        file: excerpt_of(lines, numbers)
        for file, numbers in list(named.items())[:MAX_SAVED_FILES]
        if (lines := recording.sources.lines(file)) is not None
    }
    return {file: lines for file, lines in excerpts.items() if lines}


def _frames_of_waits(hang: Hang) -> Iterator[Frame | ChainFrame]:
    """The lines to blame, and those that a thread is at: they show what it waits for, and whether that can end."""
    yield from (each.culprit.frame for each in hang.culprits)
    for waiting in hang.waits:
        yield waiting.line.frame
        yield waiting.frames[-1]
    yield from (link for each in hang.awaiting for link in each.frames if link.package is None)


def _file_system_root(profile: Profile) -> Path | None:
    """The root of the recorded processes' file system, taken from the first that still runs; None where it is ours.

    In a container the same names mean other files. Once all processes have ended, the files of a container can no
    longer be reached, and ours are not those that ran.
    """
    targets = [origin.target for origin in profile.origins if origin.target]
    for target in targets:
        root = PROC / str(target.pid) / "root"
        if _still_runs(target) and os.access(root, os.R_OK):
            return root
    return NO_FILES if any(map(_ran_in_another_container, targets)) else None


def _still_runs(target: Worker) -> bool:
    """Whether the process that has the pid now is still the one that was recorded."""
    now = process_usage(target.pid)
    return now is not None and (
        target.started_at is None or abs(now.started_at - target.started_at) < START_TOLERANCE_SECONDS
    )


def _ran_in_another_container(target: Worker) -> bool:
    """Whether it ran in a container that asyncspy is not in; a service of the machine is no container."""
    try:
        ours = container_name((PROC / "self" / "cgroup").read_text(errors="replace"))
    except OSError:
        ours = None
    named = target.container is not None and not target.container.endswith(".service")
    return target.pid_inside is not None or (named and target.container != ours)
