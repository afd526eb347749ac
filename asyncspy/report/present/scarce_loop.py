"""Word that so little of an event loop was seen that nothing can be said of it, and what was seen instead."""

from __future__ import annotations

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import SampleCounts
from asyncspy.report.present.figures import count, finite, plural

TELLING_BOUND = 0.1
"""A larger part of the loop's samples that may have been missed says nothing."""


def loop_is_hardly_there(analysis: Analysis) -> bool:
    """Whether so little of an event loop was seen that a bound on what it may have missed would say nothing."""
    share = finite(analysis.reach.unseen_share)
    return share is not None and share > TELLING_BOUND


def scarce_loop(samples: SampleCounts) -> list[str]:
    """How little of the loop was seen, and what this process does instead."""
    seen = f"Only {count(samples.loop)} of {plural(samples.total, 'sample')} ran on an event loop: too few to say"
    sentences = [f"{seen} what it does not do."]
    if samples.sync > samples.loop:
        sentences.append(
            "This process mostly runs sync code without a loop, as WSGI does; a loop runs in it only now and then "
            "(asyncio.run, async_to_sync)."
        )
    return [*sentences, f"All samples: {samples_by_world(samples)}."]


def samples_by_world(samples: SampleCounts) -> str:
    """How many samples ran where."""
    parts = [
        (samples.loop, "on the event loop"),
        (samples.pool, "in thread pools"),
        (samples.sync, "in synchronous code without a loop"),
        (samples.idle, "waiting for work"),
        (samples.other, "in thread start-up or outside Python code"),
    ]
    return ", ".join(f"{count(number)} {where}" for number, where in parts if number)
