"""Work out from a hook's timer how late each event loop was, and which line was on it at the worst moments.

A timer that is due every 4 ms fires once after a block of two seconds, though 500 of its times fell into it. All of
these count, so that the shares are shares of time, as a request that comes at any time finds the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.waits.blocked_loop import line_to_blame
from asyncspy.model.findings import Culprit, Finding
from asyncspy.model.observed import LateMoment, LocatedMoment, LoopLateness, LoopTicks
from asyncspy.model.stacks import ENDED_WORKERS_PID, Origin

BANDS_MS = (0, 5, 20, 100, 500, 2000)
"""Where the bands of the histogram begin, in milliseconds."""

SHORTEST_SECONDS = 1.0
"""A loop that was watched for less than this, such as one for a single call from a thread, is left out."""

START_SECONDS = 1.5
"""How long py-spy may take to start; what was sampled of a block before that may be missing."""

SAMPLES_OFF, PART_SAMPLED = 2, 0.75
"""So many samples of one block may be missing at its two ends, and so much of it must be there on a busy machine."""


def measure_lateness(
    loops: Sequence[LoopTicks], findings: Sequence[Finding], origins: Sequence[Origin], owners: Ownership
) -> tuple[LoopLateness, ...]:
    """How late each loop was, the one with the worst moment first; `findings` may name the lines that held it."""
    blocking = [finding for finding in findings if finding.kind == "blocked-loop"]
    measured = [
        _loop_lateness(loop, [_locate(moment, loop.pid, blocking, origins, owners) for moment in loop.moments])
        for loop in loops
        if loop.seconds >= SHORTEST_SECONDS and loop.ticks
    ]
    return tuple(sorted(measured, key=lambda one: (-one.worst, one.pid or 0, one.thread)))


def _loop_lateness(loop: LoopTicks, moments: Sequence[LocatedMoment]) -> LoopLateness:
    whole = _times_late(loop, 0)
    beyond = [*(_times_late(loop, start) / whole for start in BANDS_MS), 0.0]
    shares = [first - second for first, second in pairwise(beyond)]
    return LoopLateness(
        pid=loop.pid,
        thread=loop.thread,
        loop=loop.loop,
        seconds=loop.seconds,
        p50=_quantile(loop, 0.5),
        p99=_quantile(loop, 0.99),
        worst=moments[0].seconds if moments else max(loop.ticks) / 1000,
        bands=tuple((start / 1000, share) for start, share in zip(BANDS_MS, shares, strict=True)),
        moments=tuple(moments),
        off=loop.off,
    )


def _times_late(loop: LoopTicks, least: float) -> int:
    """How many of the timer's times were late by this many milliseconds or more, those within a block included."""
    tick = loop.tick * 1000
    return sum(times * (int((late - least) // tick) + 1) for late, times in loop.ticks.items() if late >= least)


def _quantile(loop: LoopTicks, part: float) -> float:
    """How late, in seconds and rounded up to milliseconds, the timer was at most in this part of its times."""
    allowed = (1 - part) * _times_late(loop, 0)
    low, high = 0, max(loop.ticks) + 1
    while low < high:
        middle = (low + high) // 2
        if _times_late(loop, middle) <= allowed:
            high = middle
        else:
            low = middle + 1
    return low / 1000


def _locate(
    moment: LateMoment, pid: int | None, blocking: Sequence[Finding], origins: Sequence[Origin], owners: Ownership
) -> LocatedMoment:
    """The moment with the line that was on the loop, where a call to the guard or the samples tell."""
    index = line_to_blame(moment.frames, 0, owners)
    if index >= 0:
        frame = moment.frames[index]
        return LocatedMoment(moment.seconds, moment.at, Culprit(frame, owners.of(frame)), "call")
    rate = next((one.rate for one in origins if one.rate and _covers(one, moment, pid)), None)
    if rate is None:
        return LocatedMoment(moment.seconds, moment.at)
    fewest = max(SAMPLES_OFF, PART_SAMPLED * moment.seconds * rate - SAMPLES_OFF)
    long = [one for one in blocking if one.evidence.sampled >= fewest]
    if len(long) != 1:  # none, or any of several
        return LocatedMoment(moment.seconds, moment.at)
    return LocatedMoment(moment.seconds, moment.at, long[0].culprit, "samples")


def _covers(origin: Origin, moment: LateMoment, pid: int | None) -> bool:
    """Whether the waits of this very process were sampled all through the moment."""
    if origin.mode != "wall" or origin.target is None or origin.target.pid != pid or pid == ENDED_WORKERS_PID:
        return False
    try:
        started = datetime.fromisoformat(origin.started_at or "").timestamp()
    except ValueError:
        return False
    return started + START_SECONDS <= moment.at - moment.seconds and moment.at <= started + (origin.duration or 0)
