from __future__ import annotations

from dataclasses import replace

import pytest

from asyncspy.model.stacks import Dump
from tests.analyse.hang.thread_dumps import (
    CLOSING,
    COMPUTING,
    FOR_LOOP,
    MIDDLEWARE,
    RESULT,
    SELECT,
    STILL,
    TICKING,
    VIEW,
    WORKER,
    Actor,
    dumps,
    judged,
    lines,
    loop,
    request,
)
from tests.analyse.stack_samples import POOL

PINNED = f"{MIDDLEWARE}{FOR_LOOP}"
ON_LOCK = f"{VIEW}view (views.py:3)"
ON_RESULT = f"{VIEW}view (views.py:7){RESULT}"
SLEEPS = f"{VIEW}view (views.py:5)"
COMPUTES = f"{VIEW}view (views.py:9)"


def test_a_loop_that_joins_a_thread_which_waits_for_the_loop_is_a_deadlock_at_the_first_look() -> None:
    hang = judged(dumps(loop(CLOSING, STILL), request(PINNED), looks=1), asgiref="3.11.1")
    assert (hang.verdict, hang.certain) == ("deadlock", True)
    assert lines(hang) == ["middleware.py:11"]
    assert [known.partition(":")[0] for known in hang.known] == ["asgiref#535"]
    assert "asgiref>=3.12" in str(hang.later[0].code)
    assert hang.now[0].command == "kill -KILL 100"


def test_a_loop_that_joins_a_thread_which_works_is_only_blocked() -> None:
    works = request(f"{POOL}look_up (views.py:9)", ran=COMPUTING)
    hang = judged(dumps(loop(CLOSING, STILL), works, request(PINNED, 2)))
    assert hang.verdict == "blocked-loop"


def test_a_loop_that_joins_while_another_loop_may_answer_is_only_blocked() -> None:
    private = Actor("ThreadPoolExecutor-3_0", f"{WORKER}AsyncToSync._run_event_loop (asgiref/sync.py:285){SELECT}")
    assert judged(dumps(loop(CLOSING, STILL), request(PINNED), private)).verdict == "blocked-loop"


def test_a_lock_on_the_loop_that_nobody_is_left_to_give_back_is_a_deadlock() -> None:
    hang = judged(dumps(loop(ON_LOCK, STILL), request(WORKER)))
    assert (hang.verdict, hang.certain, lines(hang)) == ("deadlock", True, ["views.py:3"])
    assert "asyncio.Lock" in hang.later[0].text


@pytest.mark.parametrize("other", [f"{POOL}look_up (views.py:9)", f"{POOL}look_up (views.py:5)"])
def test_a_lock_on_the_loop_that_another_thread_may_give_back_is_only_blocked(other: str) -> None:
    hang = judged(dumps(loop(ON_LOCK, STILL), request(other)))
    assert (hang.verdict, hang.certain, lines(hang)) == ("blocked-loop", True, ["views.py:3"])


def test_a_lock_that_is_waited_for_with_a_limit_is_only_blocked() -> None:
    assert judged(dumps(loop(f"{VIEW}view (views.py:6)", STILL))).verdict == "blocked-loop"


def test_one_look_at_a_lock_proves_nothing() -> None:
    hang = judged(dumps(loop(ON_LOCK, STILL), looks=1))
    assert (hang.verdict, hang.certain) == ("blocked-loop", False)
    assert hang.watch


def test_a_lock_that_is_taken_again_and_again_is_no_deadlock() -> None:
    assert judged(dumps(loop(ON_LOCK, TICKING))).verdict == "blocked-loop"


def test_a_loop_that_waits_for_its_own_coroutine_is_a_deadlock() -> None:
    hang = judged(dumps(loop(ON_RESULT, STILL)))
    assert (hang.verdict, hang.certain, lines(hang)) == ("deadlock", True, ["views.py:7"])


def test_a_loop_that_waits_for_a_thread_at_work_is_blocked() -> None:
    waits = loop(f"{VIEW}wait_for (views.py:11){RESULT}", STILL)
    hang = judged(dumps(waits, request(f"{POOL}compute (views.py:9)", ran=COMPUTING)))
    assert (hang.verdict, lines(hang)) == ("blocked-loop", ["views.py:11"])


def test_a_loop_in_a_sleep_is_blocked_and_what_to_write_instead_is_said() -> None:
    hang = judged(dumps(loop(SLEEPS, STILL)))
    assert (hang.verdict, hang.certain, lines(hang)) == ("blocked-loop", True, ["views.py:5"])
    assert hang.later[0].code == "await asyncio.sleep(60)"
    assert [each.kind for each in hang.waits] == ["sleep"]


def test_middleware_that_does_not_move_is_suspected_never_a_deadlock_within_a_minute() -> None:
    hang = judged(dumps(loop(), request(PINNED), looks=20, every=3.0))
    assert (hang.verdict, hang.certain, lines(hang)) == ("suspected", False, ["middleware.py:11"])
    assert hang.now[0].command == "asyncspy dump --pid 100 --wait 60s"


def test_after_a_minute_without_any_movement_it_is_called_a_deadlock_but_not_certain() -> None:
    hang = judged(dumps(loop(), request(PINNED), looks=21, every=3.0), asgiref="3.7.2", django="4.2.30")
    assert (hang.verdict, hang.certain) == ("deadlock", False)
    assert "asgiref#348" in hang.known[0]


@pytest.mark.parametrize(("asgiref", "named"), [("3.3.4", 2), ("3.7.2", 1), ("3.8.1", 0), ("3.11.1", 0), ("3.13.0", 0)])
def test_only_faults_of_the_installed_asgiref_are_named(asgiref: str, named: int) -> None:
    hang = judged(dumps(loop(), request(PINNED)), asgiref=asgiref)
    assert len(hang.known) == named


def test_requests_that_come_and_go_with_the_same_frames_are_not_suspected() -> None:
    hang = judged(dumps(loop(), request(PINNED, new=True)))
    assert (hang.verdict, hang.culprits) == ("healthy", ())


def test_a_thread_that_ran_between_the_looks_has_moved_whatever_its_frames_say() -> None:
    moved = Actor("ThreadPoolExecutor-0_0", PINNED, TICKING)
    assert judged(dumps(loop(), moved)).verdict == "slow"


def test_without_counters_frames_and_ids_must_do() -> None:
    assert judged(dumps(loop(), request(PINNED), counted=False)).verdict == "suspected"


def test_a_full_default_pool_is_told_with_its_line() -> None:
    full = [Actor(f"asyncio_{i}", f"{POOL}compute (views.py:9)") for i in range(6)]
    hang = judged(dumps(loop(), *full))
    assert (hang.verdict, hang.certain, lines(hang)) == ("pool-exhausted", True, ["views.py:9"])
    assert len(hang.waits[0].threads) == 6


def test_a_pool_with_a_free_place_is_not_full() -> None:
    taken = [Actor(f"uvloop_{i}", f"{POOL}compute (views.py:9)") for i in range(5)]
    assert judged(dumps(loop(), *taken)).verdict == "slow"


def test_the_one_shared_thread_held_by_one_call_is_a_full_pool() -> None:
    hang = judged(dumps(loop(), Actor("ThreadPoolExecutor-0_0", f"{POOL}compute (views.py:9)")))
    assert (hang.verdict, lines(hang)) == ("pool-exhausted", ["views.py:9"])


def test_a_loop_that_computes_is_busy() -> None:
    hang = judged(dumps(loop(COMPUTES, COMPUTING)))
    assert (hang.verdict, hang.certain, lines(hang)) == ("busy", True, ["views.py:9"])


def test_a_loop_that_computes_and_waits_once_is_busy() -> None:
    *computes, _ = dumps(loop(COMPUTES, COMPUTING))
    *_, waits = dumps(loop(f"{VIEW}view (views.py:6)", COMPUTING))
    assert judged([*computes, waits]).verdict == "busy"


def test_a_slow_call_in_a_thread_is_slow() -> None:
    hang = judged(dumps(loop(), request(f"{POOL}look_up (views.py:5)")))
    assert (hang.verdict, lines(hang)) == ("slow", ["views.py:5"])


def test_an_idle_worker_is_idle() -> None:
    hang = judged(dumps(loop(), request(WORKER)))
    assert (hang.verdict, hang.waits, hang.now) == ("idle", (), ())


def test_a_stopped_process_is_continued_and_nobody_is_to_blame() -> None:
    stopped = [_stopped(look) for look in dumps(loop(CLOSING, STILL), request(PINNED))]
    hang = judged(stopped)
    assert (hang.verdict, hang.culprits, hang.now[0].command) == ("blocked-loop", (), "kill -CONT 100")


def test_a_process_in_the_hands_of_a_debugger_is_not_to_be_killed() -> None:
    held = [replace(look, state="t") for look in dumps(loop(CLOSING, STILL), request(PINNED))]
    hang = judged(held)
    assert (hang.verdict, hang.culprits) == ("blocked-loop", ())
    assert "TracerPid" in hang.now[0].command


def test_a_tracer_that_held_it_at_one_look_only_proves_nothing() -> None:
    *looks, last = dumps(loop(CLOSING, STILL), request(PINNED))
    assert judged([*looks, replace(last, state="t")]).verdict == "deadlock"


def _stopped(look: Dump) -> Dump:
    return Dump(look.threads, look.pid, look.at, state="T", ran=look.ran)


@pytest.mark.parametrize("text", [f"{VIEW}view (views.py:9)", f"{VIEW}view (unread.py:9)"])
def test_without_counters_a_loop_at_one_line_in_every_look_is_blocked_and_the_line_is_named(text: str) -> None:
    looks = [replace(look, at=None) for look in dumps(loop(text), request(WORKER), looks=4, counted=False)]
    hang = judged(looks)
    assert (hang.verdict, hang.certain) == ("blocked-loop", False)
    assert lines(hang)[0].endswith(".py:9")
    assert {"if it computes" in remedy.text for remedy in hang.later} == {True, False}


@pytest.mark.parametrize(
    "texts",
    [
        [COMPUTES, COMPUTES],  # two looks are chance
        [COMPUTES, COMPUTES, COMPUTES, SELECT],
        [COMPUTES, COMPUTES, COMPUTES, f"{VIEW}view (views.py:8)"],
        [f"{VIEW}view (views.py:9)\nQuerySet._clone (django/db/models/query.py:5)"] * 4,  # the leaf is Django's
        [SELECT] * 4,
    ],
)
def test_without_counters_a_loop_that_moves_or_is_free_is_not_blocked(texts: list[str]) -> None:
    looks = [replace(dumps(loop(text), looks=1, counted=False)[0], at=None) for text in texts]
    assert judged(looks).verdict in {"busy", "healthy", "idle"}


def test_with_counters_they_decide() -> None:
    assert judged(dumps(loop(COMPUTES, COMPUTING))).verdict == "busy"
    assert judged(dumps(loop(COMPUTES, TICKING))).verdict != "blocked-loop"
