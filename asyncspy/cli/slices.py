"""A recording in slices, each judged as it arrives, until that is enough."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from asyncspy.analyse.enough import enough
from asyncspy.cli.notes import say
from asyncspy.cli.progress import later, progress
from asyncspy.cli.recording import EARLY, Recorded, described, recorded, recording
from asyncspy.cli.run import How, Pass
from asyncspy.cli.show import analysed
from asyncspy.report.figures import span

SLICE_SECONDS = 10
"""py-spy takes up to a second to start: shorter slices would look away for too much of the time."""


def record_until(
    pids: Sequence[int], passes: Sequence[Pass], how: How, goals: Sequence[int | None], app_roots: Sequence[str]
) -> Recorded:
    """Slices of the first pass, at most as many as fill it, until a goal is reached; then the other passes."""
    first, *others = passes
    with recording(pids, passes, how) as run:
        say(f"Recording {described(run.targets)} at {first.rate} Hz in slices of {SLICE_SECONDS} s.")
        say(EARLY)
        reached, started = None, time.monotonic()
        with progress(first.duration) as tick:
            while reached is None and run.targets and not run.ending.asked:
                passed = time.monotonic() - started
                left = round(first.duration - passed)
                if left <= 0:
                    break
                if run.take_slice(replace(first, duration=min(SLICE_SECONDS, left)), later(tick, passed)):
                    analysis = analysed([run.bundle.path], live=True, app_roots=app_roots).analysis
                    reached = enough(analysis, goals)
        say(
            f"Enough after {span(time.monotonic() - started)}: {reached}." if reached else "Ended before it was enough."
        )
        for part in others:
            if not run.ending.asked:
                with progress(part.duration) as tick:
                    run.take(part, tick)
    return recorded(run)
