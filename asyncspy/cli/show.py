"""Recordings to what the person sees: read, merged, analysed, rendered, printed. Every reporting command ends here."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from asyncspy import read
from asyncspy.analyse import analyse
from asyncspy.errors import UsageError
from asyncspy.model import Analysis, Profile, Worker, merge
from asyncspy.read.distributions import Distributions
from asyncspy.read.source import SourceFiles
from asyncspy.report import FORMATS, View
from asyncspy.report.inert import inert

CONTEXT_LINES = 1


def show(
    paths: Sequence[Path],
    *,
    form: str,
    saved: Path | None = None,
    unfold: bool = False,
    app_roots: Sequence[str] = (),
) -> Analysis:
    """Report on saved recordings, as one."""
    found = analysed(paths, live=saved is not None, app_roots=app_roots)
    view = terminal_view(sources=found.sources, saved=saved, target=found.target, unfold=unfold)
    echo_text(FORMATS[form](found.analysis, view))
    for file in found.sources.changed:
        click.echo(f"note: {inert(file)} was changed after the recording began; its lines are not shown", err=True)
    return found.analysis


class Analysed(NamedTuple):
    """An analysis, and what a report on it is made with."""

    analysis: Analysis
    sources: Sources
    target: Worker | None


def analysed(paths: Sequence[Path], *, live: bool, app_roots: Sequence[str] = ()) -> Analysed:
    """Read and analyse recordings, as one; `live`: just now taken, of a process that still runs."""
    profile = _merged(read.load_all(_once_each(paths)))
    target = _common_target(profile)
    root = _root_of(target, live)
    sources = Sources(SourceFiles(root), _ran_since(profile))
    installed = Distributions(root)
    analysis = analyse(profile, source=sources.text, app_roots=app_roots, distribution=installed.of)
    return Analysed(analysis, sources, target)


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


def terminal_view(
    *, sources: Sources | None = None, saved: Path | None = None, target: Worker | None = None, unfold: bool = False
) -> View:
    """How this terminal, or whatever stands in for it, wants its text."""
    return View(
        width=shutil.get_terminal_size((80, 24)).columns if _wants_width() else 80,
        color=_wants_color(),
        ascii=not _prints("▸│…·–×"),
        source=sources.around if sources else None,
        saved=str(saved) if saved else None,
        pid=target.pid if target and saved else None,
        root=target.cwd if target else None,
        show_all=unfold,
    )


def echo_text(text: str) -> None:
    """Print a report: the one place that writes to stdout."""
    click.echo(text, nl=not text.endswith("\n"), color=True)


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


def _wants_width() -> bool:
    return sys.stdout.isatty() or "COLUMNS" in os.environ


def _wants_color() -> bool:
    """Colour on a terminal, unless NO_COLOR asks for none or FORCE_COLOR for some."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def _prints(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
