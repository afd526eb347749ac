"""Word how late the event loops were: half of the time, at worst, and which line was on the loop then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from asyncspy.model.analysis import Analysis
from asyncspy.model.observed import LocatedMoment, LoopLateness
from asyncspy.report.present.evidence import process_name
from asyncspy.report.present.figures import count, percent, plural, span
from asyncspy.report.present.places import place_of
from asyncspy.report.present.recording_summary import Section
from asyncspy.report.view import View

TITLE = "How late the event loop is"
MAX_MOMENTS, MAX_LOOPS = 3, 3
LONG_SECONDS = 0.1
"""A request that waits for so long notices it."""

WORTH_A_LINE = 0.02
"""A moment that was less late is not named."""

PAUSED = "py-spy stopped the process for each sample that it took meanwhile, which is part of these figures."
OFF = "Measuring ended early there: it {reason}."


def lateness_section(analysis: Analysis, view: View) -> Section:
    """How late the loops were; nothing where no hook measured it."""
    loops = analysis.lateness
    sentences = [sentence for loop in loops[:MAX_LOOPS] for sentence in _loop_sentences(loop, loops, view)]
    if len(loops) > MAX_LOOPS:
        sentences.append(f"{plural(len(loops) - MAX_LOOPS, 'more loop')}, none of them ever later than these.")
    paused = any(origin.mode in {"gil", "wall"} and not origin.nonblocking for origin in analysis.origins)
    return Section(TITLE, (*sentences, *([PAUSED] if sentences and paused else [])))


def _loop_sentences(loop: LoopLateness, loops: Sequence[LoopLateness], view: View) -> Iterator[str]:
    long = sum(share for start, share in loop.bands if start >= LONG_SECONDS)
    often = f", and {percent(long)} of the time by {delay(LONG_SECONDS)} or more" if long else ""
    yield (
        f"{loop_name(loop, loops, view)} is late by at most {delay(loop.p50)} half of the time, "
        f"by at most {delay(loop.p99)} for 99% of it{often}."
    )
    worth = [moment for moment in loop.moments if moment.seconds >= WORTH_A_LINE]
    named = worth[:MAX_MOMENTS] or list(loop.moments[:1])
    named += [moment for moment in worth[MAX_MOMENTS:] if moment.line][: MAX_MOMENTS * (not _has_line(named))]
    yield from (moment_sentence(moment, view) for moment in named)
    if loop.off is not None:
        yield OFF.format(reason=view.escape(loop.off))


def _has_line(moments: Sequence[LocatedMoment]) -> bool:
    return any(moment.line for moment in moments)


def loop_name(loop: LoopLateness, loops: Sequence[LoopLateness], view: View) -> str:
    """The loop, with its process and thread where there are several."""
    if len(loops) == 1:
        return "The loop"
    several = sum(one.pid == loop.pid for one in loops) > 1
    thread = f", thread {view.escape(loop.thread)}" if several and loop.thread else ""
    return f"That of pid {process_name(loop.pid)}{thread}"


def moment_sentence(moment: LocatedMoment, view: View) -> str:
    """Late by 1.2s at 2026-11-29 14:02:11 UTC, while shop/views.py:97 was on the loop."""
    when = datetime.fromtimestamp(min(moment.at, 4e9), timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    if moment.line is None:
        return f"Late by {delay(moment.seconds)} at {when}."
    frame = moment.line.frame
    return f"Late by {delay(moment.seconds)} at {when}, while {place_of(frame, view).shown(view)} was on the loop."


def delay(seconds: float) -> str:
    """3 ms, 120 ms, 1.2s."""
    return f"{count(round(seconds * 1000))} ms" if seconds < 1 else span(seconds)
