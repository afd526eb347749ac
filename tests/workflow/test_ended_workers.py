"""Of masters whose workers seem to die, how many ended is counted; reloads and servers that just started are let be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any

import pytest

from asyncspy.analyse.waits import app_imports
from asyncspy.errors import SamplerError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Stack
from asyncspy.workflow import ended_workers
from asyncspy.workflow.ended_workers import EndedWorkers, with_ended_workers
from asyncspy.workflow.machine import Machine

NOW = time.time()
MASTER = Worker(10, 1, "master", True, "uvicorn", app="shop.asgi:application", started_at=NOW - 3600)
IMPORT = Stack(
    (
        Frame("import_module", "/usr/lib/python3.12/importlib/__init__.py", 90),
        Frame("<module>", "/srv/shop/shop/asgi.py", 6),
        Frame("load", "/srv/shop/shop/tariffs.py", 4),
    ),
    thread="MainThread",
)
IDLE = Stack((Frame("select", "/usr/lib/python3.12/selectors.py", 468),), thread="MainThread")


def worker(pid: int, age: float) -> Worker:
    return Worker(pid, 10, "worker", True, "uvicorn", started_at=NOW - age)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended_workers, "LOOK_SECONDS", 1.0)
    monkeypatch.setattr(ended_workers, "LOOK_EVERY_SECONDS", 0.01)


def machine(*children: set[int], age: float = 1.0, **more: Any) -> Machine:
    """One whose master has these children, look by look; the last stay."""
    looks: Iterator[set[int]] = chain(children, repeat(children[-1]))
    known: dict[str, Any] = {"is_running": lambda _pid: True, "started_at": lambda _pid: time.time() - age}
    return Machine(child_pids=lambda _pid: next(looks), **{**known, **more})


def test_workers_that_end_one_after_the_other_are_counted_with_how_old_they_became() -> None:
    looked = machine({11, 12}, {12, 13}, {14}, {14, 15})
    (master,) = with_ended_workers([MASTER], looked, None)
    assert master.ended_workers is not None
    assert master.ended_workers.number == 3
    assert 1 <= master.ended_workers.oldest_seconds < 3
    assert master.ended_workers.importing is None


@pytest.mark.parametrize("stacks", [(IDLE, IMPORT), (IMPORT, IDLE)])
def test_where_they_are_is_seen_with_a_py_spy(stacks: tuple[Stack, ...]) -> None:
    def read(_py_spy: object, pid: int) -> tuple[Stack, ...]:
        if pid == 11:
            raise SamplerError("process 11 ended", remedy="none")
        return stacks

    assert app_imports.is_import(IMPORT.frames)  # it is loaded now, which takes longer than a look on a busy machine
    looked = machine({11, 12}, {12}, read_stacks=read)
    (master,) = with_ended_workers([MASTER], looked, SimpleNamespace())  # type: ignore[arg-type]
    assert master.ended_workers is not None
    assert master.ended_workers.importing == "/srv/shop/shop/tariffs.py:4 load"


def test_a_reload_that_ends_old_workers_is_no_sign_of_dying_ones() -> None:
    (master, _) = with_ended_workers([MASTER, worker(12, 5)], machine({11, 12}, {12}, age=3600), None)
    assert master.ended_workers is None


@pytest.mark.parametrize(
    "workers",
    [
        [MASTER, worker(11, 3590)],
        [MASTER, worker(11, 3590), worker(12, 1)],
        [replace(MASTER, started_at=NOW - 2), worker(11, 1)],
        [replace(MASTER, role="reloader")],
        [replace(MASTER, started_at=None)],
        [worker(11, 1)],
    ],
)
def test_others_are_not_watched(workers: list[Worker]) -> None:
    def looks(pid: int) -> set[int]:
        raise AssertionError(f"process {pid} is watched")

    assert with_ended_workers(workers, replace(machine({11}), child_pids=looks), None) == workers


def test_the_end_of_the_master_is_not_the_end_of_its_workers() -> None:
    ended = EndedWorkers(MASTER, machine({11, 12}, set(), is_running=lambda _pid: False))
    ended.look()
    ended.look()
    assert ended.seen is None


def test_a_worker_that_its_master_has_not_collected_yet_has_ended() -> None:
    ended = EndedWorkers(MASTER, machine({11, 12}, is_running=lambda pid: pid != 12 or not dead))
    dead: list[int] = []
    ended.look()
    dead.append(12)
    ended.look()
    assert ended.seen is not None
    assert (ended.seen.number, ended.living) == (1, [11])
