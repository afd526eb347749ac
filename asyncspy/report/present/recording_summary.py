"""Word what was recorded, what makes it doubtful, and what it cannot have seen: sampled, counted or logged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import DetectionLimit, SampleCounts
from asyncspy.model.merging import merge_occurrences
from asyncspy.model.stacks import Occurrences, Origin, SamplingMode
from asyncspy.report.present.evidence import first_and_last
from asyncspy.report.present.figures import count, finite, percent, percent_bound, plural, span
from asyncspy.report.present.scarce_loop import loop_is_hardly_there, samples_by_world, scarce_loop

LOG_FORMAT = "log"
UNKNOWN_FORMAT = "unknown"

MODES = {
    "gil": "threads holding the GIL",
    "wall": "all threads, waits included",
    "default": "threads that looked busy",
    "unknown": "sampling mode not recorded",
    "exact": "every call to the guard",
}

LOSS_TO_WARN_OF = 0.01
"""From this share of lost samples on, they are worth a warning."""

LOGS_CANNOT_TELL = (
    "A call that DJANGO_ALLOW_ASYNC_UNSAFE lets pass raises nothing, and an exception that is caught without its "
    "traceback leaves no line to name. How much of the loop's time a call takes, only a recording tells."
)


class Section(NamedTuple):
    """A title and the sentences below it."""

    title: str
    sentences: tuple[str, ...]


def only_logs(analysis: Analysis) -> bool:
    """Whether nothing but logs was read."""
    return {read.format for read in analysis.inputs} - {UNKNOWN_FORMAT} == {LOG_FORMAT} and not analysis.origins


def number_of_logs(analysis: Analysis) -> int:
    """How many logs were read."""
    return sum(read.format == LOG_FORMAT for read in analysis.inputs)


def recording_facts(analysis: Analysis) -> list[str]:
    """What was recorded: how long, how often, in which mode, how much of it on the loop, how much was lost."""
    if only_logs(analysis):
        return _log_facts(analysis)
    counted = counted_seconds(analysis.origins)
    facts = [f"every call to the guard counted for {span(counted)}"] if counted else []
    sampled = tuple(o for o in analysis.origins if o.mode != "exact")
    if facts and not sampled:
        return facts
    modes = list(dict.fromkeys(o.mode for o in sampled))
    if len(modes) > 1:
        return [*facts, *(_mode_facts(mode, sampled) for mode in modes), *_amounts(sampled, analysis.samples, ())]
    return [*facts, *_time_and_rate(sampled), *_amounts(sampled, analysis.samples, modes)]


def _log_facts(analysis: Analysis) -> list[str]:
    """How many tracebacks the logs hold, and from when to when."""
    tracebacks = sum(one.evidence.logged for one in analysis.findings if one.kind == "async-unsafe")
    whole: Occurrences | None = None
    for finding in analysis.findings:
        whole = merge_occurrences(whole, finding.logged) if finding.logged else whole
    amount = f"{plural(tracebacks, 'traceback')} in {plural(number_of_logs(analysis), 'log')}"
    return [amount, *(first_and_last(whole) if whole else [])]


def counted_seconds(origins: Iterable[Origin]) -> float:
    """For how long calls were counted, of several processes the longest; 0 where none were."""
    return max((value for o in origins if o.mode == "exact" and (value := finite(o.duration))), default=0.0)


def recorded_seconds(origins: Iterable[Origin]) -> float:
    """How long was recorded in all."""
    return sum(finite(origin.duration) or 0 for origin in origins)


def _mode_facts(mode: SamplingMode, origins: Sequence[Origin]) -> str:
    """3m at 100 Hz of threads holding the GIL."""
    time_and_rate = _time_and_rate([o for o in origins if o.mode == mode])
    return f"{' at '.join(time_and_rate)} of {MODES[mode]}".removeprefix(" of ")


def _time_and_rate(origins: Sequence[Origin]) -> list[str]:
    seconds = [value for o in origins if not o.alongside and (value := finite(o.duration)) and value > 0]
    rates = sorted({o.rate for o in origins if o.rate})
    parts = [span(sum(seconds))] if seconds else []
    return parts + ([" and ".join(count(rate) for rate in rates) + " Hz"] if rates else [])


def _amounts(origins: Sequence[Origin], samples: SampleCounts, modes: Sequence[SamplingMode]) -> list[str]:
    parts = [plural(samples.loop, "loop sample"), *(MODES[mode] for mode in modes if samples.total)]
    lost = lost_share(origins)
    return [*parts, f"{percent(lost)} lost"] if lost else parts


def lost_share(origins: Iterable[Origin]) -> float:
    """Which share of all samples the sampler could not read."""
    origins = tuple(origins)
    lost, taken = sum(o.errors or 0 for o in origins), sum(o.samples or 0 for o in origins)
    return lost / (taken + lost) if lost > 0 else 0.0


def recording_warnings(origins: Sequence[Origin]) -> list[str]:
    """What makes the figures less reliable than they look."""
    warnings = []
    late = max((value for o in origins if (value := finite(o.late_seconds))), default=0)
    if late > 0:
        warnings.append(f"py-spy fell {span(late)} behind: the figures may be off. A lower rate keeps up.")
    lost = lost_share(origins)
    if lost > LOSS_TO_WARN_OF:
        warnings.append(f"py-spy could not read {percent(lost)} of its samples: every share may be off by as much.")
    failed = sum(o.failed for o in origins)
    if failed:
        slices = count(failed + sum(o.slices for o in origins))
        warnings.append(f"{plural(failed, 'slice')} of {slices} gave nothing.")
    if any(o.nonblocking for o in origins):
        warnings.append("The worker was not paused while its stack was read: some stacks that seem whole never were.")
    beyond = sum(o.beyond for o in origins)
    if beyond:
        warnings.append(
            f"{plural(beyond, 'call')} more reached the guard than could be kept with their way there: "
            "too many at once, or too many ways."
        )
    if any(o.interrupted for o in origins):
        warnings.append("The recording was interrupted: this is what it held until then.")
    return warnings


def detection_section(analysis: Analysis) -> Section:
    """What was not seen: for a recording without findings this is the answer itself."""
    samples = analysis.samples
    if only_logs(analysis):
        return Section("What logs cannot tell", (LOGS_CANNOT_TELL,))
    if analysis.verdict == "no-data":
        by_world = (f"All samples: {samples_by_world(samples)}.",) if samples.total else ()
        return Section("Why", (*_no_data(samples), *by_world))
    if analysis.verdict == "none-seen":
        counted = counted_seconds(analysis.origins)
        title = "None was missed while it was counted" if counted else "This is no clean bill of health"
        if loop_is_hardly_there(analysis) and not counted:
            return Section(title, tuple(scarce_loop(samples)))
        none = f"0 of {plural(samples.loop, 'loop sample')} showed an async-unsafe call."
        return Section(title, (*([none] if samples.total else []), *_limits(analysis)))
    return Section("What this recording could not see", tuple(_limits(analysis)))


def _limits(analysis: Analysis) -> list[str]:
    sentences = []
    counted = counted_seconds(analysis.origins)
    if counted:
        sentences.append(
            f"Every call that reached Django's guard on an event loop was counted for {span(counted)}: "
            "what is not listed did not happen then."
        )
    share, interval = finite(analysis.reach.unseen_share), finite(analysis.reach.catch_interval_seconds)
    hardly = loop_is_hardly_there(analysis)
    if interval is not None and not hardly:
        sentences.append(f"A violation made less often than about {_frequency(interval)} may have been missed.")
    sentences += _needed_durations(analysis.reach) if not hardly else []
    if share is not None and not hardly:
        listed = any(finding.kind == "async-unsafe" for finding in analysis.findings)
        found = "Anything not listed takes" if listed else "Such calls take"
        sentences.append(f"{found} under {percent_bound(share)} of the loop's samples (95% confidence).")
    sentences += _undrawn(analysis)
    if {o.mode for o in analysis.origins} - {"exact"} == {"gil"}:
        sentences.append(
            "Waits on the loop (sleeps, sockets, locks) hold no GIL and are not in it: attach --mode wall sees them."
        )
    if hardly:
        sentences += scarce_loop(analysis.samples)
    return sentences or ["It does not say how it was sampled, so its reach is not known."]


def _undrawn(analysis: Analysis) -> list[str]:
    """What a flame graph leaves out, and how many samples may have ended there."""
    undrawn = analysis.reach.undrawn
    if undrawn is None:
        return []
    fewest = max(origin.least_drawn for origin in analysis.origins)
    return [
        f"This flame graph leaves out frames in fewer than {count(fewest)} samples, so that a call that is rarer on "
        f"each of its ways is not in it: {count(undrawn)} of {plural(analysis.samples.loop, 'loop sample')} end where "
        "one may follow. py-spy record --format speedscope leaves nothing out."
    ]


def _frequency(interval: float) -> str:
    """Once in so many seconds; where that is a fraction of one, so many times a second."""
    per_second = round(1 / interval) if interval > 0 else 0
    return f"{per_second} times a second" if per_second > 1 else f"once in {span(interval)}"


INTERVALS = {1.0: "once a second", 60.0: "once a minute", 3600.0: "once an hour"}


def _needed_durations(limit: DetectionLimit) -> list[str]:
    """How long a recording like this one must last to see rarer calls."""
    parts = [
        f"{INTERVALS.get(one.every_seconds) or f'once in {span(one.every_seconds)}'} needs about {span(seconds)}"
        for one in limit.needed
        if (seconds := finite(one.duration_seconds)) is not None
    ]
    return [f"At this rate a call made {', '.join(parts)}."] if parts else []


def looks_synchronous(samples: SampleCounts) -> bool:
    """Whether work was seen, but of a process that has no event loop."""
    return samples.loop == 0 and samples.sync > samples.pool + samples.idle


def _no_data(samples: SampleCounts) -> tuple[str, str]:
    if not samples.total:
        return (
            "The recording holds no samples: the process did nothing while it was watched.",
            "Record again while the worker serves requests.",
        )
    if looks_synchronous(samples):
        return (
            "No sample ran on an event loop: this looks like WSGI, a management command or a task queue, "
            "where nothing is async-unsafe.",
            "Record the worker that serves ASGI.",
        )
    if samples.pool:
        return (
            "No sample ran on an event loop, only in its thread pools: the views that ran are synchronous, "
            "or the loop was too quiet to be seen.",
            "Record longer, while requests reach async views.",
        )
    return (
        "No sample ran on an event loop: the worker was idle, or does not serve requests.",
        "Record again while the worker serves requests.",
    )
