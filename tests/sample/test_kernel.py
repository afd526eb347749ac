"""The kernel's counters, read until what was woken has had its turn."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator, Sequence

import pytest

from asyncspy.model.stacks import ThreadActivity
from asyncspy.sample import thread_activity

ASLEEP, RUNNABLE = False, True
Reading = dict[int, tuple[ThreadActivity, bool]]


def told(switches: int, state: bool, tid: int = 7) -> Reading:
    return {tid: (ThreadActivity(switches, switches * 1000), state)}


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([told(5, ASLEEP)], 5),
        ([told(5, RUNNABLE), told(5, RUNNABLE), told(5, RUNNABLE), told(6, ASLEEP)], 6),
        ([told(5, ASLEEP), told(6, RUNNABLE), told(7, ASLEEP)], 7),
        ([told(5, ASLEEP), told(6, ASLEEP), told(7, ASLEEP), told(8, ASLEEP)], 7),
    ],
    ids=["at rest", "woken, and late for its turn", "caught in its turn", "ticks all the time"],
)
def test_what_was_woken_counts_only_once_it_has_had_its_turn(
    readings: Sequence[Reading], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: Iterator[Reading] = itertools.chain(readings, itertools.repeat(readings[-1]))
    monkeypatch.setattr(thread_activity, "_read_threads", lambda _pid: next(shown))
    monkeypatch.setattr(thread_activity, "SETTLE_SECONDS", 0)
    assert thread_activity.settled_counters(0)[7].switches == expected


def test_a_thread_that_never_gets_its_turn_is_not_awaited_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_activity, "_read_threads", lambda _pid: told(5, RUNNABLE))
    monkeypatch.setattr(thread_activity, "SETTLE_SECONDS", 0)
    assert thread_activity.settled_counters(0)[7].switches == 5


def test_a_process_that_is_gone_has_no_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_activity, "SETTLE_SECONDS", 0)
    assert thread_activity.settled_counters(2**22 + 1) == {}


def test_a_thread_that_computes_is_runnable_and_one_that_waits_is_not() -> None:
    over, begun = threading.Event(), threading.Event()
    waits = threading.Thread(target=_wait, args=(begun, over))
    waits.start()
    begun.wait(10)
    try:
        shown = thread_activity._read_threads(os.getpid())
        assert shown[threading.get_native_id()][1] is RUNNABLE
        assert waits.native_id is not None
        thread_activity.settled_counters(os.getpid())
        assert thread_activity._read_threads(os.getpid())[waits.native_id][1] is ASLEEP
    finally:
        over.set()
        waits.join()


def _wait(begun: threading.Event, over: threading.Event) -> None:
    begun.set()
    over.wait()
