"""Saved files to one analysed recording, with what is known of its target and its source files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from asyncspy import read
from asyncspy.analyse import analyse
from asyncspy.errors import UsageError
from asyncspy.model import Analysis, Profile, Worker, merge
from asyncspy.read.distributions import Distributions
from asyncspy.read.source import SourceFiles

CONTEXT_LINES = 1


class Sources:
    """Source files as they were when they ran: one that changed since is not quoted, and is remembered."""

    def __init__(self, files: SourceFiles, since: float | None) -> None:
        self._files, self._since = files, since
        self.changed: dict[str, None] = {}

    def text(self, file: str) -> str | None:
        """The whole file."""
        lines = self._lines(file)
        return "\n".join(lines) if lines is not None else None

    def around(self, file: str, line: int) -> list[tuple[int, str]]:
        """A line with its neighbours, numbered."""
        lines = self._lines(file) or []
        first, last = max(1, line - CONTEXT_LINES), min(len(lines), line + CONTEXT_LINES)
        return [(number, lines[number - 1]) for number in range(first, last + 1)] if line <= len(lines) else []

    def _lines(self, file: str) -> list[str] | None:
        if self._since is not None and self._files.changed_since(file, self._since):
            self.changed[file] = None
            return None
        return self._files.lines(file)


class Opened(NamedTuple):
    """A recording, judged; `target` is the process that all of it is of, if it is one app."""

    profile: Profile
    analysis: Analysis
    target: Worker | None
    sources: Sources


def open_recording(paths: Sequence[Path], *, app_roots: Sequence[str] = (), live: bool = False) -> Opened:
    """Read, merge and analyse; the files of a process that still lives are read in its own file system."""
    profile = _merged(read.load_all(_once_each(paths)))
    target = _common_target(profile)
    root = _root_of(target, live)
    sources = Sources(SourceFiles(root), _ran_since(profile))
    analysis = analyse(profile, source=sources.text, app_roots=app_roots, distribution=Distributions(root).of)
    return Opened(profile, analysis, target, sources)


def _merged(profiles: list[Profile]) -> Profile:
    try:
        return merge(profiles)
    except ValueError as error:
        raise UsageError(str(error), remedy="report these recordings one by one") from None


def _common_target(profile: Profile) -> Worker | None:
    targets = [origin.target for origin in profile.origins if origin.target]
    return targets[0] if targets and len({target.cwd for target in targets}) == 1 else None


def _root_of(target: Worker | None, live: bool) -> Path | None:
    """The target's own file system while it lives: in a container its names mean other files than ours."""
    root = Path(f"/proc/{target.pid}/root") if target and live else None
    return root if root and os.access(root, os.R_OK) else None


def _once_each(paths: Sequence[Path]) -> list[Path]:
    """A file that is named twice is read once: its samples would count twice."""
    return list({os.path.realpath(path): path for path in paths}.values())


def _ran_since(profile: Profile) -> float | None:
    """When the code that was recorded was loaded, at the earliest that is known."""
    started = [origin.target.started_at for origin in profile.origins if origin.target and origin.target.started_at]
    return min(started, default=None)
