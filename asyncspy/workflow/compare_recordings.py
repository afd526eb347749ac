"""Compare two sets of recordings of one app: what is gone, less, the same, more or new."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from asyncspy.analyse.compare.comparison import compare_parts, seen_functions
from asyncspy.errors import UsageError
from asyncspy.model.comparisons import Comparison
from asyncspy.workflow.load_recordings import load_and_analyse


class ComparedRecordings(NamedTuple):
    """A comparison, and the folder that the app runs in, where that is known."""

    comparison: Comparison
    root: str | None


def compare_recordings(
    before: Sequence[Path], after: Sequence[Path], app_roots: Sequence[str] = ()
) -> ComparedRecordings:
    """Compare the recordings of before with those of after. Raises UsageError where their modes differ."""
    first, second = load_and_analyse(before, app_roots), load_and_analyse(after, app_roots)
    try:
        comparison = compare_parts(
            [part.analysis for part in first.parts],
            [part.analysis for part in second.parts],
            first.analysis,
            second.analysis,
            ran=seen_functions(stack for part in second.parts for stack in part.profile.stacks),
        )
    except ValueError as error:
        raise UsageError(
            str(error), remedy="record AFTER as BEFORE was: asyncspy attach --pid PID --mode MODE"
        ) from None
    target = second.analysis.target or first.analysis.target
    return ComparedRecordings(comparison, target.cwd if target else None)
