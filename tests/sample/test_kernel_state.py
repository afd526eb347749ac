"""The kernel's counters, read until what was woken has had its turn."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator, Sequence

import pytest

from asyncspy.model.stacks import ThreadActivity
from asyncspy.sample.kernel_state import ThreadReading, read_threads, settled_counters

ASLEEP, RUNNABLE = False, True


def told(switches: int, state: bool, tid: int = 7) -> ThreadReading:
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
def test_what_was_woken_counts_only_once_it_has_had_its_turn(readings: Sequence[ThreadReading], expected: int) -> None:
    shown: Iterator[ThreadReading] = itertools.chain(readings, itertools.repeat(readings[-1]))
    assert settled_counters(0, lambda _pid: next(shown), pause=0)[7].switches == expected


def test_a_thread_that_never_gets_its_turn_is_not_awaited_for_ever() -> None:
    assert settled_counters(0, lambda _pid: told(5, RUNNABLE), pause=0)[7].switches == 5


def test_a_process_that_is_gone_has_no_counters() -> None:
    assert settled_counters(2**22 + 1, pause=0) == {}


def test_a_thread_that_computes_is_runnable_and_one_that_waits_is_not() -> None:
    over, begun = threading.Event(), threading.Event()
    waits = threading.Thread(target=_wait, args=(begun, over))
    waits.start()
    begun.wait(10)
    try:
        shown = read_threads(os.getpid())
        assert shown[threading.get_native_id()][1] is RUNNABLE
        assert waits.native_id is not None
        settled_counters(os.getpid())
        assert read_threads(os.getpid())[waits.native_id][1] is ASLEEP
    finally:
        over.set()
        waits.join()


def _wait(begun: threading.Event, over: threading.Event) -> None:
    begun.set()
    over.wait()
