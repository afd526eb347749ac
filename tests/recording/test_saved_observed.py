"""What hooks observed is saved and read back; what others wrote in its place is left out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncspy.model.observed import AwaitWay, LateMoment, LoopTicks, Observed, TaskLooks, merge_observed
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import ENDED_WORKERS_PID, Frame, Origin
from asyncspy.read import load
from asyncspy.recording.saved_form import EMPTY_DOCUMENT, KEY, embed, extract
from asyncspy.recording.saved_observed import decode_observed
from asyncspy.recording.writer import RecordingWriter

OWN, GUARD = Frame("checkout", "/srv/shop/views.py", 97), Frame("inner", "django/utils/asyncio.py", 24)
MOMENT = LateMoment(1.25, 1_795_226_400.0, (OWN, GUARD))
LOOP = LoopTicks(7, "MainThread", "uvloop.Loop", 0.004, 12.5, {0: 3000, 1250: 1}, (MOMENT,))
WAY = AwaitWay((OWN, GUARD), "queued", 12.5, 40.0)
LOOKS = TaskLooks(7, "MainThread", 48, (WAY, WAY._replace(state="task")), 2.0, 0.001)
OBSERVED = Observed(
    (LOOP, replace(LOOP, pid=8, moments=(), off="took more than 1% of the loop's time")), (LOOKS, replace(LOOKS, pid=8))
)
ORIGIN = Origin("asyncspy hook", "exact", duration=12.5, target=Worker(7, 1, "worker", True, "uvicorn"), alongside=True)


def test_it_is_read_back_as_it_was() -> None:
    document = json.loads(json.dumps(embed(EMPTY_DOCUMENT, ORIGIN, counts=[0], observed=OBSERVED)))
    assert extract(document).observed == OBSERVED


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        [],
        {"loops": 3},
        {"loops": [None, {}, {"thread": 1, "loop": "x", "tick": 1, "seconds": 1}]},
        {"loops": [{"thread": "x", "loop": "x", "tick": 0, "seconds": 1}]},
        {"loops": [{"thread": "x", "loop": "x", "tick": float("nan"), "seconds": 1}]},
        {"loops": [{"thread": "x", "loop": "x", "tick": 1, "seconds": -1}]},
        {"tasks": 3},
        {"tasks": [None, {}, {"thread": "x", "looks": 0}, {"thread": "x", "looks": -1}, {"thread": 1, "looks": 1}]},
    ],
)
def test_what_has_another_form_is_left_out(hostile: Any) -> None:
    document = {**EMPTY_DOCUMENT, KEY: {"format": 2, "passes": [], "observed": hostile}}
    assert not extract(document).observed


def test_of_one_loop_what_is_sound_is_kept() -> None:
    saved = {
        "thread": "a\x1b[31mb" + "c" * 500, "loop": "\ud800", "tick": 0.004, "seconds": 1, "off": 7,
        "ticks": [[1, 2], [1], None, [-1, 2], ["1", 2], [3, 4.5]], "moments": [[1, 2], [1, 2, [5]], [1, 2, []], 3],
    }  # fmt: skip
    (loop,) = decode_observed({"loops": [saved]}, [OWN], 9).loops
    assert loop == replace(
        LOOP, pid=9, thread="a?[31mb" + "c" * 193, loop="?", seconds=1, ticks={1: 2},
        moments=(LateMoment(1, 2), LateMoment(1, 2)),
    )  # fmt: skip


def test_of_the_ways_of_tasks_what_is_sound_is_kept() -> None:
    ways = [
        [1, 2, "queued", [0]],
        [1, 2, "queued", []],
        [1, 2, "asleep", [0]],
        [0, 2, "task", [0]],
        [1, 2, "task", [9]],
        7,
    ]
    (looks,) = decode_observed({"tasks": [{"thread": "x", "looks": 3, "ways": ways, "beyond": "all"}]}, [OWN], 9).tasks
    assert looks == TaskLooks(9, "x", 3, (AwaitWay((OWN,), "queued", 1, 2),))


def test_what_a_worker_observed_later_replaces_what_it_had_and_others_stay(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "run.json")
    other = replace(ORIGIN, target=Worker(8, 1, "worker", True, "uvicorn"))
    for seconds in (2.0, 12.5):
        writer.set_counted_calls(ORIGIN, {}, Observed((replace(LOOP, seconds=seconds),)))
        writer.set_counted_calls(other, {}, Observed((replace(LOOP, pid=8),)))
    writer.save()
    profile = load(writer.path)
    assert profile.observed == Observed((LOOP, replace(LOOP, pid=8)))


def test_workers_that_have_ended_are_one() -> None:
    late = LateMoment(3.0, 1.0)
    parts = [Observed((LOOP,), (LOOKS,)), Observed((replace(LOOP, moments=(late,)),), (replace(LOOKS, looks=2),))]
    merged = merge_observed(parts, ENDED_WORKERS_PID)
    assert merged.tasks[0].looks == 50
    assert merged.tasks[0].ways[0] == WAY._replace(seen=25.0, squares=80.0)
    assert replace(merged, tasks=()) == Observed(
        (replace(LOOP, pid=0, seconds=25.0, ticks={0: 6000, 1250: 2}, moments=(late, MOMENT)),)
    )
