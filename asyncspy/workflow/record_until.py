"""A recording in slices, each judged as it arrives, until that is enough."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from asyncspy.analyse.stop_condition import reached_goal
from asyncspy.report.present.figures import span
from asyncspy.workflow.count import exactly
from asyncspy.workflow.feedback import SILENT, Feedback, offset
from asyncspy.workflow.follow import RecordOptions, SamplingPass
from asyncspy.workflow.load import so_far
from asyncspy.workflow.record_live import EARLY, Recorded, described, recorded, recording, take_all

SLICE_SECONDS = 10
"""py-spy takes up to a second to start: shorter slices would look away for too much of the time."""


def record_until(
    pids: Sequence[int],
    passes: Sequence[SamplingPass],
    how: RecordOptions,
    goals: Sequence[int | None],
    feedback: Feedback = SILENT,
) -> Recorded:
    """Slices of the first pass, at most as many as fill it, until a goal is reached; then the other passes."""
    first, *others = passes
    with recording(pids, passes, how, feedback) as run, exactly(run, asked=how.exact) as exact:
        feedback.say(f"Recording {described(run.targets)} at {first.rate} Hz in slices of {SLICE_SECONDS} s.")
        feedback.say(EARLY)
        reached, started = None, time.monotonic()

        def left() -> int:
            return round(started + first.duration - time.monotonic())

        with feedback.progress(first.duration) as tick:
            while reached is None and run.targets and not run.ending.requested:
                seconds = min(SLICE_SECONDS, left())
                if seconds <= 0:
                    break
                ticks = offset(tick, time.monotonic() - started)
                if run.take_slice(replace(first, duration=seconds), ticks, more=lambda: bool(others) or left() > 0):
                    if exact is not None:
                        exact.update()
                    reached = reached_goal(so_far(run.bundle, how.app_roots).analysis, goals)
        feedback.say(
            f"Enough after {span(time.monotonic() - started)}: {reached}." if reached else "Ended before it was enough."
        )
        take_all(run, others)
    return recorded(run)
