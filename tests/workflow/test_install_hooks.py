"""Installing hooks: in the workers of now and of later, and what a person asks for in between is heeded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from asyncspy.errors import EndedError, TargetError
from asyncspy.model.processes import Worker
from asyncspy.sample.inside.hook_session import NotReadyError
from asyncspy.workflow.counting import install_hooks
from asyncspy.workflow.counting.install_hooks import MAX_LINES, HookInstaller
from asyncspy.workflow.feedback import Feedback
from asyncspy.workflow.machine import Machine
from tests.live.processes import eventually

MASTER = Worker(10, 1, "master", True, "gunicorn", python="3.12.1")
FIRST, SECOND = (Worker(pid, 10, "worker", True, "gunicorn", python="3.12.1", started_at=50.0) for pid in (11, 12))


class Heard(Feedback):
    """What was said; `stop` is requested at the question if that is asked for."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.questions = 0
        self.at_the_question: Callable[[], None] = lambda: None

    def say(self, text: str) -> None:
        self.said.append(text)

    note = warn = say

    def confirm(self, question: str) -> bool:  # noqa: ARG002
        self.questions += 1
        self.at_the_question()
        return True


@dataclass
class Sessions:
    """Hooks that are only noted. `errors` are raised one after the other by the worker's pid; `app` lets them in."""

    errors: dict[int, list[Exception]] = field(default_factory=dict)
    app: bool = False
    pids: list[int] = field(default_factory=list)
    tried: list[tuple[int, bool]] = field(default_factory=list)

    def start(self, worker: Worker, _given_up: object, *, may_inject: bool = False, seconds: float = 10.0) -> object:
        if not may_inject and not self.app and seconds < 10:
            raise TargetError("asyncspy.django did not answer", remedy="none")
        self.tried.append((worker.pid, may_inject))
        if errors := self.errors.get(worker.pid):
            raise errors.pop(0)
        self.pids.append(worker.pid)
        return SimpleNamespace(runner=None)


@dataclass
class Place:
    """A run at a master, whose workers are in `workers`."""

    heard: Heard
    sessions: Sessions
    workers: list[Worker]
    installer: HookInstaller
    stop: SimpleNamespace
    targets: list[Worker]

    def tried(self) -> list[int]:
        return [pid for pid, _ in self.sessions.tried]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(install_hooks, "low_quota_note", lambda _pid: None)
    monkeypatch.setattr(install_hooks, "RETRY_SECONDS", 0.01)
    workers = [FIRST]
    machine = Machine(
        workers_of=lambda _worker: list(workers),
        is_running=lambda pid: pid in {worker.pid for worker in workers},
        child_pids=lambda _pid: {worker.pid for worker in workers},
    )
    stop = SimpleNamespace(requested=False, interrupted=False, wait=time.sleep)
    heard, sessions, targets = Heard(), Sessions(), [MASTER]
    options = SimpleNamespace(inject=True, assume_yes=False)
    run: Any = SimpleNamespace(options=options, feedback=heard, stop=stop, targets=targets, machine=machine)
    made = Place(heard, sessions, workers, HookInstaller(run, sessions), stop, targets)  # type: ignore[arg-type]
    yield made
    made.installer.end()


def test_no_hook_is_installed_after_a_stop_was_requested(place: Place) -> None:
    place.workers.append(SECOND)
    place.heard.at_the_question = lambda: setattr(place.stop, "requested", True)
    with pytest.raises(KeyboardInterrupt):
        place.installer.begin()
    assert place.tried() == []


def test_the_question_is_asked_once(place: Place) -> None:
    place.workers.append(SECOND)
    place.installer.begin()
    assert place.sessions.tried == [(11, True), (12, True)]
    assert place.heard.questions == 1
    assert "process 11, 12:" in place.heard.said[0]


def test_where_the_app_answers_nothing_is_injected(place: Place) -> None:
    place.sessions.app = True
    place.installer.begin()
    assert place.sessions.tried == [(11, False)]
    assert place.heard.questions == 0
    assert any("--inject is not needed in process 11" in each for each in place.heard.said)


def test_the_first_error_is_raised_where_no_hook_could_be_installed(place: Place) -> None:
    place.sessions.errors = {11: [TargetError("no room", remedy="none")]}
    with pytest.raises(TargetError, match="no room"):
        place.installer.begin()
    assert place.tried() == [11]


def test_workers_that_are_replaced_at_the_beginning_are_no_error(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only worker ends while it is rehearsed; the next has not loaded Django at first."""
    young = replace(SECOND, started_at=time.time())
    start = place.sessions.start

    def ends(worker: Worker, given_up: object, **how: Any) -> object:
        if worker == FIRST and how.get("may_inject"):
            place.workers[:] = [young]
            place.sessions.tried.append((11, True))
            raise TargetError("process 11 ended", remedy="none")
        return start(worker, given_up, **how)

    monkeypatch.setattr(place.sessions, "start", ends)
    place.sessions.errors = {12: [NotReadyError("it has not loaded django", remedy="none")]}
    place.installer.begin()
    assert place.tried() == [11, 12, 12]
    assert place.sessions.pids == [12]
    assert not any("nothing is counted there" in each for each in place.heard.said)


def test_one_that_is_about_to_end_is_waited_for(place: Place) -> None:
    """Its memory is gone before its process is."""
    place.sessions.errors = {11: [EndedError("it ended", remedy="none")]}
    place.installer.begin()
    assert place.tried() == [11, 11]
    assert place.sessions.pids == [11]


def test_one_that_never_loads_django_is_an_error_once_it_is_no_longer_young(place: Place) -> None:
    place.sessions.errors = {11: [NotReadyError("it has not loaded django", remedy="none")]}
    with pytest.raises(TargetError, match="has not loaded django"):
        place.installer.begin()


def test_a_target_that_has_ended_is_an_error(place: Place) -> None:
    place.targets[:], place.workers[:] = [FIRST], []
    place.sessions.errors = {11: [TargetError("process 11 ended", remedy="none")]}
    with pytest.raises(TargetError, match="process 11 ended"):
        place.installer.begin()


def test_later_workers_are_counted_in_without_a_question(place: Place) -> None:
    place.installer.begin()
    place.workers[:] = [SECOND]
    assert eventually(lambda: place.sessions.pids == [11, 12], timeout=10)
    place.workers[:] = [replace(SECOND, started_at=90.0)]  # another process with the same pid
    place.sessions.pids.clear()
    place.workers.append(FIRST)
    assert eventually(lambda: sorted(place.sessions.pids) == [11, 12], timeout=10)
    assert place.heard.questions == 1


def test_a_later_worker_is_not_injected_into_if_nobody_was_asked(place: Place) -> None:
    place.sessions.app = True
    place.installer.begin()
    place.sessions.app = False
    place.workers[:] = [replace(SECOND, ppid=99)]
    assert eventually(lambda: len(place.sessions.tried) == 2, timeout=10)
    assert place.sessions.tried[1] == (12, False)
    assert place.heard.questions == 0


def test_a_worker_is_tried_once(place: Place) -> None:
    place.workers.append(SECOND)
    place.sessions.errors = {12: [TargetError("no room", remedy="none")]}
    place.installer.begin()
    place.workers.append(replace(SECOND, pid=13))
    assert eventually(lambda: 13 in place.sessions.pids, timeout=10)
    assert place.tried() == [11, 12, 13]
    assert sum("no room" in each for each in place.heard.said) == 1


@pytest.mark.parametrize("error", [ProcessLookupError("no such process"), psutil.NoSuchProcess(12)])
def test_a_worker_that_ends_while_it_is_looked_at_stops_nobody(place: Place, error: Exception) -> None:
    """It is neither an AsyncspyError nor the end of the thread that looks for new workers."""
    place.installer.begin()
    place.sessions.errors = {12: [error]}
    place.workers.append(SECOND)
    assert eventually(lambda: 12 in place.tried(), timeout=10)
    place.workers.append(replace(SECOND, pid=13))
    assert eventually(lambda: 13 in place.sessions.pids, timeout=10)
    assert [each for each in place.heard.said if "nothing is counted there" in each] == [
        f"process 12 cannot be counted in: {error} (asyncspy find-workers lists what runs now); "
        "nothing is counted there"
    ]


def test_such_a_worker_is_an_error_where_it_is_the_only_one(place: Place) -> None:
    place.sessions.errors = {11: [ProcessLookupError("no such process")]}
    with pytest.raises(TargetError, match="process 11 cannot be counted in: no such process"):
        place.installer.begin()


def test_a_failed_look_for_new_workers_is_said_once_and_made_again(place: Place) -> None:
    place.installer.begin()
    looks: list[int] = []

    def fails(_worker: Worker) -> list[Worker]:
        looks.append(len(looks))
        if len(looks) < 4:
            raise psutil.AccessDenied(11, msg=f"look {len(looks)}")
        return list(place.workers)

    object.__setattr__(place.installer._run.machine, "workers_of", fails)
    place.workers.append(SECOND)
    assert eventually(lambda: 12 in place.sessions.pids, timeout=10)
    failed = [each for each in place.heard.said if "started meanwhile failed" in each]
    assert len(failed) == 1
    assert "AccessDenied" in failed[0]


def test_no_more_than_some_are_named(place: Place) -> None:
    for number in range(MAX_LINES + 5):
        place.installer.installed = number
        place.installer._say_stop(number, 0.5 + number)
    assert sum("stood still" in each for each in place.heard.said) == MAX_LINES + 1
    assert place.installer.longest_stop == MAX_LINES + 4.5
