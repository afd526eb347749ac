"""Recordings to what the person sees: read, merged, analysed, rendered, printed. Every reporting command ends here."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from asyncspy.analyse.flame import flame
from asyncspy.cli.opened import Sources, open_recording
from asyncspy.model import Analysis, Worker
from asyncspy.report import FORMATS, View
from asyncspy.report.inert import inert


def show(
    paths: Sequence[Path],
    *,
    form: str,
    saved: Path | None = None,
    unfold: bool = False,
    app_roots: Sequence[str] = (),
) -> Analysis:
    """Report on saved recordings, as one."""
    opened = open_recording(paths, app_roots=app_roots, live=saved is not None)
    view = terminal_view(sources=opened.sources, saved=saved, target=opened.target, unfold=unfold)
    analysis = opened.analysis
    if form == "html":
        analysis = replace(
            analysis, flame=flame(opened.profile, analysis, source=opened.sources.text, app_roots=app_roots)
        )
    echo_text(FORMATS[form](analysis, view))
    for file in opened.sources.changed:
        click.echo(f"note: {inert(file)} was changed after the recording began; its lines are not shown", err=True)
    return opened.analysis


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
        repository=_repository(),
        show_all=unfold,
    )


def echo_text(text: str) -> None:
    """Print a report: the one place that writes to stdout."""
    click.echo(text, nl=not text.endswith("\n"), color=True)


def _repository() -> str | None:
    """The checkout that this runs in."""
    here = Path.cwd()
    return next((str(folder) for folder in (here, *here.parents) if (folder / ".git").exists()), None)


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
