"""Find sync-only middleware on stacks: it calls the next one through `AsyncToSync` and occupies a thread for that.

Django puts `async_to_sync` around what such a middleware wraps, so the frame that calls `AsyncToSync.__call__` is the
middleware's. A sync view may call `async_to_sync` as well; only what Django's `inner` called is middleware.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from asyncspy.analyse.line_samples import LineSamples
from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stacks import worlds
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import Pattern, any_of, distinct_frames
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Frame, Stack

ASYNC_TO_SYNC = any_of(Pattern("AsyncToSync.__call__", "asgiref/sync.py"))
INNER = any_of(Pattern("convert_exception_to_response.<locals>.inner", "django/core/handlers/exception.py"))
VIEW_CALLER = any_of(Pattern("BaseHandler._get_response", "django/core/handlers/base.py"))


class SyncMiddleware(NamedTuple):
    """A sync-only middleware on a stack: the indexes where its thread begins and of its frame.

    `drags` is how many other middlewares run in the same thread because of it.
    """

    start: int
    middleware: int
    drags: int


@dataclass
class _MiddlewareSamples(LineSamples):
    drags: int = 0


def middleware_findings(
    stacks: Mapping[Stack, int], ticks: int | None, source: SourceReader, owners: Ownership
) -> list[Finding]:
    """Find every sync-only middleware; `ticks` is how often each thread was sampled, where waits were."""
    found: dict[tuple[str, str], _MiddlewareSamples] = {}
    adapters = set(filter(ASYNC_TO_SYNC.match, distinct_frames(stacks)))
    for stack, weight in stacks.items():
        frames = stack.frames
        on_stack = None if adapters.isdisjoint(frames) else find_sync_middleware(frames)
        if on_stack is not None:
            start, index, drags = on_stack
            each = found.setdefault((frames[index].file, frames[index].function), _MiddlewareSamples())
            each.drags = max(each.drags, drags)
            first = next((i for i in range(start, index) if INNER.match(frames[i])), index)
            each.add(frames[index], frames[first : index + 2], weight)
    return [_finding(each, ticks, owners) for each in found.values() if _calls_next(each.culprit, source)]


def _calls_next(frame: Frame, source: SourceReader) -> bool:
    """Whether the line calls the next middleware, and not some coroutine of its own, as far as its source tells."""
    lines = (source(frame.file) or "").splitlines()
    return not 0 < frame.line <= len(lines) or "get_response" in lines[frame.line - 1]


def find_sync_middleware(frames: Sequence[Frame]) -> SyncMiddleware | None:
    """The sync-only middleware nearest the root; in a pool's thread only, since under WSGI nothing is adapted."""
    start = next((i for i, frame in enumerate(frames) if worlds.boundary_side(frame) == "pool"), -1)
    if start < 0:
        return None
    inners = 0
    for index in range(start + 1, len(frames)):
        frame = frames[index]
        if VIEW_CALLER.match(frame):
            return None
        inners += bool(INNER.match(frame))
        if ASYNC_TO_SYNC.match(frame):
            is_middleware = inners and not INNER.match(frames[index - 1])
            return SyncMiddleware(start, index - 1, inners - 1) if is_middleware else None
    return None


def _finding(each: _MiddlewareSamples, ticks: int | None, owners: Ownership) -> Finding:
    finding = each.finding("sync-middleware", "get_response", (), owners)
    return replace(
        finding, sink="AsyncToSync.__call__", threads=each.weight / ticks if ticks else None, drags=each.drags
    )
