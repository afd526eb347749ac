"""Sync code that is refused its queries by a loop elsewhere in its thread is innocent; who runs the loop is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asyncspy import read
from asyncspy.analyse import analyse
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Dump, Event, Occurrences, Profile, ThreadSnapshot
from asyncspy.report import FORMATS
from asyncspy.report.view import View
from asyncspy.workflow.load_recordings import load_and_analyse
from tests.analyse.stack_samples import ASYNCIO, COUNT, GUARD, HANDLER, frames, profile

GREENLETS = Path(__file__).parents[3] / "fixtures" / "greenlets"
LOG, RAW = GREENLETS / "gevent.log.gz", GREENLETS / "gevent-raw-full.txt.gz"
REFUSED = {("sync view", "newest"): 120, ("sync view", "people"): 115}

WSGI = """
WSGIHandler.__call__ (django/core/handlers/wsgi.py:124)
BaseHandler.get_response (django/core/handlers/base.py:140)
convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:55)
TenantMiddleware.__call__ (shop/middleware.py:9)
convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:55)
BaseHandler._get_response (django/core/handlers/base.py:197)
"""
VIEW, FETCH = "people (shop/views.py:23)\n", "fetch (shop/views.py:3)\n"
RAISED = COUNT + GUARD.format(line=24)
RUNS_LOOP = WSGI + "weather (shop/views.py:19)\n" + ASYNCIO


def the_one(analysed: Profile, source: Callable[[str], str | None] = lambda _file: None) -> Finding:
    (finding,) = analyse(analysed, source=source).findings
    return finding


def entries(finding: Finding) -> dict[tuple[str, str], int]:
    return {(entry.kind, entry.frame.function): entry.weight for entry in finding.entries}


def logged(*text: str) -> Profile:
    return Profile({}, events={Event("async-unsafe", frames(*text)): Occurrences(2)})


def counted(*text: str) -> Profile:
    return Profile({}, events={Event("async-unsafe", frames(*text), captured="raised"): Occurrences(2)})


def test_with_a_recording_beside_the_log_the_greenlet_that_runs_the_loop_is_named() -> None:
    (finding,) = load_and_analyse([LOG, RAW]).analysis.findings
    assert (finding.culprit.frame.function, finding.culprit.frame.line) == ("weather", 19)
    assert (finding.evidence.logged, finding.beside_loop, entries(finding)) == (235, True, REFUSED)
    assert "threadpool.apply(asyncio.run" in finding.remedies[0].text


def test_the_log_alone_blames_nobody_and_says_how_to_find_out() -> None:
    (finding,) = load_and_analyse([LOG]).analysis.findings
    assert (finding.culprit.frame.file, finding.evidence.logged, entries(finding)) == ("", 235, REFUSED)
    assert finding.remedies[0].text.startswith("find out who runs it")
    for render in FORMATS.values():
        shown = render(load_and_analyse([LOG]).analysis, View(width=120))
        assert "sync_to_async(" not in shown


def test_a_recording_alone_names_it_since_other_greenlets_query_meanwhile() -> None:
    (finding,) = load_and_analyse([RAW]).analysis.findings
    assert (finding.culprit.frame.function, finding.evidence.sampled) == ("weather", 33)
    assert {function for _, function in entries(finding)} == {"people", "newest"}


def test_a_dump_that_shows_the_loop_is_enough() -> None:
    dump = Dump((ThreadSnapshot(frames(RUNS_LOOP, FETCH), pid=1, os_id=1),), pid=1)
    assert the_one(Profile({}, events=logged(WSGI, VIEW, RAISED).events, dumps=(dump,))).culprit.frame.line == 19


@pytest.mark.parametrize("told", [logged, counted])
def test_without_any_loop_on_the_way_the_view_is_innocent(told: Callable[..., Profile]) -> None:
    finding = the_one(told(WSGI, VIEW, RAISED))
    assert (finding.beside_loop, finding.culprit.frame.file) == (True, "")
    assert entries(finding) == {("sync view", "people"): 2}


@pytest.mark.parametrize("told", [logged, counted])
@pytest.mark.parametrize("loop", [ASYNCIO, "AsyncToSync.main_wrap (asgiref/sync.py:350)\n"])
def test_a_loop_that_the_view_itself_runs_is_on_the_way(told: Callable[..., Profile], loop: str) -> None:
    finding = the_one(told(WSGI, "weather (shop/views.py:19)\n", loop, FETCH, RAISED))
    assert (finding.beside_loop, finding.culprit.frame.function) == (False, "fetch")


@pytest.mark.parametrize("told", [logged, counted])
def test_a_loop_in_c_has_no_frame_but_the_coroutine_is_the_users_own(told: Callable[..., Profile]) -> None:
    views = {"/srv/shop/shop/views.py": "import x\nasync def fetch():\n    return User.objects.count()\n"}
    finding = the_one(told(WSGI, "weather (shop/views.py:19)\n", FETCH, RAISED), source=views.get)
    assert (finding.beside_loop, finding.culprit.frame.function) == (False, "fetch")


@pytest.mark.parametrize("around", ["", HANDLER])
def test_tracebacks_of_asgi_are_judged_as_before(around: str) -> None:
    assert the_one(logged(around, "checkout (shop/views.py:25)\n", RAISED)).culprit.frame.function == "checkout"


def test_a_reloading_server_that_runs_wsgi_on_its_loop_is_to_blame_and_no_view() -> None:
    serving = (
        "BaseAsyncIOLoop.start (tornado/platform/asyncio.py:205)\nLiveScriptContainer.__call__ (tenants/wsgi.py:4)\n"
    )
    finding = the_one(profile(frames("main (shop/manage.py:9)\n", serving, WSGI, VIEW, RAISED)))
    assert (finding.culprit.package, finding.culprit.frame.function) == ("tenants", "LiveScriptContainer.__call__")


def test_an_async_test_that_uses_the_sync_client_is_the_line_to_change() -> None:
    client = "Client.get (django/test/client.py:927)\n"
    finding = the_one(profile(frames(ASYNCIO, "test_people (shop/tests.py:7)\n", client, WSGI, VIEW, RAISED)))
    assert finding.culprit.frame.function == "test_people"


def test_playwrights_sync_api_keeps_a_loop_in_the_thread_of_the_test() -> None:
    test = "pytest_pyfunc_call (_pytest/python.py:157)\ntest_page (shop/tests.py:7)\n"
    file = "playwright/sync_api/_context_manager.py"
    keeps = frames(f"PlaywrightContextManager.__enter__.<locals>.greenlet_main ({file}:56)", ASYNCIO)
    beside = Profile(profile(keeps).stacks, events=logged(test, RAISED).events)
    finding = the_one(beside)
    assert (finding.culprit.package, finding.beside_loop) == ("playwright", True)
    assert entries(finding) == {("callback", "test_page"): 2}


def test_a_loop_in_one_thread_refuses_nothing_to_other_threads() -> None:
    assert not analyse(profile(frames(RUNS_LOOP, FETCH), frames(WSGI, VIEW, COUNT))).findings


def test_a_hub_without_work_is_idle() -> None:
    (recording,) = read.load_all([RAW])
    hub = profile(next(stack.frames for stack in recording.stacks if stack.frames[-1].function == "Hub.run"))
    assert analyse(hub).samples.idle == 1


def test_a_loop_that_is_hardly_there_gets_no_bound_that_says_nothing() -> None:
    stacks = {**dict.fromkeys(profile(frames(WSGI, VIEW)).stacks, 300), **profile(frames(ASYNCIO, FETCH)).stacks}
    shown = FORMATS["terminal"](analyse(Profile(stacks)), View(width=200))
    assert "Only 1 of 301 samples ran on an event loop" in shown
    assert "mostly runs sync code" in shown
    assert "95%" not in shown
    assert "rarer calls" not in shown
