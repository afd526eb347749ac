"""What a recording held and what it cannot have seen, in plain sentences, the same in every format."""

from __future__ import annotations

from collections.abc import Sequence

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import DetectionLimit, SampleCounts
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin, SamplingMode
from asyncspy.report.present import counted_words
from asyncspy.report.present.figures import count, percent, percent_bound, plural, span
from asyncspy.untrusted import finite

MODES = {
    "gil": "threads holding the GIL",
    "wall": "all threads, waits included",
    "default": "threads that looked busy",
    "unknown": "sampling mode not recorded",
    "exact": "every call to the guard",
}

LOSSY = 0.01
"""From this share of lost samples on, they are worth a warning."""

NO_CLEAN_BILL = "This is no clean bill of health"
UNSEEN = "What this recording could not see"


def recording(origins: tuple[Origin, ...], samples: SampleCounts) -> list[str]:
    """What was recorded: how long, how often, in which mode, how much of it on the loop, how much lost."""
    exact, origins = counted_words.recording(origins), tuple(o for o in origins if o.mode != "exact")
    if exact and not origins:
        return exact
    return [*exact, *_sampled(origins, samples)]


def _sampled(origins: tuple[Origin, ...], samples: SampleCounts) -> list[str]:
    modes = list(dict.fromkeys(o.mode for o in origins))
    if len(modes) > 1:
        return [*(_part(mode, origins) for mode in modes), *_amount(origins, samples)]
    return [*_time_and_rate(origins), *_amount(origins, samples, modes)]


def _part(mode: SamplingMode, origins: tuple[Origin, ...]) -> str:
    """3m at 100 Hz of threads holding the GIL."""
    part = tuple(o for o in origins if o.mode == mode)
    return f"{' at '.join(_time_and_rate(part))} of {MODES[mode]}".removeprefix(" of ")


def _time_and_rate(origins: tuple[Origin, ...]) -> list[str]:
    seconds = [value for o in origins if not o.alongside and (value := finite(o.duration)) and value > 0]
    rates = sorted({o.rate for o in origins if o.rate})
    parts = [span(sum(seconds))] if seconds else []
    parts += [" and ".join(count(rate) for rate in rates) + " Hz"] if rates else []
    return parts


def _amount(origins: tuple[Origin, ...], samples: SampleCounts, modes: Sequence[SamplingMode] = ()) -> list[str]:
    parts = [f"{plural(samples.loop, 'loop sample')}", *(MODES[mode] for mode in modes if samples.total)]
    lost, taken = sum(o.errors or 0 for o in origins), sum(o.samples or 0 for o in origins)
    return parts + ([f"{percent(lost / (taken + lost))} lost"] if lost > 0 else [])


def runs(target: Worker) -> list[str]:
    """What a process runs: the server, the app, and the versions of all that matters."""
    named = [
        (target.server, target.server_version or ""),
        (target.app, ""),
        ("Python", target.python),
        ("Django", target.django),
        ("asgiref", target.asgiref),
    ]
    return [f"{name} {value}".rstrip() for name, value in named if name and value is not None]


def warnings(origins: tuple[Origin, ...]) -> list[str]:
    """What makes the figures less good than they look."""
    late = max((value for o in origins if (value := finite(o.late_seconds))), default=0)
    said = []
    if late > 0:
        said.append(f"py-spy fell {span(late)} behind: the figures may be off. A lower rate keeps up.")
    lost, taken = sum(o.errors or 0 for o in origins), sum(o.samples or 0 for o in origins)
    if lost > LOSSY * (lost + taken):
        share = percent(lost / (lost + taken))
        said.append(f"py-spy could not read {share} of its samples: every share may be off by as much.")
    failed = sum(o.failed for o in origins)
    if failed:
        said.append(f"{plural(failed, 'slice')} of {count(failed + sum(o.slices for o in origins))} gave nothing.")
    if any(o.nonblocking for o in origins):
        said.append("The worker was not paused while its stack was read: some stacks that seem whole never were.")
    said += counted_words.warnings(origins)
    if any(o.interrupted for o in origins):
        said.append("The recording was interrupted: this is what it held until then.")
    return said


def worlds(samples: SampleCounts) -> str:
    """Where all samples ran."""
    parts = [
        (samples.loop, "on the event loop"),
        (samples.pool, "in thread pools"),
        (samples.sync, "in synchronous code without a loop"),
        (samples.idle, "waiting for work"),
        (samples.other, "in thread start-up or outside Python code"),
    ]
    return ", ".join(f"{count(number)} {where}" for number, where in parts if number)


def unseen(analysis: Analysis) -> list[str]:
    """What the sampling can have missed, in figures."""
    share, interval = finite(analysis.reach.unseen_share), finite(analysis.reach.catch_interval_seconds)
    said = counted_words.reach(analysis)
    if interval is not None:
        said.append(f"A violation made less often than about {_often(interval)} may have been missed.")
    needed = _needed(analysis.reach)
    if needed:
        said.append(needed)
    if share is not None:
        listed = any(finding.kind == "async-unsafe" for finding in analysis.findings)
        found = "Anything not listed takes" if listed else "Such calls take"
        said.append(f"{found} under {percent_bound(share)} of the loop's samples (95% confidence).")
    if {o.mode for o in analysis.origins} - {"exact"} == {"gil"}:
        said.append(
            "Waits on the loop (sleeps, sockets, locks) hold no GIL and are not in it: attach --mode wall sees them."
        )
    return said or ["It does not say how it was sampled, so its reach is not known."]


EVERY = {1.0: "once a second", 60.0: "once a minute", 3600.0: "once an hour"}
"""How often, as people say it."""


def _often(interval: float) -> str:
    """Once in so many seconds; where that is a fraction of one, so many times a second."""
    per_second = round(1 / interval) if interval > 0 else 0
    return f"{per_second} times a second" if per_second > 1 else f"once in {span(interval)}"


def _needed(reach: DetectionLimit) -> str:
    """How long a recording like this one must last to see rarer calls."""
    parts = [
        f"{EVERY.get(one.every_seconds) or f'once in {span(one.every_seconds)}'} needs about {span(seconds)}"
        for one in reach.needed
        if (seconds := finite(one.duration_seconds)) is not None
    ]
    return f"At this rate a call made {', '.join(parts)}." if parts else ""


def no_clean_bill(analysis: Analysis) -> str:
    """What is to be said over a report without violations: sampling can have missed some, counting has not."""
    return counted_words.ALL_COUNTED if counted_words.counted_for(analysis.origins) else NO_CLEAN_BILL


def none_seen(samples: SampleCounts) -> list[str]:
    """Zero of how many; where nothing was sampled that says nothing."""
    return [f"0 of {plural(samples.loop, 'loop sample')} showed an async-unsafe call."] if samples.total else []


def looks_synchronous(samples: SampleCounts) -> bool:
    """Whether work was seen, but of a process that has no event loop."""
    return samples.loop == 0 and samples.sync > samples.pool + samples.idle


def no_data(samples: SampleCounts) -> tuple[str, str]:
    """Why nothing could be judged, and what to do about it."""
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
