"""Show an analysed recording in the format that was asked for: every reporting command ends here."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from asyncspy.cli.terminal import StderrFeedback, echo_text, terminal_view
from asyncspy.report import FORMATS
from asyncspy.workflow.load_recordings import AnalysedRecording, with_flame_graphs


def show(recording: AnalysedRecording, *, form: str, unfold: bool = False, saved: Path | None = None) -> None:
    """Print the report; `saved` is where the recording was saved just now."""
    target = recording.analysis.target
    view = replace(
        terminal_view(),
        source=recording.sources.around,
        saved=str(saved) if saved else None,
        pid=target.pid if target and saved else None,
        root=target.cwd if target else None,
        repository=_repository(),
        show_all=unfold,
    )
    feedback = StderrFeedback()
    try:
        echo_text(FORMATS[form](with_flame_graphs(recording) if form == "html" else recording.analysis, view))
    except KeyboardInterrupt:
        if saved:
            feedback.warn(f"what was recorded is saved: asyncspy report {saved}")
        raise
    for file in recording.sources.changed:
        feedback.note(f"{file} was changed after the process started, which may run older lines: they are not shown")


def _repository() -> str | None:
    """The root of the checkout that this runs in."""
    try:
        here = Path.cwd()
    except OSError:  # it was removed since
        return None
    return next((str(folder) for folder in (here, *here.parents) if os.path.exists(folder / ".git")), None)  # noqa: PTH110 - Path.exists raises where a folder above is closed
