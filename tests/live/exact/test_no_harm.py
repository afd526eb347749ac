"""What goes on in a worker, or is done to it, while asyncspy wants to count there: no harm, and clear words."""

from __future__ import annotations

import http.client
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from asyncspy.discover.servers.find import inspect_process
from asyncspy.errors import SamplerError, TargetError
from asyncspy.sample.inside import hook_session
from asyncspy.sample.inside.hook_session import HookSession
from tests.live.exact.attached import asking_all_the_time, attach, captured, report, versions, wait_until_in
from tests.live.exact.served import Served, starting
from tests.live.exact.test_leaves_nothing import PATIENCE, look
from tests.live.processes import eventually

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]


@versions("3.12", "3.14")
def test_a_second_one_is_refused_and_the_first_counts_on(version: str, tmp_path: Path) -> None:
    with starting(version, {"GUARD_EVERY": "2"}) as served, attach(served, tmp_path / "first.json") as first:
        wait_until_in(first, served)
        before = Counter(served.state()["made"])
        with attach(served, tmp_path / "second.json") as second:
            said = second.communicate(timeout=60)[1]
        assert second.returncode == 3
        assert "another asyncspy counts in" in said
        served.ask(40)
        made = Counter(served.state()["made"]) - before
        del made["raised"]
        assert captured(report(first)) == made


@versions("3.14")
def test_a_worker_that_ends_meanwhile_ends_the_count(version: str, tmp_path: Path) -> None:
    with starting(version, {"GUARD_EVERY": "2"}) as served, attach(served, tmp_path) as attached:
        wait_until_in(attached, served)
        served.ask(10)
        psutil.Process(served.pid).send_signal(signal.SIGKILL)
        said = attached.communicate(timeout=60)[1]
    assert attached.returncode == 3, said
    assert f"process {served.pid} ended, and the calls counted in it are lost" in said


@versions("3.14")
def test_children_forked_meanwhile_are_none_of_its_business(version: str, tmp_path: Path) -> None:
    with starting(version, {"GUARD_EVERY": "2"}) as served:
        with attach(served, tmp_path) as attached:
            if not served.inside:  # the app listens as requests begin, and this one holds the loop for most of the time
                wait_until_in(attached, served)
            with in_background(served, "/fork/6") as answer:
                if served.inside:
                    wait_until_in(attached, served)
            told = report(attached)
        forked, failed = map(int, answer[0].split())
        assert forked > 2
        assert failed == 0
        assert captured(told) == {}


@versions("3.14")
def test_one_that_is_blocked_in_c_is_left_alone(version: str) -> None:
    with starting(version) as served:
        served.ask(20)
        before = look(served)
        with held(served), pytest.raises(TargetError) as refused:
            HookSession(inspect_process(served.pid), seconds=1.0)
        assert ("reached no point" if version != "ours" else "did not answer within") in refused.value.message
        assert eventually(lambda: look(served) == before, timeout=PATIENCE)


@versions("3.14")
def test_one_that_blocks_while_it_is_counted_lets_the_hook_out_afterwards(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook_session, "ANSWER_SECONDS", 1.0)
    with starting(version) as served:
        served.ask(20)
        before = look(served)
        with asking_all_the_time(served):
            session = HookSession(inspect_process(served.pid))
        with held(served), pytest.raises(SamplerError, match="removes itself as soon as the loop runs again"):
            session.stop()
        assert eventually(lambda: look(served) == before, timeout=PATIENCE)


@versions("3.14")
def test_where_it_cannot_be_it_says_what_can(version: str, tmp_path: Path) -> None:
    env = {"PYTHON_DISABLE_REMOTE_DEBUG": "1", "GUARD_APP": ""}
    with starting(version, env) as served, attach(served, tmp_path) as attached:
        said = attached.communicate(timeout=60)[1]
    assert attached.returncode == 3, said
    if served.inside:
        assert "PYTHON_DISABLE_REMOTE_DEBUG" in said
    else:
        assert "add 'asyncspy.django' to INSTALLED_APPS" in said
    assert f"asyncspy attach --pid {served.pid}" in said


@contextmanager
def held(served: Served) -> Iterator[None]:
    """Its loop, and with it its main thread, is in C until this ends."""
    with in_background(served, "/hold") as answer:
        assert eventually(lambda: not _answers(served), timeout=30)
        try:
            yield
        finally:

            def released() -> bool:
                os.kill(served.pid, signal.SIGUSR2)
                return bool(answer)

            assert eventually(released, timeout=60)


def _answers(served: Served) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=0.5)
    try:
        connection.request("GET", "/ready")
        connection.getresponse()
    except TimeoutError:
        return False
    finally:
        connection.close()
    return True


@contextmanager
def in_background(served: Served, path: str) -> Iterator[list[str]]:
    """A page that is asked for meanwhile, and answered at the end."""
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(served.get(path)), daemon=True)
    asking.start()
    yield answers
    asking.join(60)
    assert answers, f"{path} was never answered"
