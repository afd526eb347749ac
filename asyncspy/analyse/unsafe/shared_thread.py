"""Find calls of sync code in whose thread an event loop runs elsewhere, and who runs that loop.

The guard only asks whether a loop runs in its thread. Under gevent all greenlets share one thread, and Playwright's
sync API keeps a loop running beneath the code that called it: there the guard refuses queries of views that do nothing
wrong, and their stacks hold no loop. To blame is who runs the loop, as a sample or a dump may show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from asyncspy.analyse.stacks import chains, entries, sinks
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.packages import FRAMEWORK
from asyncspy.analyse.stacks.pattern import any_of, distinct_frames, patterns
from asyncspy.analyse.stacks.recording_facts import ThreadKey
from asyncspy.analyse.stacks.worlds import boundary_side
from asyncspy.analyse.unsafe.culprits import SYNC_HANDLERS
from asyncspy.analyse.unsafe.reported import counted_seconds
from asyncspy.model.findings import CountedCalls, Culprit, Entry, Evidence, Finding, Remedy
from asyncspy.model.merging import merge_occurrences
from asyncspy.model.stacks import Event, Frame, Occurrences, Profile, Stack

SYNC_ENTRIES = any_of(
    *SYNC_HANDLERS,
    *patterns("django/core/management/base.py", "BaseCommand.execute"),
    *patterns("celery/app/trace.py", "build_tracer.<locals>.trace_task"),
    *patterns("_pytest/python.py", "pytest_pyfunc_call"),
)
"""Frames that call sync code; a loop that they run under would show between them and the query."""

NOT_RECORDED = Frame("an event loop that this recording does not show", "")
CALL = "an event loop"
GREENLETS = frozenset({"gevent", "eventlet"})
"""Packages whose greenlets take turns in one thread."""

LOOP_KEEPERS = GREENLETS | {"playwright", "greenlet"}
"""Packages that run a loop, or what runs one, in a greenlet: such a stack begins there and has no request."""

IN_GREENLETS = (
    Remedy(
        "run it in a thread of its own, which greenlets do not share: "
        "gevent.get_hub().threadpool.apply(asyncio.run, (coroutine,))"
    ),
    Remedy("serve with threads instead of greenlets (gunicorn -k gthread), or call a sync client here"),
)
IN_A_THREAD = (
    Remedy(
        "run what needs the loop (Playwright's sync API, a notebook's kernel, a server that reloads pages) in a thread "
        "or process of its own, or make the queries in one"
    ),
)
FIND_IT = (
    Remedy(
        "find out who runs it: record the worker while this happens, and report the recording together with the log. "
        "It is asyncio.run() or Playwright's sync API in another greenlet, or a notebook or server that runs this code "
        "on its loop"
    ),
)


class LoopRunner(NamedTuple):
    """Who runs a loop beneath or beside sync code: the line, its package, and the frames from there to the loop."""

    line: Frame
    package: str | None
    way: tuple[Frame, ...]


def is_beside_loop(event: Event, owners: Ownership) -> bool:
    """Whether these are calls of sync code: no loop, and no coroutine of the user's own, is on the way to them."""
    frames = event.frames
    first = next((i for i, frame in enumerate(frames) if SYNC_ENTRIES.match(frame)), None)
    if event.kind != "async-unsafe" or first is None:
        return False
    own = [frame for frame in frames if owners.of(frame) is None]
    return not any(boundary_side(frame) == "loop" for frame in frames) and not any(map(owners.is_coroutine, own))


def find_beside_loop(profile: Profile, events: Mapping[Event, Occurrences], owners: Ownership) -> Finding | None:
    """One finding of all calls that are beside a loop: its culprit runs the loop, and its entries are innocent.

    Without events only greenlets prove it: one that runs a loop, and others that query in the same thread.
    """
    stacks = list(_stacks(profile))
    seen = distinct_frames(stack for stack, _ in stacks).union(*(event.frames for event in events))
    in_greenlets = any(map(_is_of_greenlets, seen))
    if not events and not in_greenlets:
        return None
    runner, samples = _most_seen_runner(stacks, owners)
    hit = Counter[tuple[str, Frame]]()
    for event, occurrences in events.items():
        hit[_hit_by(event.frames, owners)] += occurrences.times
    for stack, weight in stacks if not events else ():
        if (stack.pid, stack.thread) in samples and _queries_beside_loop(stack.frames):
            hit[_hit_by(stack.frames, owners)] += weight
    if not hit:
        return None
    counted = _merged([times for event, times in events.items() if event.captured is not None])
    logged = _merged([times for event, times in events.items() if event.captured is None])
    passed = sum(times.times for event, times in events.items() if event.captured == "passed")
    seconds = counted_seconds(profile.origins)
    return Finding(
        kind="async-unsafe",
        evidence=Evidence(
            logged=logged.times if logged else 0, exact=counted.times if counted else 0, sampled=samples.total()
        ),
        allowed=passed > 0,
        culprit=Culprit(runner.line, runner.package) if runner else Culprit(NOT_RECORDED),
        call=CALL,
        sink=None,
        entries=tuple(Entry(kind, frame, weight) for (kind, frame), weight in hit.most_common()),
        chain=chains.display_chain(runner.way, owners.of) if runner else (),
        remedies=IN_GREENLETS if in_greenlets else IN_A_THREAD if runner else FIND_IT,
        logged=logged,
        captured=CountedCalls(counted.times, passed, seconds, *counted[1:]) if counted else None,
        beside_loop=True,
    )


def _is_of_greenlets(frame: Frame) -> bool:
    return not GREENLETS.isdisjoint(frame.file.replace("\\", "/").split("/"))


def _queries_beside_loop(frames: Sequence[Frame]) -> bool:
    """Whether sync code is on its way to the guard on this stack, which has no loop."""
    in_sync_code = any(map(SYNC_ENTRIES.match, frames)) and not any(boundary_side(frame) == "loop" for frame in frames)
    return in_sync_code and any(map(sinks.may_be_sink, frames))


def _merged(several: Sequence[Occurrences]) -> Occurrences | None:
    """All of these as one; None where there are none."""
    whole: Occurrences | None = None
    for each in several:
        whole = merge_occurrences(whole, each)
    return whole


def _hit_by(frames: Sequence[Frame], owners: Ownership) -> tuple[str, Frame]:
    """The view, command or task whose query was refused."""
    own = [owners.of(frame) is None for frame in frames]
    found = entries.find_entry(frames, own, 0, len(frames))
    if found is None:
        return entries.innermost_dispatcher(frames).kind, frames[-1]
    return found.kind, chains.display_frame(frames, found.position)


def _stacks(profile: Profile) -> Iterator[tuple[Stack, int]]:
    """All stacks that were seen, those of waits and dumps included."""
    for part in filter(None, (profile, profile.waits)):
        yield from part.stacks.items()
        for dump in part.dumps:
            yield from ((Stack(thread.frames, thread.pid, str(thread.os_id)), 1) for thread in dump.threads)


def _most_seen_runner(
    stacks: Sequence[tuple[Stack, int]], owners: Ownership
) -> tuple[LoopRunner | None, Counter[ThreadKey]]:
    """The runner that most samples show, of equals the first by name; and its samples by thread."""
    seen: dict[Frame, Counter[ThreadKey]] = {}
    runners: dict[Frame, LoopRunner] = {}
    for stack, weight in stacks:
        runner = find_runner(stack.frames, owners)
        if runner is not None:
            runners.setdefault(runner.line, runner)
            seen.setdefault(runner.line, Counter())[stack.pid, stack.thread] += weight
    first = min(seen, key=lambda line: (-seen[line].total(), line), default=None)
    return (runners[first], seen[first]) if first else (None, Counter())


def find_runner(frames: Sequence[Frame], owners: Ownership) -> LoopRunner | None:
    """Who runs the loop on this stack, if it is run from sync code or in a greenlet, and not by a server."""
    loop = next((i for i, frame in enumerate(frames) if boundary_side(frame) == "loop"), None)
    if loop is None:
        return None
    entry = next((i for i in range(loop) if SYNC_ENTRIES.match(frames[i])), None)
    start = 0 if entry is None else entry + 1
    below = [i for i in range(start, loop) if owners.of(frames[i]) not in FRAMEWORK]
    own = [i for i in below if owners.of(frames[i]) is None]
    if entry is None and not (below and owners.of(frames[below[0]]) in LOOP_KEEPERS):
        return None
    above = next((i for i in range(loop, len(frames)) if owners.of(frames[i]) is None), None)
    at = max(own or below, default=above)
    if at is None:
        return None
    way = tuple(frames[own[0] if own else start : max(at, loop) + 1])
    return LoopRunner(chains.display_frame(frames, at), owners.of(frames[at]), way)
