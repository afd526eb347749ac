"""Recordings to what the person sees: read, merged, analysed, rendered, printed. Every reporting command ends here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from asyncspy.analyse.flame_graph import build_flame
from asyncspy.cli.feedback import StderrFeedback
from asyncspy.cli.terminal import echo_text, terminal_view
from asyncspy.model.analysis import Analysis
from asyncspy.report import FORMATS
from asyncspy.untrusted import escape_unprintable
from asyncspy.workflow.lines_to_save import lines_to_keep
from asyncspy.workflow.load import Analysed, analysed
from asyncspy.workflow.record_live import Recorded

__all__ = ["analysed", "report_live", "show"]


def show(
    paths: Sequence[Path],
    *,
    form: str,
    saved: Path | None = None,
    unfold: bool = False,
    app_roots: Sequence[str] = (),
) -> Analysis:
    """Report on saved recordings, as one."""
    return _shown(
        analysed(paths, live=saved is not None, app_roots=app_roots),
        form=form,
        saved=saved,
        unfold=unfold,
        app_roots=app_roots,
    )


def report_live(recorded: Recorded, *, form: str, unfold: bool = False, app_roots: Sequence[str] = ()) -> Analysis:
    """Report on what has just been recorded, and save the lines of code that this names with it."""
    try:
        found = analysed([recorded.path], live=True, app_roots=app_roots)
        try:
            recorded.bundle.save_sources(lines_to_keep(found.analysis, found.sources.lines))
        except OSError as error:
            StderrFeedback().note(f"the lines of code could not be saved with the recording: {error.strerror}")
        return _shown(found, form=form, saved=recorded.path, unfold=unfold, app_roots=app_roots)
    except KeyboardInterrupt:
        click.echo(f"what was recorded is saved: asyncspy report {escape_unprintable(str(recorded.path))}", err=True)
        raise


def _shown(found: Analysed, *, form: str, saved: Path | None, unfold: bool, app_roots: Sequence[str]) -> Analysis:
    target = found.target
    view = replace(
        terminal_view(),
        source=found.sources.around,
        saved=str(saved) if saved else None,
        pid=target.pid if target and saved else None,
        root=target.cwd if target else None,
        repository=_repository(),
        show_all=unfold,
    )
    pictured = _pictured(found, app_roots) if form == "html" else found.analysis
    echo_text(FORMATS[form](pictured, view))
    for file in found.sources.changed:
        StderrFeedback().note(f"{file} was changed after the recording began; its lines are not shown")
    return found.analysis


def _pictured(found: Analysed, app_roots: Sequence[str]) -> Analysis:
    """The analysis with the flame graphs of its parts."""
    drawn = [
        build_flame(part.profile, part.analysis, found.analysis, source=found.sources.text, app_roots=app_roots)
        for part in found.parts
    ]
    return replace(found.analysis, flames=tuple(one for one in drawn if one.samples))


def _repository() -> str | None:
    """The checkout that this runs in."""
    try:
        here = Path.cwd()
    except OSError:  # it was removed since
        return None
    return next((str(folder) for folder in (here, *here.parents) if os.path.exists(folder / ".git")), None)  # noqa: PTH110 - Path.exists raises where a folder above is closed
