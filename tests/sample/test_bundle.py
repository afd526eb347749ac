"""Passes and slices become one file that reads back as what was sampled, and nothing of one is counted as another's."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncspy.model import EARLIER, Frame, Origin, Profile, Stack, Worker
from asyncspy.read import load
from asyncspy.sample import Bundle
from asyncspy.sample import bundle as bundles

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
def bundle(tmp_path: Path) -> Bundle:
    return Bundle(tmp_path / "run.json")


def saved(bundle: Bundle) -> Profile:
    bundle.save()
    return load(bundle.path)


def test_slices_of_one_pass_add_up(bundle: Bundle) -> None:
    bundle.add(GIL, document([MAIN, WORK], [0, 1], [0, 1], [0]))
    bundle.add(replace(GIL, ended_at="10:00:20"), document([WORK, MAIN], [1, 0], [1]))
    profile = saved(bundle)
    assert profile.stacks == {stack(MAIN, WORK): 3, stack(MAIN): 2}
    (origin,) = profile.origins
    assert (origin.duration, origin.samples, origin.errors, origin.slices) == (20.0, 6, 2, 2)
    assert (origin.started_at, origin.ended_at) == (GIL.started_at, "10:00:20")
    assert profile.inputs[0].dropped == 0


def in_a_thread(number: int) -> dict[str, Any]:
    """A sample in the thread that Django started for one request."""
    made = document([MAIN], [0])
    made["profiles"][0]["name"] = f'Process 7 Thread {1000 + number} "ThreadPoolExecutor-{number}_0"'
    return made


def test_a_long_watch_does_not_grow_by_a_thread_for_each_request(bundle: Bundle) -> None:
    for number in range(50):
        bundle.add(GIL, in_a_thread(number))
    assert saved(bundle).stacks == {Stack((MAIN,), 7, "ThreadPoolExecutor-N_N"): 50}


def test_where_waits_tell_how_full_a_pool_is_its_threads_stay_apart(bundle: Bundle) -> None:
    for number in (1, 2, 2):
        bundle.add(WALL, in_a_thread(number))
    assert saved(bundle).stacks == {
        Stack((MAIN,), 7, "ThreadPoolExecutor-1_0"): 1,
        Stack((MAIN,), 7, "ThreadPoolExecutor-2_0"): 2,
    }


def test_stacks_that_were_all_seen_equally_often_keep_their_counts(bundle: Bundle) -> None:
    for _ in range(2):
        bundle.add(GIL, document([MAIN], [0]))
    assert saved(bundle).stacks == {stack(MAIN): 2}


def test_the_samples_of_a_single_slice_stay_in_their_order(bundle: Bundle) -> None:
    bundle.add(GIL, document([MAIN, WORK], [0, 1], [0], [0, 1]))
    bundle.save()
    (profile,) = json.loads(bundle.path.read_text())["profiles"]
    assert profile["samples"] == [[0, 1], [0], [0, 1]]


def test_modes_share_a_file_and_are_never_added_up(bundle: Bundle) -> None:
    bundle.add(GIL, document([MAIN, WORK], [0, 1]))
    bundle.add(WALL, document([MAIN], [0], [0], rate=20))
    profile = saved(bundle)
    assert profile.stacks == {stack(MAIN, WORK): 1}
    assert profile.modes == {"gil"}
    assert profile.waits is not None
    assert profile.waits.stacks == {stack(MAIN): 2}
    assert profile.waits.modes == {"wall"}


def test_waits_alone_are_a_profile_of_waits(bundle: Bundle) -> None:
    bundle.add(WALL, document([MAIN], [0], rate=20))
    profile = saved(bundle)
    assert profile.modes == {"wall"}
    assert profile.waits is None


def test_processes_keep_their_own_account(bundle: Bundle) -> None:
    other = replace(GIL, target=replace(WORKER, pid=8), alongside=True)
    bundle.add(GIL, document([MAIN], [0]))
    bundle.add(other, document([WORK, MAIN], [1], pid=8))
    profile = saved(bundle)
    assert profile.stacks == {stack(MAIN): 1, stack(MAIN, pid=8): 1}
    assert [(o.target and o.target.pid, o.alongside) for o in profile.origins] == [(7, False), (8, True)]


def test_failed_slices_are_counted_wherever_they_stand(bundle: Bundle) -> None:
    bundle.add_failure(7, "gil")
    bundle.add(GIL, document([MAIN], [0]))
    bundle.add_failure(7, "gil")
    bundle.add(GIL, document([MAIN], [0]))
    (origin,) = saved(bundle).origins
    assert (origin.slices, origin.failed) == (2, 2)


def test_source_lines_travel_with_it(bundle: Bundle) -> None:
    bundle.add(GIL, document([MAIN], [0]))
    bundle.keep_sources({"/srv/a.py": {9: "    return User.objects.count()"}})
    assert load(bundle.path).sources == {"/srv/a.py": {9: "    return User.objects.count()"}}


def test_it_replaces_its_own_file_and_leaves_nothing_beside(bundle: Bundle) -> None:
    bundle.add(GIL, document([MAIN], [0]))
    bundle.save()
    bundle.add(GIL, document([MAIN], [0]))
    bundle.save()
    assert [path.name for path in bundle.path.parent.iterdir()] == ["run.json"]


def of(pid: int, origin: Origin = GIL) -> Origin:
    return replace(origin, target=replace(WORKER, pid=pid))


@pytest.mark.parametrize("slices", [1, 3])
def test_workers_that_ended_long_ago_are_added_up_as_one(
    bundle: Bundle, slices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(bundles, "MOST_APART", 4)
    for pid in range(10, 40):
        now[0] += bundles.APART_SECONDS / 3
        for _ in range(slices):
            bundle.add(of(pid), document([MAIN, WORK], [0, 1], [0], [0], pid=pid))
            bundle.add(of(pid, WALL), document([MAIN], [0], pid=pid, rate=20))
    profile, kept = saved(bundle), 4
    assert profile.waits is not None
    ended = 30 - kept
    for one, times in ((profile, {(MAIN, WORK): 1, (MAIN,): 2}), (profile.waits, {(MAIN,): 1})):
        pids = {origin.target.pid: origin for origin in one.origins if origin.target}
        assert set(pids) == {EARLIER, *range(40 - kept, 40)}
        added_up = pids[EARLIER]
        assert (added_up.slices, added_up.duration) == (ended * slices, ended * slices * 10.0)
        counts = {stack.frames: count for stack, count in one.stacks.items() if stack.pid == EARLIER}
        assert counts == {frames: ended * slices * number for frames, number in times.items()}
        assert one.total == 30 * slices * sum(times.values())


def of_master(*pids: int) -> dict[str, Any]:
    """As py-spy writes a pass over a master: whose stack it is stands in its frames as well."""
    master, workers = Frame('process 7:"gunicorn: master"', ""), [Frame(f'process {pid}:"worker"', "") for pid in pids]
    made = document([master, MAIN, WORK, *workers])
    made["profiles"] = [
        document([], [0, 3 + i, 1, 2], [0, 3 + i, 1], pid=pid)["profiles"][0] for i, pid in enumerate(pids)
    ]
    return made


def test_what_a_master_s_ended_workers_ran_is_kept_once(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(bundles, "MOST_APART", 4)
    pids = range(100, 140)
    for pid in pids:
        now[0] += bundles.APART_SECONDS / 3
        bundle.add(GIL, of_master(pid, pid + 1))
    profile = saved(bundle)
    apart = {pid for pid in (*pids, 140) if pid > 140 - 5}
    assert {one.pid for one in profile.stacks} == {EARLIER, *apart}
    assert {one.frames: count for one, count in profile.stacks.items() if one.pid == EARLIER} == {
        frames: sum(1 + (pid > 100) for pid in pids if pid not in apart) for frames in ((MAIN, WORK), (MAIN,))
    }
    assert profile.total == 2 * 2 * len(pids)
    assert [origin.slices for origin in profile.origins] == [len(pids)]
    kept = [one for one in json.loads(bundle.path.read_text())["profiles"] if one["name"].startswith("Process 0 ")]
    assert [len(one["samples"]) for one in kept] == [2]


def test_a_single_slice_of_one_that_ended_keeps_its_samples(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(bundles, "MOST_APART", 1)
    bundle.add(of(10), document([MAIN], [0], [0], [0], pid=10))
    now[0] += 2 * bundles.APART_SECONDS
    bundle.add(of(11), document([MAIN], [0], pid=11))
    assert saved(bundle).stacks == {stack(MAIN, pid=EARLIER): 3, stack(MAIN, pid=11): 1}


def test_a_few_workers_stay_apart_for_ever(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for pid in (7, 8, 9):
        bundle.add(of(pid), document([MAIN], [0], pid=pid))
        now[0] += 10 * bundles.APART_SECONDS
    assert {one.pid for one in saved(bundle).stacks} == {7, 8, 9}
