"""Who is recorded in the place of a worker that ended, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pytest

from asyncspy.cli.terminal import StderrFeedback
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin
from asyncspy.sample import PassResult, PySpy, RecordingWriter, RecordPlan, StopRequest
from asyncspy.workflow.machine import Machine
from asyncspy.workflow.record_live import take_stages
from asyncspy.workflow.record_options import RecordOptions, SamplingPass
from asyncspy.workflow.record_options import Stage as RecordingStage
from asyncspy.workflow.recording_run import RecordingRun

LONG, SHORT = SamplingPass("gil", 100, 60), SamplingPass("wall", 20, 10)
EMPTY: dict[str, object] = {"profiles": [], "shared": {"frames": []}}


class Stage:
    """Workers that are there, those that end within a pass, and what came of it."""

    def __init__(self, *workers: int) -> None:
        self.alive = set(workers)
        self.script: list[Callable[[], float]] = []
        self.recorded: list[list[int]] = []
        self.asked: list[int] = []

    def record(
        self, plans: Sequence[RecordPlan], bundle: RecordingWriter, *_: object, **__: object
    ) -> list[PassResult]:
        self.recorded.append([plan.target.pid for plan in plans])
        after = self.script.pop(0)() if self.script else plans[0].duration
        for plan in plans:
            bundle.add(Origin("py-spy 0.4.3", plan.mode, target=plan.target), dict(EMPTY))
        return [
            PassResult(
                plan, plan.duration if plan.target.pid in self.alive else after, plan.target.pid not in self.alive
            )
            for plan in plans
        ]

    def successor(
        self,
        worker: Worker,
        known: Collection[int],
        *,
        given_up: Callable[[], bool] = lambda: False,
        **_: object,
    ) -> Worker | None:
        self.asked.append(worker.pid)
        fresh = self.alive - set(known)
        return a_worker(max(fresh)) if fresh and not given_up() else None

    def becomes(self, *workers: int, after: float) -> Callable[[], float]:
        def change() -> float:
            self.alive = set(workers)
            return after

        return change


def a_worker(pid: int) -> Worker:
    return Worker(pid, 1, "worker", True, "gunicorn")


Staged = Callable[[Stage, Sequence[int]], RecordingRun]


@pytest.fixture
def staged(tmp_path: Path) -> Staged:
    """A run over these workers on a stage."""

    def make(stage: Stage, targets: Sequence[int]) -> RecordingRun:
        machine = Machine(
            is_running=lambda pid: pid in stage.alive,
            sibling_pids=lambda worker: {worker.pid} | stage.alive,
            wait_for_successor=stage.successor,
            record=stage.record,
        )
        return RecordingRun(
            [a_worker(pid) for pid in targets],
            RecordingWriter(tmp_path / "out.json"),
            PySpy("py-spy", "0.4.3"),
            StopRequest(),
            RecordOptions(),
            StderrFeedback(),
            machine,
        )

    return make


@pytest.fixture
def follow(staged: Staged, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Record these passes; what was said."""

    def go(stage: Stage, targets: Sequence[int], *passes: SamplingPass) -> str:
        stages = [RecordingStage((part,), part.duration, 0) for part in passes]
        take_stages(staged(stage, targets), stages, lambda: False)
        return capsys.readouterr().err

    return go


def test_one_that_ends_in_the_last_pass_beside_others_is_not_said_to_be_followed(follow: Callable[..., str]) -> None:
    stage = Stage(5, 6)
    stage.script = [stage.becomes(6, 7, after=10)]
    said = follow(stage, [5, 6], LONG)
    assert stage.recorded == [[5, 6]]
    assert stage.asked == []
    assert "process 5 ended after 10 s; what was recorded until then is kept" in said
    assert "7" not in said


def test_it_is_followed_where_another_pass_comes(follow: Callable[..., str]) -> None:
    stage = Stage(5, 6)
    stage.script = [stage.becomes(6, 7, after=10)]
    said = follow(stage, [5, 6], LONG, SHORT)
    assert stage.recorded == [[5, 6], [6, 7]]
    assert "worker 7 took its place and is recorded from now on" in said


def test_one_that_is_alone_is_followed_for_the_rest_of_the_pass(follow: Callable[..., str]) -> None:
    stage = Stage(5)
    stage.script = [stage.becomes(7, after=10)]
    assert "worker 7 took its place and is recorded from now on" in follow(stage, [5], LONG)
    assert stage.recorded == [[5], [7]]


def test_for_the_last_seconds_nobody_is_looked_for(follow: Callable[..., str]) -> None:
    stage = Stage(5)
    stage.script = [stage.becomes(7, after=59)]
    assert "7" not in follow(stage, [5], LONG)
    assert (stage.recorded, stage.asked) == ([[5]], [])


def test_a_sibling_that_was_recycled_earlier_took_nobodys_place(follow: Callable[..., str]) -> None:
    stage = Stage(5, 6)
    stage.script = [stage.becomes(5, 9, after=0), stage.becomes(7, 9, after=10)]
    said = follow(stage, [5], LONG, LONG)
    assert stage.recorded == [[5], [5], [7]]
    assert "worker 7 took its place" in said


def test_after_a_reload_one_that_was_started_before_the_pass_is_better_than_none(follow: Callable[..., str]) -> None:
    stage = Stage(5)
    stage.script = [stage.becomes(5, 9, after=0), stage.becomes(9, after=10)]
    assert "worker 9 took its place" in follow(stage, [5], LONG, LONG)
    assert stage.recorded == [[5], [5], [9]]


def test_who_took_the_place_of_one_that_ended_between_two_passes_is_found(staged: Staged) -> None:
    stage = Stage(5, 6)
    run = staged(stage, [5])
    run.take(LONG, lambda _: None)
    stage.alive = {6, 7}
    stage.script = [lambda: 10.0]
    run.take(LONG, lambda _: None)
    assert stage.recorded == [[5], [5], [7]]
