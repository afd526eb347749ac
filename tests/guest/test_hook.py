"""The hook in this very process: what it counts and what not, when it goes, and that nothing of it shows."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.utils import asyncio as guard

from asyncspy.guest import counting, entering
from asyncspy.guest.counting import Hook

MONITORS = hasattr(sys, "monitoring")
state_before = guard.get_running_loop


def _rows() -> str:
    return "rows"


def _by_way_of_another() -> object:
    return query()


query: Callable[[], object] = guard.async_unsafe(_rows)
outer_query: Callable[[], object] = guard.async_unsafe(_by_way_of_another)


def culprit() -> object:
    return query()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lease").touch()
    return tmp_path


@pytest.fixture
def enter(folder: Path) -> Iterator[Callable[[], Hook]]:
    entered: list[Hook] = []

    def go_in() -> Hook:
        hook = entering.start_hook(str(folder), os.getpid())
        assert hook is not None, (folder / "started").read_text()
        entered.append(hook)
        return hook

    yield go_in
    for hook in entered:
        hook.uninstall()
    assert guard.get_running_loop is state_before


def on_loop(call: Callable[[], Any], times: int = 1) -> int:
    """How often it raised on a loop."""

    async def run() -> int:
        raised = 0
        for _ in range(times):
            try:
                call()
            except SynchronousOnlyOperation:
                raised += 1
        return raised

    return asyncio.run(run())


def is_over(hook: Hook) -> bool:
    return hook.done


def told(hook: Hook, folder: Path) -> dict[str, Any]:
    hook.stop()
    answer: dict[str, Any] = json.loads((folder / "result").read_text())
    return answer


def chains(answer: dict[str, Any]) -> list[tuple[int, bool, list[str]]]:
    names = [name.rpartition(".")[2] for name, _, _ in answer["frames"]]
    return [(times, passed, [names[at] for at in way]) for times, passed, *_, way in answer["chains"]]


def test_calls_on_a_loop_are_counted_by_their_chain(enter: Callable[[], Hook], folder: Path) -> None:
    hook = enter()
    assert on_loop(culprit, 7) == 7
    assert on_loop(query, 2) == 2
    counted = sorted(chains(told(hook, folder)))
    assert [(times, passed, way[-1]) for times, passed, way in counted] == [(2, False, "inner"), (7, False, "inner")]
    assert counted[1][2][-2] == "culprit"


def test_calls_without_a_loop_are_none(enter: Callable[[], Hook], folder: Path) -> None:
    hook = enter()
    assert culprit() == "rows"

    async def handed_over() -> object:
        return await asyncio.to_thread(culprit)

    assert asyncio.run(handed_over()) == "rows"
    assert chains(told(hook, folder)) == []


def test_what_is_let_pass_is_counted_once_with_all_that_it_calls(
    enter: Callable[[], Hook], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(counting.ALLOW_VARIABLE, "1")
    hook = enter()
    assert on_loop(outer_query, 3) == 0
    assert [(times, passed) for times, passed, _ in chains(told(hook, folder))] == [(3, True)]


def test_many_chains_are_bounded_and_said(
    enter: Callable[[], Hook], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MAX_CHAINS", 1)
    hook = enter()
    assert on_loop(culprit, 4) == 4
    assert on_loop(query, 3) == 3
    answer = told(hook, folder)
    assert ([times for times, *_ in chains(answer)], answer["beyond"]) == ([4], 3)


def test_many_calls_at_once_are_bounded_and_said(
    enter: Callable[[], Hook], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MAX_PER_SECOND", 2)
    hook = enter()
    hook._clock = lambda: hook._since  # no second passes
    assert on_loop(culprit, 9) == 9
    answer = told(hook, folder)
    assert ([times for times, *_ in chains(answer)], answer["beyond"]) == ([2], 7)


def test_a_guard_that_begins_without_a_loop_is_not_counted(enter: Callable[[], Hook], folder: Path) -> None:
    """As `sys.monitoring` tells of it: in pool threads, too."""
    hook = enter()
    hook.guard_started(None, 0)
    assert chains(told(hook, folder)) == []


@pytest.mark.parametrize("failure", [MemoryError(), RecursionError(), AttributeError("torn down")])
def test_no_failure_of_ours_reaches_the_application(
    enter: Callable[[], Hook], folder: Path, failure: Exception
) -> None:
    hook = enter()

    def fails(_depth: int) -> None:
        raise failure

    hook._getframe = fails  # type: ignore[assignment]
    assert on_loop(culprit, 3) == 3
    assert not is_over(hook)
    assert on_loop(culprit, counting.MAX_FAILURES) == counting.MAX_FAILURES
    assert is_over(hook), "after so many it goes by itself"
    assert guard.get_running_loop is state_before


def test_it_goes_when_the_lease_is_not_renewed_and_leaves_no_folder(
    enter: Callable[[], Hook], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "LEASE_SECONDS", 0.2)
    monkeypatch.setattr(counting, "CHECK_SECONDS", 0.02)
    hook = enter()

    async def idle() -> None:
        hook.watch_lease()
        while not hook.done:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(idle(), 30))
    assert guard.get_running_loop is state_before
    assert not folder.exists()


def test_it_stays_while_the_lease_is_renewed_and_ends_with_it(
    enter: Callable[[], Hook], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "LEASE_SECONDS", 1.0)
    monkeypatch.setattr(counting, "CHECK_SECONDS", 0.01)
    hook = enter()

    async def renewed() -> None:
        hook.watch_lease()
        for number in range(150):
            os.utime(folder / "lease", ns=(number, number))
            await asyncio.sleep(0.01)
        assert not hook.done
        (folder / "lease").unlink()
        while not hook.done:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(renewed(), 30))
    assert (folder / "result").exists()


def test_a_second_one_is_refused(
    enter: Callable[[], Hook], folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    enter()
    other = tmp_path_factory.mktemp("other")
    (other / "lease").touch()
    assert entering.start_hook(str(other), os.getpid()) is None
    assert "another asyncspy" in json.loads((other / "started").read_text())["problem"]


def test_one_that_was_withdrawn_or_is_meant_for_another_process_does_nothing(folder: Path) -> None:
    assert entering.start_hook(str(folder), os.getpid() + 1) is None
    (folder / "lease").unlink()
    assert entering.start_hook(str(folder), os.getpid()) is None
    assert list(folder.iterdir()) == []


def test_the_child_of_a_fork_takes_it_out_and_tells_nothing(enter: Callable[[], Hook], folder: Path) -> None:
    hook = enter()
    child = os.fork()
    if child == 0:
        hook.check_lease(hook._due)
        os._exit(0 if hook.done and guard.get_running_loop is state_before and not (folder / "result").exists() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert not hook.done


@pytest.mark.skipif(MONITORS, reason="from Python 3.12 on nothing is replaced")
def test_what_somebody_else_put_there_meanwhile_stays(
    enter: Callable[[], Hook], monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = enter()
    ours = guard.get_running_loop

    def theirs() -> Any:
        return ours()

    with monkeypatch.context() as patched:
        patched.setattr(guard, "get_running_loop", theirs)
        hook.uninstall()
        assert guard.get_running_loop is theirs
        assert on_loop(culprit) == 1
    guard.get_running_loop = state_before


@pytest.mark.skipif(not MONITORS, reason="needs sys.monitoring (Python 3.12)")
def test_where_others_hold_all_ids_that_is_said(folder: Path) -> None:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
    held = [tool for tool in range(6) if monitoring.get_tool(tool) is None]
    for tool in held:
        monitoring.use_tool_id(tool, f"tool{tool}")
    try:
        assert entering.start_hook(str(folder), os.getpid()) is None
    finally:
        for tool in held:
            monitoring.free_tool_id(tool)
    assert "monitoring ids" in json.loads((folder / "started").read_text())["problem"]
