"""Measure what crossing between event loop and threads costs: on the loop by who asks for it, in threads by purpose.

A hop is short, and Django makes many when it serves ASGI: their cost is a figure of the analysis. It becomes a finding
only where one line of code takes a good part of the loop with its hops alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from asyncspy.analyse import confidence
from asyncspy.analyse.line_samples import LineSamples
from asyncspy.analyse.ranking import ranked
from asyncspy.analyse.stacks import packages
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import any_of, patterns
from asyncspy.analyse.stacks.worlds import StackVerdict
from asyncspy.model.findings import CodeShare, Finding, HopCosts, Remedy
from asyncspy.model.stacks import Frame, Stack

COSTLY_SHARE = 0.15
"""A line whose hops take at least this share of the loop's samples (the lower bound) is a finding.

One hop in a view that does nothing else was measured at 10%, in a view with some work at 2%, twenty at 34%.
"""

CROSSING_FRAMES = any_of(
    *patterns("asgiref/sync.py", "SyncToAsync.__call__ AsyncToSync.main_wrap"),
    *patterns("asgiref/sync.py", "ThreadSensitiveContext.__aenter__ ThreadSensitiveContext.__aexit__"),
    *patterns("asyncio/base_events.py", "BaseEventLoop.run_in_executor"),
    *patterns("asyncio/threads.py", "to_thread"),
    *patterns("concurrent/futures/thread.py", "ThreadPoolExecutor.submit"),
    # results on their way back to the loop
    *patterns("asyncio/futures.py", "_chain_future.<locals>._set_state _chain_future.<locals>._call_set_state"),
    *patterns("asyncio/selector_events.py", "BaseSelectorEventLoop._read_from_self"),
)
"""Above these frames the loop is busy with crossing, as long as only carriers' code runs there."""

FRAMEWORK_CALLERS = any_of(
    *patterns("django/utils/deprecation.py", "MiddlewareMixin.__acall__"),
    *patterns("django/core/handlers/exception.py", "convert_exception_to_response.<locals>.inner"),
    *patterns("django/core/handlers/base.py", "BaseHandler.get_response_async BaseHandler._get_response_async"),
    *patterns("django/core/handlers/asgi.py", "ASGIHandler.__call__ ASGIHandler.handle ASGIHandler.run_get_response"),
    *patterns("django/core/handlers/asgi.py", "ASGIHandler.send_response ASGIHandler.read_body"),
    *patterns("django/dispatch/dispatcher.py", "Signal.asend Signal.asend_robust"),
)
"""Django's own hops: the code that called these frames did not ask for them."""

PLUMBING = any_of(
    *patterns("django/core/handlers/exception.py", "convert_exception_to_response.<locals>.inner"),
    *patterns("django/utils/deprecation.py", "MiddlewareMixin.__call__"),
    *patterns("channels/db.py", "DatabaseSyncToAsync.thread_handler"),
)
"""Frames between the thread and the work that it was started for."""

CARRIERS = frozenset({packages.STDLIB, "asgiref"})
"""Packages whose frames only carry a hop."""

HOP_REMEDIES = (
    Remedy(
        "cross once: put the steps into one sync function and await sync_to_async(that_function)(…), "
        "instead of one hop for each"
    ),
    Remedy("what needs no thread (no database, no files, no waiting) can be called as it is, without sync_to_async"),
)


class Crossing(NamedTuple):
    """A stack that crosses: the index where the crossing begins, and of the frame that asked for it (-1: unknown)."""

    start: int
    caller: int


def find_crossing(frames: Sequence[Frame], boundary: int, owners: Ownership) -> Crossing | None:
    """The crossing on a stack whose leaf runs on the loop, if it does nothing else."""
    start = -1
    for index in range(len(frames) - 1, boundary - 1, -1):
        if owners.of(frames[index]) not in CARRIERS:
            break
        if CROSSING_FRAMES.match(frames[index]):
            start = index
    return Crossing(start, _caller(frames, start, owners)) if start >= 0 else None


def _caller(frames: Sequence[Frame], start: int, owners: Ownership) -> int:
    """The frame that asks for the hop: Django's own, the user's, or else that of the package nearest to it."""
    package = -1
    for index in range(start - 1, -1, -1):
        owner = owners.of(frames[index])
        if owner is None or FRAMEWORK_CALLERS.match(frames[index]):
            return index
        if owner in packages.SERVERS:
            break
        if package < 0 and owner not in CARRIERS:
            package = index
    return package


def measure_hops(
    stacks: Mapping[Stack, int], judgements: Sequence[StackVerdict], owners: Ownership
) -> tuple[HopCosts, list[Finding], list[Finding]]:
    """Return the figures, a finding for each line of own code with costly hops, and for each with others.

    `judgements` are those of the stacks, in their order.
    """
    callers: Counter[tuple[Frame | None, str | None]] = Counter()
    purposes: Counter[tuple[Frame | None, str | None]] = Counter()
    lines: dict[tuple[str, int], LineSamples] = {}
    crossed = loop = 0
    for (stack, weight), (world, boundary) in zip(stacks.items(), judgements, strict=True):
        if world == "pool":
            purposes[_counted_as(stack.frames, index_of_work(stack.frames, boundary, owners), owners)] += weight
        if world != "loop":
            continue
        loop += weight
        found = find_crossing(stack.frames, boundary, owners)
        if found is None:
            continue
        crossed += weight
        callers[_counted_as(stack.frames, found.caller, owners, with_line=True)] += weight
        if found.caller >= 0 and owners.of(stack.frames[found.caller]) is None:
            caller = stack.frames[found.caller]
            line = lines.setdefault((caller.file, caller.line), LineSamples())
            line.add_from_entry(stack.frames, found.caller, found.start + 1, weight, owners)
    hops = HopCosts(crossed, confidence.share(crossed, loop), _code_shares(callers), _code_shares(purposes))
    findings = [_finding(line, loop, owners) for line in lines.values()]
    return hops, [one for one in findings if _is_costly(one)], [one for one in findings if not _is_costly(one)]


def index_of_work(frames: Sequence[Frame], boundary: int, owners: Ownership) -> int:
    """The frame that a thread was started for: the first that is neither a carrier's nor plumbing."""
    for index in range(boundary + 1, len(frames)):
        if owners.of(frames[index]) not in CARRIERS and not PLUMBING.match(frames[index]):
            return index
    return -1


def _counted_as(
    frames: Sequence[Frame], index: int, owners: Ownership, *, with_line: bool = False
) -> tuple[Frame | None, str | None]:
    """A frame to count by and its package: own code by its line where that matters, all other by its function."""
    if index < 0:
        return None, None
    frame, package = frames[index], owners.of(frames[index])
    return (frame if with_line and package is None else frame._replace(line=0)), package


def _code_shares(counted: Counter[tuple[Frame | None, str | None]]) -> tuple[CodeShare, ...]:
    return tuple(CodeShare(frame, package, weight) for (frame, package), weight in ranked(counted))


def _finding(line: LineSamples, loop: int, owners: Ownership) -> Finding:
    finding = line.finding("hop-cost", line.chain[-1].function, HOP_REMEDIES, owners)
    return replace(finding, share=confidence.share(line.weight, loop))


def _is_costly(finding: Finding) -> bool:
    return finding.share is not None and finding.share.low >= COSTLY_SHARE
