"""Stacks to what crossing between event loop and threads costs: on the loop, by who asks for it; in threads, what for.

A hop is short, and it is everywhere in a Django that serves ASGI: its cost is a figure of the analysis. It becomes a
finding only where one line of code takes a good part of the loop with its hops alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from asyncspy.analyse import confidence
from asyncspy.analyse.ranking import most_common, ranked
from asyncspy.analyse.stacks import entries, packages
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import Pattern, Rules
from asyncspy.analyse.stacks.worlds import StackVerdict, loop_start
from asyncspy.model.findings import CodeShare, Culprit, Entry, Evidence, Finding, HopCosts, Remedy
from asyncspy.model.stacks import ChainFrame, Frame, Stack

COSTLY = 0.15
"""A line whose hops take at least this share of the loop's samples (the lower bound) is a finding.

One hop in a view that does nothing else was measured at 10%, in a view with some work at 2%, twenty at 34%.
"""

MARKS: Rules[bool] = Rules(
    [
        (Pattern("SyncToAsync.__call__", "asgiref/sync.py"), True),
        (Pattern("AsyncToSync.main_wrap", "asgiref/sync.py"), True),
        (Pattern("ThreadSensitiveContext.__aenter__", "asgiref/sync.py"), True),
        (Pattern("ThreadSensitiveContext.__aexit__", "asgiref/sync.py"), True),
        (Pattern("BaseEventLoop.run_in_executor", "asyncio/base_events.py"), True),
        (Pattern("to_thread", "asyncio/threads.py"), True),
        (Pattern("ThreadPoolExecutor.submit", "concurrent/futures/thread.py"), True),
        # results on their way back to the loop
        (Pattern("_chain_future.<locals>._set_state", "asyncio/futures.py"), True),
        (Pattern("_chain_future.<locals>._call_set_state", "asyncio/futures.py"), True),
        (Pattern("BaseSelectorEventLoop._read_from_self", "asyncio/selector_events.py"), True),
    ]
)
"""Above these frames, as long as nobody else's code runs there, the loop is busy with crossing."""

FRAMEWORK_CALLERS: Rules[bool] = Rules(
    [
        (Pattern("MiddlewareMixin.__acall__", "django/utils/deprecation.py"), True),
        (Pattern("convert_exception_to_response.<locals>.inner", "django/core/handlers/exception.py"), True),
        (Pattern("BaseHandler.get_response_async", "django/core/handlers/base.py"), True),
        (Pattern("BaseHandler._get_response_async", "django/core/handlers/base.py"), True),
        (Pattern("ASGIHandler.__call__", "django/core/handlers/asgi.py"), True),
        (Pattern("ASGIHandler.handle", "django/core/handlers/asgi.py"), True),
        (Pattern("ASGIHandler.run_get_response", "django/core/handlers/asgi.py"), True),
        (Pattern("ASGIHandler.send_response", "django/core/handlers/asgi.py"), True),
        (Pattern("ASGIHandler.read_body", "django/core/handlers/asgi.py"), True),
        (Pattern("Signal.asend", "django/dispatch/dispatcher.py"), True),
        (Pattern("Signal.asend_robust", "django/dispatch/dispatcher.py"), True),
    ]
)
"""Django's own hops: whose code stands below them does not ask for them."""

PLUMBING: Rules[bool] = Rules(
    [
        (Pattern("convert_exception_to_response.<locals>.inner", "django/core/handlers/exception.py"), True),
        (Pattern("MiddlewareMixin.__call__", "django/utils/deprecation.py"), True),
        (Pattern("DatabaseSyncToAsync.thread_handler", "channels/db.py"), True),
    ]
)
"""Between the thread and the work that it was started for."""

CARRIERS = frozenset({packages.STDLIB, "asgiref"})
"""Whose frames carry a hop and are not what it is for."""

REMEDIES = (
    Remedy(
        "cross once: put the steps into one sync function and await sync_to_async(that_function)(…), "
        "instead of one hop for each"
    ),
    Remedy("what needs no thread (no database, no files, no waiting) can be called as it is, without sync_to_async"),
)


class Crossing(NamedTuple):
    """A stack that crosses: where the crossing begins, and who asked for it (-1: nobody on this stack)."""

    mark: int
    caller: int


@dataclass
class _Line:
    """The hops of one line of code."""

    weight: int = 0
    frames: Counter[Frame] = field(default_factory=Counter)
    entries: Counter[tuple[str, Frame]] = field(default_factory=Counter)
    chains: Counter[tuple[Frame, ...]] = field(default_factory=Counter)


def find_crossing(frames: Sequence[Frame], boundary: int, owners: Ownership) -> Crossing | None:
    """Whether these frames, whose leaf runs on the loop, do nothing but cross."""
    mark = -1
    for index in range(len(frames) - 1, boundary - 1, -1):
        if owners.of(frames[index]) not in CARRIERS:
            break
        if MARKS.match(frames[index]):
            mark = index
    return Crossing(mark, _caller(frames, mark, owners)) if mark >= 0 else None


def _caller(frames: Sequence[Frame], mark: int, owners: Ownership) -> int:
    """Who asks for the hop: one of Django's own places, own code, or else the package nearest to it."""
    package = -1
    for index in range(mark - 1, -1, -1):
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
    """The figures, the lines of own code whose hops are too dear, and the others; `judgements` are the stacks'."""
    callers: Counter[tuple[Frame | None, str | None]] = Counter()
    done: Counter[tuple[Frame | None, str | None]] = Counter()
    lines: dict[tuple[str, int], _Line] = {}
    crossed = loop = 0
    for (stack, weight), judgement in zip(stacks.items(), judgements, strict=True):
        if judgement.world == "pool":
            done[_named(stack.frames, index_of_work(stack.frames, judgement.boundary, owners), owners)] += weight
        if judgement.world != "loop":
            continue
        loop += weight
        found = find_crossing(stack.frames, judgement.boundary, owners)
        if found is None:
            continue
        crossed += weight
        callers[_named(stack.frames, found.caller, owners, with_line=True)] += weight
        _add(lines, stack.frames, found, judgement.boundary, weight, owners)
    hops = HopCosts(crossed, confidence.share(crossed, loop), _portions(callers), _portions(done))
    dear = [_finding(line, loop, owners) for line in lines.values() if _is_costly(line.weight, loop)]
    return hops, dear, [_finding(line, loop, owners) for line in lines.values() if not _is_costly(line.weight, loop)]


def index_of_work(frames: Sequence[Frame], boundary: int, owners: Ownership) -> int:
    """What a thread was started for: the first frame that is neither a carrier nor Django's plumbing."""
    for index in range(boundary + 1, len(frames)):
        if owners.of(frames[index]) not in CARRIERS and not PLUMBING.match(frames[index]):
            return index
    return -1


def _named(
    frames: Sequence[Frame], index: int, owners: Ownership, *, with_line: bool = False
) -> tuple[Frame | None, str | None]:
    """A frame to count by: own code by its line where that matters, all other by its function."""
    if index < 0:
        return None, None
    frame, package = frames[index], owners.of(frames[index])
    return (frame if with_line and package is None else frame._replace(line=0)), package


def _portions(counted: Counter[tuple[Frame | None, str | None]]) -> tuple[CodeShare, ...]:
    return tuple(CodeShare(frame, package, weight) for (frame, package), weight in ranked(counted))


def _add(
    lines: dict[tuple[str, int], _Line],
    frames: Sequence[Frame],
    found: Crossing,
    boundary: int,
    weight: int,
    owners: Ownership,
) -> None:
    if found.caller < 0 or owners.of(frames[found.caller]) is not None:
        return
    culprit = frames[found.caller]
    line = lines.setdefault((culprit.file, culprit.line), _Line())
    line.weight += weight
    line.frames[culprit] += weight
    own = [owners.of(frame) is None for frame in frames]
    entry = entries.find_entry(frames, own, loop_start(frames, boundary), found.caller + 1)
    start = entry.position if entry else found.caller
    line.entries[(entry.kind if entry else entries.CALLBACK.kind), frames[start]] += weight
    line.chains[tuple(frames[start : found.mark + 1])] += weight


def _is_costly(weight: int, loop: int) -> bool:
    share = confidence.share(weight, loop)
    return share is not None and share.low >= COSTLY


def _finding(line: _Line, loop: int, owners: Ownership) -> Finding:
    chain = most_common(line.chains)
    return Finding(
        kind="hop-cost",
        evidence=Evidence(sampled=line.weight),
        allowed=False,
        culprit=Culprit(most_common(line.frames)),
        call=chain[-1].function,
        sink=None,
        entries=tuple(Entry(kind, frame, weight) for (kind, frame), weight in ranked(line.entries)),
        chain=tuple(ChainFrame(*frame, owners.of(frame)) for frame in chain),
        remedies=REMEDIES,
        share=confidence.share(line.weight, loop),
    )
