"""Files and the stacks that ran in them go in; the patch comes out."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from asyncspy.analyse.combine_modes import analyse_modes
from asyncspy.fix.make_patch import MadePatch
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Event, Frame, Occurrences, Origin, Profile
from asyncspy.source.lookup import SourceCode
from asyncspy.workflow.fix_findings import FixOptions, plan_patch
from asyncspy.workflow.load_recordings import AnalysedRecording
from tests.analyse.stack_samples import ASYNCIO, COUNT, GUARD, HANDLER, frames

Way = tuple[tuple[Frame, ...], str]
"""Frames of own code, and what they called, as text."""

QUERY = COUNT + GUARD.format(line=24)
ITERATED = """
QuerySet.__iter__ (django/db/models/query.py:386)
QuerySet._fetch_all (django/db/models/query.py:1954)
ModelIterable.__iter__ (django/db/models/query.py:93)
SQLCompiler.execute_sql (django/db/models/sql/compiler.py:1621)
""" + GUARD.format(line=24)


def write_files(folder: Path, files: dict[str, str | bytes]) -> None:
    """Write them as they were an hour ago, before the process started."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        os.utime(path, (time.time() - 3600,) * 2)


def own(folder: Path, *lines: str) -> tuple[Frame, ...]:
    """`function file:line`, below the folder."""
    parts = (line.split() for line in lines)
    places = ((function, *place.split(":")) for function, place in parts)
    return tuple(Frame(function, str(folder / file), int(line)) for function, file, line in places)


def recording(
    folder: Path, *ways: Way, django: str | None = "5.2.1", python: str = "3.12.1", started: float = -60.0
) -> AnalysedRecording:
    """One counted call for each way."""
    stacks = [(*frames(ASYNCIO, HANDLER), *path, *frames(called)) for path, called in ways]
    return counted(folder, stacks, django, python, started)


def counted(
    folder: Path, stacks: Iterable[tuple[Frame, ...]], django: str | None, python: str, started: float = 0.0
) -> AnalysedRecording:
    """What counting the calls that reached the guard would have recorded of an app in this folder."""
    target = Worker(
        1, 0, "worker", True, "uvicorn", django=django, python=python, cwd=str(folder), started_at=time.time() + started
    )
    events = {Event("async-unsafe", stack, captured="raised"): Occurrences(1) for stack in stacks}
    profile = Profile({}, (Origin("hook", "exact", duration=1.0, target=target),), events=events)
    sources = SourceCode(profile.origins, {})
    analysis, parts = analyse_modes(profile, None, source=sources.text, app_roots=(), distribution=sources.distribution)
    return AnalysedRecording(analysis, parts, sources)


def patch_of(folder: Path, *ways: Way, **versions: str | None) -> MadePatch:
    """The patch for these ways."""
    return plan_patch(recording(folder, *ways, **versions), FixOptions())  # type: ignore[arg-type]


def new_text(made: MadePatch, name: str) -> str:
    """A file as the patch leaves it."""
    return next(file.new for file in made.files if file.source.name == name).decode()
