"""Sync-only middleware is named by the line that calls on; what merely runs in a thread, or is a sync view, is not."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.hops.sync_middleware import find_sync_middleware
from asyncspy.model.stacks import Profile, Stack
from tests.analyse.stack_samples import ASYNCIO, HANDLER, OWN, POOL, SPELLINGS, Spelling, frames

INNER = "convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:55)\n"
MIXIN = "MiddlewareMixin.__call__ (django/utils/deprecation.py:120)\n"
OURS = "SyncOnly.__call__ (middleware.py:16)\n"
FUNCTION = "function_style.<locals>.middleware (middleware.py:25)\n"
WHITENOISE = "WhiteNoiseMiddleware.__call__ (whitenoise/middleware.py:124)\n"
CALLS_ON = "AsyncToSync.__call__ (asgiref/sync.py:342)\n"
WAITS = """CurrentThreadExecutor.run_until_future (asgiref/current_thread_executor.py:80)
Queue.get (queue.py:171)
Condition.wait (threading.py:355)
"""
ON_BEHALF = """CurrentThreadExecutor.run_until_future (asgiref/current_thread_executor.py:85)
_WorkItem.run (asgiref/current_thread_executor.py:35)
SyncToAsync.thread_handler (asgiref/sync.py:635)
"""
SYNC_VIEW = "BaseHandler._get_response (django/core/handlers/base.py:197)\nreport (views.py:9)\n"

PINNED = {
    "it waits": ((POOL, INNER, OURS, CALLS_ON, WAITS), "SyncOnly.__call__", 0),
    "it has just called": ((POOL, INNER, OURS, CALLS_ON), "SyncOnly.__call__", 0),
    "its thread works for the request": ((POOL, INNER, OURS, CALLS_ON, ON_BEHALF, "load (pricing.py:3)"),
                                         "SyncOnly.__call__", 0),
    "a function": ((POOL, INNER, FUNCTION, CALLS_ON, WAITS), "function_style.<locals>.middleware", 0),
    "it drags two along": ((POOL, INNER, MIXIN, INNER, MIXIN, INNER, OURS, CALLS_ON, WAITS), "SyncOnly.__call__", 2),
    "of a package": ((POOL, INNER, WHITENOISE, CALLS_ON, WAITS), "WhiteNoiseMiddleware.__call__", 0),
    "a mixin that is sync-only": ((POOL, INNER, MIXIN, CALLS_ON, WAITS), "MiddlewareMixin.__call__", 0),
}  # fmt: skip
INNOCENT = {
    "a sync view that calls a coroutine": (POOL, "report (views.py:9)\n", CALLS_ON, WAITS),
    "the same under sync middleware": (POOL, INNER, OURS, SYNC_VIEW, CALLS_ON, WAITS),
    "process_request in a thread": (POOL, "Stamp.process_request (middleware.py:33)\n"),
    "a WSGI worker": (INNER, OURS, CALLS_ON, WAITS),
    "an async middleware": (ASYNCIO, HANDLER, "Able.__call__ (middleware.py:53)\n"),
    "an async view behind sync middleware under WSGI": (
        INNER, OURS, INNER, "BaseHandler._get_response (django/core/handlers/base.py:197)\n", CALLS_ON, WAITS
    ),
}  # fmt: skip
EVERY_SPELLING = pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)


@EVERY_SPELLING
@pytest.mark.parametrize(("parts", "name", "drags"), PINNED.values(), ids=PINNED)
def test_what_calls_on_through_async_to_sync_is_named(
    parts: tuple[str, ...], name: str, drags: int, spell: Spelling
) -> None:
    stack = tuple(spell(frame) for frame in frames(*parts))
    found = find_sync_middleware(stack)
    assert found is not None
    assert stack[found.middleware].function in {name, name.rpartition(".")[2]}
    assert found.drags == drags


@EVERY_SPELLING
@pytest.mark.parametrize("parts", INNOCENT.values(), ids=INNOCENT)
def test_what_does_not_is_not(parts: tuple[str, ...], spell: Spelling) -> None:
    assert find_sync_middleware(tuple(spell(frame) for frame in frames(*parts))) is None


def seen(*parts: str, weight: int = 5) -> Profile:
    return Profile({Stack(frames(*parts)): weight, Stack(frames(ASYNCIO, HANDLER)): 20})


def test_a_finding_names_the_line_and_what_to_do() -> None:
    (finding,) = analyse(seen(POOL, INNER, MIXIN, INNER, OURS, CALLS_ON, WAITS)).findings
    assert (finding.kind, finding.culprit.frame.line, finding.culprit.package) == ("sync-middleware", 16, None)
    assert (finding.evidence.sampled, finding.drags, finding.threads) == (5, 1, None)
    assert "async_capable" in finding.remedies[0].text
    assert [link.function for link in finding.chain][-2:] == ["SyncOnly.__call__", "AsyncToSync.__call__"]


def test_the_frames_are_proof_however_few_the_samples() -> None:
    (finding,) = analyse(seen(POOL, INNER, OURS, CALLS_ON, weight=1)).findings
    assert finding.evidence.sampled == 1


@pytest.mark.parametrize(
    ("line", "found"), [("response = self.get_response(request)", 1), ("user = async_to_sync(fetch)(request)", 0)]
)
def test_the_source_tells_a_coroutine_of_its_own_from_the_rest_of_the_stack(line: str, found: int) -> None:
    source = {OWN + "middleware.py": "\n" * 15 + f"        {line}\n"}
    analysis = analyse(seen(POOL, INNER, OURS, CALLS_ON, WAITS), source=source.get)
    assert len(analysis.findings) == found


@pytest.mark.parametrize(("parts", "says"), [((INNER, WHITENOISE), "release"), ((INNER, MIXIN), "start-up")])
def test_what_is_not_ours_gets_another_remedy(parts: tuple[str, ...], says: str) -> None:
    (finding,) = analyse(seen(POOL, *parts, CALLS_ON, WAITS)).findings
    assert finding.culprit.package is not None
    assert says in finding.remedies[0].text
