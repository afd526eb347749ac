"""Passes and slices become one file that reads back as what was sampled, and nothing of one is counted as another's."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from asyncspy.analyse.stacks.recording_facts import worker_stacks
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import ENDED_WORKERS_PID, Event, Frame, Occurrences, Origin, Profile, Stack
from asyncspy.read import load, profile_of_document
from asyncspy.recording.writer import SILENT_SECONDS
from asyncspy.sample import RecordingWriter

MAIN, WORK = Frame("main", "/srv/a.py", 1), Frame("work", "/srv/a.py", 9)
WORKER = Worker(7, 1, "worker", True, "uvicorn")
GIL = Origin("py-spy 0.4.3", "gil", 100, 10.0, "2026-11-21T10:00:00+00:00", 3, 1, target=WORKER, ended_at="10:00:10")
WALL = replace(GIL, mode="wall", rate=20)


def document(frames: Sequence[Frame], *stacks: Sequence[int], pid: int = 7, rate: int = 100) -> dict[str, Any]:
    """As py-spy writes it: each sample weighs the time between two."""
    thread = {"type": "sampled", "name": f'Process {pid} Thread 0x1 "MainThread"', "unit": "seconds"}
    samples = {"samples": [list(stack) for stack in stacks], "weights": [1 / rate] * len(stacks)}
    return {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "profiles": [{**thread, **samples, "startValue": 0, "endValue": len(stacks) / rate}],
        "shared": {"frames": [{"name": f.function, "file": f.file, "line": f.line, "col": None} for f in frames]},
        "exporter": "py-spy@0.4.3",
    }


def stack(*frames: Frame, pid: int = 7) -> Stack:
    return Stack(frames, pid, "MainThread")


@pytest.fixture
def writer(tmp_path: Path) -> RecordingWriter:
    return RecordingWriter(tmp_path / "run.json", max_processes=4)


def saved(writer: RecordingWriter) -> Profile:
    writer.save()
    return load(writer.path)


def test_slices_of_one_pass_add_up(writer: RecordingWriter) -> None:
    writer.add(GIL, document([MAIN, WORK], [0, 1], [0, 1], [0]))
    writer.add(replace(GIL, ended_at="10:00:20"), document([WORK, MAIN], [1, 0], [1]))
    profile = saved(writer)
    assert profile.stacks == {stack(MAIN, WORK): 3, stack(MAIN): 2}
    (origin,) = profile.origins
    assert (origin.duration, origin.samples, origin.errors, origin.slices) == (20.0, 6, 2, 2)
    assert (origin.started_at, origin.ended_at) == (GIL.started_at, "10:00:20")
    assert profile.inputs[0].dropped == 0


def in_a_thread(name: str) -> dict[str, Any]:
    made = document([MAIN], [0])
    made["profiles"][0]["name"] = f'Process 7 Thread {id(name)} "{name}"'
    return made


@pytest.mark.parametrize(
    ("origin", "name"),
    [(GIL, "ThreadPoolExecutor-{}_{}"), (WALL, "ThreadPoolExecutor-{}_{}"), (GIL, "Thread-{} (request)")],
)
def test_a_long_watch_does_not_grow_by_a_thread_for_each_request(
    writer: RecordingWriter, origin: Origin, name: str
) -> None:
    for number in range(1, 51):
        writer.add(origin, in_a_thread(name.format(number, 0)))
    assert saved(writer).stacks == {Stack((MAIN,), 7, name.format("N", "N")): 50}


def test_where_waits_tell_how_full_a_pool_is_its_threads_stay_apart(writer: RecordingWriter) -> None:
    names = ("ThreadPoolExecutor-0_0", "asyncio_1", "asyncio_2", "asyncio_2", "Thread-12 (run)")
    for name in names:
        writer.add(WALL, in_a_thread(name))
    assert saved(writer).stacks == {Stack((MAIN,), 7, name): times for name, times in Counter(names).items()}


def test_stacks_that_were_all_seen_equally_often_keep_their_counts(writer: RecordingWriter) -> None:
    for _ in range(2):
        writer.add(GIL, document([MAIN], [0]))
    assert saved(writer).stacks == {stack(MAIN): 2}


def test_the_samples_of_a_single_slice_stay_in_their_order(writer: RecordingWriter) -> None:
    writer.add(GIL, document([MAIN, WORK], [0, 1], [0], [0, 1]))
    writer.save()
    (profile,) = json.loads(writer.path.read_text())["profiles"]
    assert profile["samples"] == [[0, 1], [0], [0, 1]]


def test_modes_share_a_file_and_are_never_added_up(writer: RecordingWriter) -> None:
    writer.add(GIL, document([MAIN, WORK], [0, 1]))
    writer.add(WALL, document([MAIN], [0], [0], rate=20))
    profile = saved(writer)
    assert profile.stacks == {stack(MAIN, WORK): 1}
    assert profile.modes == {"gil"}
    assert profile.waits is not None
    assert profile.waits.stacks == {stack(MAIN): 2}
    assert profile.waits.modes == {"wall"}


def test_waits_alone_are_a_profile_of_waits(writer: RecordingWriter) -> None:
    writer.add(WALL, document([MAIN], [0], rate=20))
    profile = saved(writer)
    assert profile.modes == {"wall"}
    assert profile.waits is None


def test_processes_keep_their_own_account(writer: RecordingWriter) -> None:
    other = replace(GIL, target=replace(WORKER, pid=8), alongside=True)
    writer.add(GIL, document([MAIN], [0]))
    writer.add(other, document([WORK, MAIN], [1], pid=8))
    profile = saved(writer)
    assert profile.stacks == {stack(MAIN): 1, stack(MAIN, pid=8): 1}
    assert [(o.target and o.target.pid, o.alongside) for o in profile.origins] == [(7, False), (8, True)]


def test_failed_slices_are_counted_wherever_they_stand(writer: RecordingWriter) -> None:
    writer.add_failure(7, "gil")
    writer.add(GIL, document([MAIN], [0]))
    writer.add_failure(7, "gil")
    writer.add(GIL, document([MAIN], [0]))
    (origin,) = saved(writer).origins
    assert (origin.slices, origin.failed) == (2, 2)


def test_source_lines_travel_with_it(writer: RecordingWriter) -> None:
    writer.add(GIL, document([MAIN], [0]))
    writer.save_sources({"/srv/a.py": {9: "    return User.objects.count()"}}, {})
    assert load(writer.path).sources == {"/srv/a.py": {9: "    return User.objects.count()"}}


def test_counted_stacks_are_written_as_they_were_sampled(writer: RecordingWriter) -> None:
    stacks = [[0, 1], [0], [1], [0, 0], [1, 1]]
    for _ in range(2):
        writer.add(GIL, document([MAIN, WORK], *stacks))
    writer.save()
    written = json.loads(writer.path.read_text())
    assert written["profiles"][0]["samples"] == stacks
    assert written["shared"]["frames"] == document([MAIN, WORK])["shared"]["frames"]
    assert load(writer.path).total == 2 * len(stacks)


def test_it_replaces_its_own_file_and_leaves_nothing_beside(writer: RecordingWriter) -> None:
    writer.add(GIL, document([MAIN], [0]))
    writer.save()
    writer.add(GIL, document([MAIN], [0]))
    writer.save()
    assert [path.name for path in writer.path.parent.iterdir()] == ["run.json"]


def of(pid: int, origin: Origin = GIL) -> Origin:
    return replace(origin, target=replace(WORKER, pid=pid))


@dataclass
class Machine:
    """Its clock, and which of its processes live; at most four are kept apart."""

    now: float = 0.0
    alive: set[int] = field(default_factory=set)

    def passes(self) -> None:
        self.now += 2 * SILENT_SECONDS


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(time, "monotonic", lambda: made.now)
    monkeypatch.setattr(psutil, "pid_exists", lambda pid: pid in made.alive)
    return made


def pids_of(profile: Profile) -> set[int | None]:
    return {one.pid for one in profile.stacks}


@pytest.mark.parametrize("slices", [1, 3])
def test_workers_that_are_gone_are_added_up_as_one(writer: RecordingWriter, slices: int, machine: Machine) -> None:
    for pid in range(10, 40):
        machine.passes()
        machine.alive = {pid}
        for _ in range(slices):
            writer.add(of(pid), document([MAIN, WORK], [0, 1], [0], [0], pid=pid))
            writer.add(of(pid, WALL), document([MAIN], [0], pid=pid, rate=20))
    profile = saved(writer)
    assert profile.waits is not None
    for one, times in ((profile, {(MAIN, WORK): 1, (MAIN,): 2}), (profile.waits, {(MAIN,): 1})):
        pids = {origin.target.pid: origin for origin in one.origins if origin.target}
        kept = set(pids) - {ENDED_WORKERS_PID}
        assert kept == set(range(40 - len(kept), 40))
        assert 1 <= len(kept) <= 4
        ended = 30 - len(kept)
        assert (pids[ENDED_WORKERS_PID].slices, pids[ENDED_WORKERS_PID].duration) == (
            ended * slices,
            ended * slices * 10.0,
        )
        counts = {stack.frames: count for stack, count in one.stacks.items() if stack.pid == ENDED_WORKERS_PID}
        assert counts == {frames: ended * slices * number for frames, number in times.items()}
        assert one.total == 30 * slices * sum(times.values())


def test_a_single_slice_of_one_that_is_gone_keeps_its_samples(writer: RecordingWriter, machine: Machine) -> None:
    writer.add(of(10), document([MAIN], [0], [0], [0], pid=10))
    machine.passes()
    machine.alive = {11, 12, 13, 14}
    for pid in sorted(machine.alive):
        writer.add(of(pid), document([MAIN], [0], pid=pid))
    assert saved(writer).stacks == {
        stack(MAIN, pid=ENDED_WORKERS_PID): 3,
        **{stack(MAIN, pid=pid): 1 for pid in machine.alive},
    }


def test_what_gave_nothing_is_no_pass_for_ever(writer: RecordingWriter, machine: Machine) -> None:
    for pid in range(10, 40):
        machine.passes()
        writer.add(of(pid), {**document([]), "profiles": []})
    assert len(writer.origins) <= 1 + 4


def test_whoever_lives_stays_apart_however_long_it_says_nothing(writer: RecordingWriter, machine: Machine) -> None:
    machine.alive = set(range(7, 17))
    for pid in machine.alive:
        writer.add(of(pid), document([MAIN], [0], pid=pid))
        machine.passes()
    assert pids_of(saved(writer)) == machine.alive


def test_a_few_workers_stay_apart_for_ever(writer: RecordingWriter, machine: Machine) -> None:
    for pid in (7, 8, 9):
        writer.add(of(pid), document([MAIN], [0], pid=pid))
        machine.passes()
    assert pids_of(saved(writer)) == {7, 8, 9}


MASTER = replace(WORKER, pid=7, role="master")


def of_master(*pids: int, rate: int = 100) -> dict[str, Any]:
    """As py-spy writes a pass over a master: whose stack it is stands in its frames as well."""
    processes = [Frame(f'process {pid}:"gunicorn --env TOKEN=s3cret"', "") for pid in (7, *pids)]
    made = document([MAIN, WORK, *processes])
    made["profiles"] = [
        document([], [2, 2 + i, 0, 1], [2, 2 + i, 0], pid=pid, rate=rate)["profiles"][0]
        for i, pid in enumerate((7, *pids))
    ]
    return made


def test_a_master_keeps_the_stacks_of_its_gone_workers_once(writer: RecordingWriter, machine: Machine) -> None:
    pids = range(100, 140)
    for pid in pids:
        machine.passes()
        machine.alive = {7, pid, pid + 1}
        for mode, rate in ((GIL, 100), (WALL, 20)):
            writer.add(replace(mode, target=MASTER), of_master(pid, pid + 1, rate=rate))
    profile = saved(writer)
    assert profile.waits is not None
    for one in (profile, profile.waits):
        apart = pids_of(one) - {ENDED_WORKERS_PID}
        assert {7, 139, 140} <= apart
        assert len(apart) <= 5
        once = {stack.frames: count for stack, count in one.stacks.items() if stack.pid == ENDED_WORKERS_PID}
        ended = 2 * len(pids) - sum(count for stack, count in one.stacks.items() if stack.pid in apart - {7}) // 2
        assert once == {(MAIN, WORK): ended, (MAIN,): ended}
        assert one.total == 3 * 2 * len(pids)
        assert [(o.target and o.target.pid, o.slices) for o in one.origins] == [(7, len(pids))]
    assert sum(worker_stacks(profile.waits).values()) == 2 * 2 * len(pids)
    kept = json.loads(writer.path.read_text())
    assert len(kept["shared"]["frames"]) == 2
    assert "s3cret" not in writer.path.read_text()


IMPORTS, LOADS, STAT = (
    Frame(name, "<frozen importlib._bootstrap>", line) for name, line in (("_find", 7), ("_load", 8), ("_stat", 9))
)
LIBRARY = Frame("call", "/lib/django/x.py", 5)


def test_workers_that_are_gone_are_told_with_less_detail(tmp_path: Path, machine: Machine) -> None:
    writer = RecordingWriter(tmp_path / "run.json", lambda file: "django" in file or "importlib" in file, 4)
    for pid in range(10, 40):
        machine.passes()
        machine.alive = {pid}
        frames = [MAIN, LIBRARY._replace(line=pid), IMPORTS, LOADS, WORK, STAT]
        writer.add(of(pid), document(frames, [0, 1, 2, 3, 4], [0, 2, 3], [0, 2, 3, 5], pid=pid))
    stacks = saved(writer).stacks
    called = LIBRARY._replace(line=0)
    ended = {stack.frames: count for stack, count in stacks.items() if stack.pid == ENDED_WORKERS_PID}
    assert set(ended) == {(MAIN, called, WORK), (MAIN, LOADS._replace(line=0)), (MAIN, STAT._replace(line=0))}
    assert len(set(ended.values())) == 1
    assert stack(MAIN, LIBRARY._replace(line=39), IMPORTS, LOADS, WORK, pid=39) in stacks
    assert sum(stacks.values()) == 3 * 30


def test_what_was_counted_in_workers_that_are_gone_is_added_up_once(writer: RecordingWriter, machine: Machine) -> None:
    event = Event("async-unsafe", (MAIN, WORK), captured="raised")
    for pid in range(10, 40):
        machine.passes()
        machine.alive = {pid}
        writer.add(of(pid), document([MAIN], [0], pid=pid))
        for so_far in (1, 2, 3):
            writer.set_counted_calls(replace(of(pid), mode="exact", duration=10.0), {event: Occurrences(so_far)})
    profile = saved(writer)
    counted = [origin for origin in profile.origins if origin.mode == "exact"]
    assert profile.events == {event: Occurrences(3 * 30)}
    assert sum(origin.duration or 0.0 for origin in counted) == 10.0 * 30
    assert len(counted) <= 1 + 4
    assert len(writer._counted_calls) <= 1 + 4


def test_the_number_of_one_that_is_gone_may_be_given_again(writer: RecordingWriter, machine: Machine) -> None:
    for pid in (10, 11, 12, 13, 14, 10):
        machine.passes()
        machine.alive = {pid}
        writer.add(of(pid), document([MAIN], [0], pid=pid))
    writer.set_counted_calls(
        replace(of(10), mode="exact"), {Event("async-unsafe", (MAIN,), captured="raised"): Occurrences(3)}
    )
    assert [times.times for times in saved(writer).events.values()] == [3]


def test_workers_that_are_only_counted_in_do_not_add_up_either(writer: RecordingWriter, machine: Machine) -> None:
    event = Event("async-unsafe", (MAIN, WORK), captured="raised")
    for pid in range(10, 40):
        machine.passes()
        machine.alive = {pid}
        writer.set_counted_calls(replace(of(pid), mode="exact", duration=10.0, beyond=1), {event: Occurrences(3)})
    profile = saved(writer)
    assert profile.events == {event: Occurrences(3 * 30)}
    assert sum(origin.beyond for origin in profile.origins) == 30
    assert len(profile.origins) <= 1 + 4


def test_counts_of_one_that_is_gone_are_kept_when_its_pid_is_given_again(writer: RecordingWriter) -> None:
    event = Event("async-unsafe", (MAIN, WORK), captured="raised")
    for started_at in (100.0, 200.0):
        origin = replace(of(10), mode="exact", duration=10.0)
        assert origin.target is not None
        origin = replace(origin, target=replace(origin.target, started_at=started_at))
        writer.set_counted_calls(origin, {event: Occurrences(2)})
        writer.set_counted_calls(origin, {event: Occurrences(3)})
    assert saved(writer).events == {event: Occurrences(6)}


@pytest.mark.parametrize("slices", [1, 2])
def test_it_tells_before_it_is_saved_what_its_file_tells(writer: RecordingWriter, slices: int) -> None:
    for _ in range(slices):
        for origin, rate in ((GIL, 100), (WALL, 20), (of(9), 100)):
            pid = origin.target.pid if origin.target else 0
            made = document([MAIN, WORK, MAIN], [0, 1], [0], [0], [], [2], pid=pid, rate=rate)
            made["shared"]["frames"][2]["name"] = None
            writer.add(origin, made)
    writer.set_counted_calls(
        of(9, replace(GIL, mode="exact")), {Event("async-unsafe", (MAIN, WORK), captured="raised"): Occurrences(3)}
    )
    writer.save_sources({"/srv/a.py": {9: "    return User.objects.count()"}}, {})
    assert profile_of_document(writer.document(), writer.path) == saved(writer)


def test_a_frame_is_left_out_only_where_a_name_tells_the_process(writer: RecordingWriter) -> None:
    nameless = of_master()
    nameless["profiles"][0]["name"] = 'Thread 0x1 "MainThread"'
    writer.add(GIL, nameless)
    assert saved(writer).stacks == {stack(MAIN, WORK): 1, stack(MAIN): 1}


def test_the_loop_of_a_master_that_is_gone_serves_nobody_either(writer: RecordingWriter, machine: Machine) -> None:
    writer.add(replace(GIL, target=MASTER), of_master(100))
    machine.passes()
    machine.alive = {200, 201, 202, 203}
    for pid in machine.alive:
        writer.add(of(pid), document([MAIN], [0], pid=pid))
    profile = saved(writer)
    assert pids_of(profile) == {7, ENDED_WORKERS_PID, *machine.alive}
    assert {stack.pid for stack in worker_stacks(profile)} == {ENDED_WORKERS_PID, *machine.alive}
