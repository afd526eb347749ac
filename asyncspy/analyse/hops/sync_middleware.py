"""Stacks to the sync-only middleware among them: the one that calls on through `AsyncToSync` and pins a thread.

Django puts `async_to_sync` around what such a middleware wraps, so the frame that calls `AsyncToSync.__call__` is its.
A sync view may call `async_to_sync` as well; only what Django's `inner` called is middleware.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from asyncspy.analyse.ranking import most_common
from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stacks import worlds
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import Pattern, Rules
from asyncspy.model.findings import Culprit, Evidence, Finding, Remedy
from asyncspy.model.stacks import ChainFrame, Frame, Stack, distinct_frames

ASYNC_TO_SYNC: Rules[bool] = Rules([(Pattern("AsyncToSync.__call__", "asgiref/sync.py"), True)])
INNER: Rules[bool] = Rules(
    [(Pattern("convert_exception_to_response.<locals>.inner", "django/core/handlers/exception.py"), True)]
)
VIEW_DOOR: Rules[bool] = Rules([(Pattern("BaseHandler._get_response", "django/core/handlers/base.py"), True)])
MIXIN: Rules[bool] = Rules([(Pattern("MiddlewareMixin.__call__", "django/utils/deprecation.py"), True)])

CONVERT = Remedy(
    "make it async-capable: async_capable = True and an async __call__ beside the sync one "
    "(sync_and_async_middleware for a function), with nothing in it that blocks"
)
UPDATE = Remedy(
    "look for a release of this package whose middleware is async-capable; it cannot be mended in your own code"
)
WHICH = Remedy(
    "find out which it is: a subclass of MiddlewareMixin with async_capable = False; with the logger django.request at "
    "DEBUG, Django names it at start-up (Asynchronous handler adapted for middleware …)"
)


class SyncMiddleware(NamedTuple):
    """Where on a stack the middleware stands, where its thread begins, and how many others run in the same thread."""

    start: int
    middleware: int
    drags: int


@dataclass
class _Middleware:
    weight: int = 0
    drags: int = 0
    frames: Counter[Frame] = field(default_factory=Counter)
    chains: Counter[tuple[Frame, ...]] = field(default_factory=Counter)

    @property
    def culprit(self) -> Frame:
        return most_common(self.frames)


def middleware_findings(
    stacks: Mapping[Stack, int], ticks: int | None, source: SourceReader, owners: Ownership
) -> list[Finding]:
    """Every sync-only middleware that was seen; `ticks` is how often each thread was looked at, if waits count."""
    found: dict[tuple[str, str], _Middleware] = {}
    adapted = set(filter(ASYNC_TO_SYNC.match, distinct_frames(stacks)))
    for stack, weight in stacks.items():
        pinned = None if adapted.isdisjoint(stack.frames) else find_sync_middleware(stack.frames)
        if pinned is not None:
            _add(found, stack.frames, pinned, weight)
    return [_finding(each, ticks, owners) for each in found.values() if _calls_on(each, source)]


def _calls_on(each: _Middleware, source: SourceReader) -> bool:
    """Whether the line calls the rest of the stack, and not some coroutine of its own, as far as its source tells."""
    frame = each.culprit
    lines = (source(frame.file) or "").splitlines()
    return not 0 < frame.line <= len(lines) or "get_response" in lines[frame.line - 1]


def find_sync_middleware(frames: Sequence[Frame]) -> SyncMiddleware | None:
    """The sync-only middleware on these frames, nearest the root; in a pool thread only, as under WSGI none adapts."""
    start = next((i for i, frame in enumerate(frames) if worlds.boundary_side(frame) == "pool"), -1)
    if start < 0:
        return None
    inners = 0
    for index in range(start + 1, len(frames)):
        frame = frames[index]
        if VIEW_DOOR.match(frame):
            return None
        inners += bool(INNER.match(frame))
        if ASYNC_TO_SYNC.match(frame):
            return (
                SyncMiddleware(start, index - 1, inners - 1) if inners and not INNER.match(frames[index - 1]) else None
            )
    return None


def middleware_remedy(culprit: Culprit) -> Remedy:
    """What to do about a sync-only middleware."""
    return WHICH if MIXIN.match(culprit.frame) else UPDATE if culprit.package else CONVERT


def _add(
    found: dict[tuple[str, str], _Middleware], frames: Sequence[Frame], pinned: SyncMiddleware, weight: int
) -> None:
    culprit = frames[pinned.middleware]
    each = found.setdefault((culprit.file, culprit.function), _Middleware())
    each.weight += weight
    each.drags = max(each.drags, pinned.drags)
    each.frames[culprit] += weight
    first = next((i for i in range(pinned.start, pinned.middleware) if INNER.match(frames[i])), pinned.middleware)
    each.chains[tuple(frames[first : pinned.middleware + 2])] += weight


def _finding(each: _Middleware, ticks: int | None, owners: Ownership) -> Finding:
    culprit = each.culprit
    package = owners.of(culprit)
    return Finding(
        kind="sync-middleware",
        evidence=Evidence(sampled=each.weight),
        allowed=False,
        culprit=Culprit(culprit, package),
        call="get_response",
        sink="AsyncToSync.__call__",
        entries=(),
        chain=tuple(ChainFrame(*frame, owners.of(frame)) for frame in most_common(each.chains)),
        remedies=(middleware_remedy(Culprit(culprit, package)),),
        threads=each.weight / ticks if ticks else None,
        drags=each.drags,
    )
