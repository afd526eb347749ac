"""What crossing costs: counted where nothing else runs, put to who asked for it, a finding only where it is dear."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.hops import hop_costs
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.model.findings import CodeShare
from asyncspy.model.stacks import Frame, Origin, Profile, Stack
from tests.analyse.stack_samples import ASYNCIO, COUNT, HANDLER, POOL, SPELLINGS, UVLOOP, Spelling, frames

ACROSS = "SyncToAsync.__call__ (asgiref/sync.py:567)\n"
SUBMIT = "ThreadPoolExecutor.submit (concurrent/futures/thread.py:178)\n"
START = "Thread.start (threading.py:992)\nEvent.wait (threading.py:655)\nCondition.wait (threading.py:355)\n"
VIEW = "checkout (views.py:25)\n"
HELPER = "customers (pricing.py:17)\n"
ACALL = "MiddlewareMixin.__acall__ (django/utils/deprecation.py:132)\n"
ACOUNT = "QuerySet.acount (django/db/models/query.py:609)\n"
AEXIT = "ThreadSensitiveContext.__aexit__ (asgiref/sync.py:207)\n"
MAIN_WRAP = "AsyncToSync.main_wrap (asgiref/sync.py:467)\n"
SET_STATE = "_chain_future.<locals>._set_state (asyncio/futures.py:381)\n"
CALL_HANDLER = "ASGIHandler.__call__ (django/core/handlers/asgi.py:165)\n"

OWNERS = Ownership()
EVERY_SPELLING = pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)

CROSSES = {
    "a hop of a view": ((ASYNCIO, HANDLER, VIEW, ACROSS, SUBMIT), "checkout"),
    "of a helper that a view awaits": ((ASYNCIO, HANDLER, VIEW, HELPER, ACROSS), "customers"),
    "of an a-method of the ORM": ((ASYNCIO, HANDLER, VIEW, ACOUNT, ACROSS, SUBMIT, START), "checkout"),
    "of Django's middleware": ((UVLOOP, HANDLER, VIEW, ACALL, ACROSS, SUBMIT), "MiddlewareMixin.__acall__"),
    "the end of a request": ((ASYNCIO, CALL_HANDLER, AEXIT, START), "ASGIHandler.__call__"),
    "a task made for a hop": ((ASYNCIO, ACROSS, SUBMIT), None),
    "a result on its way back": ((ASYNCIO, SET_STATE), None),
    "back from sync middleware": ((ASYNCIO, MAIN_WRAP, "Future.set_result (concurrent/futures/_base.py:550)"), None),
}
WORKS = {
    "a view": (ASYNCIO, HANDLER, VIEW),
    "the standard library on behalf of a view": (ASYNCIO, HANDLER, VIEW, "dumps (json/__init__.py:231)"),
    "the async part of a sync middleware": (ASYNCIO, MAIN_WRAP, HANDLER, VIEW),
    "the loop": (ASYNCIO,),
    "a thread that a view starts": (ASYNCIO, HANDLER, VIEW, START),
}


@EVERY_SPELLING
@pytest.mark.parametrize(("parts", "caller"), CROSSES.values(), ids=CROSSES)
def test_crossing_and_who_asks_for_it(parts: tuple[str, ...], caller: str | None, spell: Spelling) -> None:
    stack = tuple(spell(frame) for frame in frames(*parts))
    found = hop_costs.find_crossing(stack, judge_stack(stack).boundary, OWNERS)
    assert found is not None
    who = stack[found.caller].function if found.caller >= 0 else None
    assert who == caller or (caller is not None and who == caller.rpartition(".")[2])


@EVERY_SPELLING
@pytest.mark.parametrize("parts", WORKS.values(), ids=WORKS)
def test_work_is_no_crossing(parts: tuple[str, ...], spell: Spelling) -> None:
    stack = tuple(spell(frame) for frame in frames(*parts))
    assert hop_costs.find_crossing(stack, judge_stack(stack).boundary, OWNERS) is None


MARKS = """
SyncToAsync.__call__ (asgiref/sync.py:567)
AsyncToSync.main_wrap (asgiref/sync.py:467)
ThreadSensitiveContext.__aenter__ (asgiref/sync.py:200)
ThreadSensitiveContext.__aexit__ (asgiref/sync.py:207)
BaseEventLoop.run_in_executor (asyncio/base_events.py:860)
to_thread (asyncio/threads.py:25)
ThreadPoolExecutor.submit (concurrent/futures/thread.py:178)
_chain_future.<locals>._set_state (asyncio/futures.py:381)
_chain_future.<locals>._call_set_state (asyncio/futures.py:400)
BaseSelectorEventLoop._read_from_self (asyncio/selector_events.py:120)
"""
DJANGOS = """
MiddlewareMixin.__acall__ (django/utils/deprecation.py:132)
convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:44)
BaseHandler.get_response_async (django/core/handlers/base.py:165)
BaseHandler._get_response_async (django/core/handlers/base.py:257)
ASGIHandler.__call__ (django/core/handlers/asgi.py:165)
ASGIHandler.handle (django/core/handlers/asgi.py:233)
ASGIHandler.run_get_response (django/core/handlers/asgi.py:248)
ASGIHandler.send_response (django/core/handlers/asgi.py:330)
ASGIHandler.read_body (django/core/handlers/asgi.py:260)
Signal.asend (django/dispatch/dispatcher.py:280)
Signal.asend_robust (django/dispatch/dispatcher.py:350)
"""
PLUMBING = """
convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:55)
MiddlewareMixin.__call__ (django/utils/deprecation.py:120)
DatabaseSyncToAsync.thread_handler (channels/db.py:13)
"""


@pytest.mark.parametrize("mark", MARKS.strip().splitlines())
def test_every_frame_that_only_crosses(mark: str) -> None:
    stack = frames(ASYNCIO, VIEW, mark)
    assert hop_costs.find_crossing(stack, judge_stack(stack).boundary, OWNERS) is not None


@pytest.mark.parametrize("frame", DJANGOS.strip().splitlines())
def test_every_place_where_django_hops_for_itself(frame: str) -> None:
    """An own ASGI wrapper or middleware stands below, and asks for nothing."""
    stack = frames(ASYNCIO, "application (asgi.py:19)", frame, ACROSS)
    found = hop_costs.find_crossing(stack, judge_stack(stack).boundary, OWNERS)
    assert found is not None
    assert stack[found.caller] == frames(frame)[0]


@pytest.mark.parametrize("frame", PLUMBING.strip().splitlines())
def test_what_stands_between_a_thread_and_its_work_is_not_the_work(frame: str) -> None:
    stack = frames(POOL, frame, HELPER)
    assert stack[hop_costs.index_of_work(stack, len(frames(POOL)) - 1, OWNERS)].function == "customers"


def weighed(*parts: tuple[tuple[str, ...], int]) -> Profile:
    return Profile({Stack(frames(*texts)): weight for texts, weight in parts}, (Origin("py-spy 0.4.3", "gil", 100),))


def test_the_figures_add_up() -> None:
    process = "SessionMiddleware.process_request (django/contrib/sessions/middleware.py:19)\n"
    analysis = analyse(
        weighed(
            ((ASYNCIO, HANDLER, VIEW, ACROSS, SUBMIT), 2),
            ((ASYNCIO, HANDLER, ACALL, ACROSS, SUBMIT), 6),
            ((ASYNCIO, SET_STATE), 2),
            ((ASYNCIO, HANDLER, VIEW), 90),
            ((POOL, process), 4),
            ((POOL, HELPER, COUNT), 3),
            ((POOL,), 1),
        )
    )
    figures = analysis.hops
    assert figures is not None
    assert figures.share is not None
    assert (figures.samples, figures.share.share) == (10, 0.1)
    assert [(p.frame and p.frame.function, p.package, p.weight) for p in figures.callers] == [
        ("MiddlewareMixin.__acall__", "django", 6),
        ("checkout", None, 2),
        (None, None, 2),
    ]
    assert [(p.frame and p.frame.function, p.weight) for p in figures.work] == [
        ("SessionMiddleware.process_request", 4),
        ("customers", 3),
        (None, 1),
    ]
    assert sum(p.weight for p in figures.work) == analysis.samples.pool


@pytest.mark.parametrize(("samples", "kinds"), [(40, ["hop-cost"]), (21, [])])
def test_only_a_line_with_dear_hops_is_a_finding(samples: int, kinds: list[str]) -> None:
    profile = weighed(((ASYNCIO, HANDLER, VIEW, HELPER, ACROSS, SUBMIT), samples), ((ASYNCIO,), 100 - samples))
    analysis = analyse(profile)
    assert [finding.kind for finding in analysis.findings] == kinds
    assert analysis.verdict == "none-seen"
    for finding in analysis.findings:
        assert finding.culprit.frame.function == "customers"
        assert [(entry.kind, entry.frame.function) for entry in finding.entries] == [("async view", "checkout")]
        assert finding.evidence.sampled == samples
        assert finding.remedies


def test_djangos_own_hops_are_never_a_finding() -> None:
    analysis = analyse(weighed(((ASYNCIO, HANDLER, ACALL, ACROSS, SUBMIT), 80), ((ASYNCIO,), 20)))
    assert analysis.findings == ()
    assert analysis.hops is not None
    assert analysis.hops.callers == (
        CodeShare(Frame("MiddlewareMixin.__acall__", frames(ACALL)[0].file, 0), "django", 80),
    )
