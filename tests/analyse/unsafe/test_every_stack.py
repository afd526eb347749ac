"""Judge all that Django does on the way to a query, and all that only looks like it: each line must get its fault.

Every stack is judged, not the few that a sampler would hit, so a rule that is wrong anywhere is wrong here. The Django
that is installed is asked; `PYTHONPATH=FOLDER pytest tests/analyse/unsafe/test_every_stack.py` asks the one in FOLDER.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django import VERSION
from django.core.management import call_command
from django.db import connection

from asyncspy.analyse import analyse
from asyncspy.analyse.stacks import sinks
from asyncspy.model.analysis import Analysis
from asyncspy.model.stacks import Frame, Profile, Stack
from tests.analyse.unsafe.every_stack import TELLS_CLASSES, configure, needs_classes, stacks_of

configure()

from tests.analyse.unsafe import planted_calls  # noqa: E402 - its models need a Django that is configured
from tests.analyse.unsafe.innocent_calls import INNOCENT as TWINS  # noqa: E402
from tests.analyse.unsafe.innocent_calls import Twin  # noqa: E402
from tests.analyse.unsafe.planted_calls import ROWS as PLANTED  # noqa: E402
from tests.analyse.unsafe.planted_calls import Row  # noqa: E402

ROWS = [row for row in PLANTED if row.since <= VERSION[:2]]
INNOCENT = [twin for twin in TWINS if twin.since <= VERSION[:2]]


@pytest.fixture(scope="session", autouse=True)
def _database() -> Iterator[None]:
    call_command("migrate", verbosity=0, run_syncdb=True)
    call_command("createcachetable", verbosity=0)
    if planted_calls.Note._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(planted_calls.Mark)
            editor.create_model(planted_calls.Unique)
            editor.create_model(planted_calls.Note)
            editor.create_model(planted_calls.Pinned)
    planted_calls.fill()
    yield
    connection.close()


def work_of(row: Row | Twin) -> Callable[[], Any]:
    given = row.given()
    return (lambda: row.do(given)) if row.do.__code__.co_argcount else row.do


@cache
def recorded(row: Row | Twin, *, allowed: bool = False) -> Profile:
    return stacks_of(work_of(row), allowed=allowed)


def respelt(profile: Profile, spell: Callable[[Frame], Frame]) -> Profile:
    stacks: dict[Stack, int] = {}
    for stack, weight in profile.stacks.items():
        spelt = Stack(tuple(map(spell, stack.frames)), stack.pid, stack.thread)
        stacks[spelt] = stacks.get(spelt, 0) + weight
    return Profile(stacks)


@cache
def function_only(frame: Frame) -> Frame:
    return frame._replace(function=frame.function.rpartition(".")[2])


@cache
def file_only(frame: Frame) -> Frame:
    return frame._replace(file=frame.file.rpartition("/")[2])


SPELLINGS: dict[str, Callable[[Frame], Frame]] = {
    "as recorded": lambda frame: frame,
    "without classes": function_only,
    "without folders": file_only,
    "without either": cache(lambda frame: file_only(function_only(frame))),
}
BARE = {"without folders", "without either"}


def named(analysis: Analysis) -> list[tuple[int, str]]:
    return [(finding.culprit.frame.line, finding.call) for finding in analysis.findings]


IDS = [f"{number}-{row.call}" for number, row in enumerate(ROWS)]


@pytest.mark.parametrize("allowed", [False, True], ids=["raised", "allowed"])
@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_the_line_is_named_with_its_call_and_nothing_else_is(row: Row, allowed: bool) -> None:
    analysis = analyse(recorded(row, allowed=allowed))
    if TELLS_CLASSES:
        assert named(analysis) == [(row.line, row.call)]
    (finding,) = analysis.findings
    assert (finding.culprit.frame.file, finding.culprit.frame.line) == (planted_calls.__file__, row.line)
    assert finding.allowed is allowed
    assert finding.evidence.reached > 0


@needs_classes
@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_the_frames_that_prove_it_are_known(row: Row) -> None:
    stacks = [*recorded(row).stacks, *recorded(row, allowed=True).stacks]
    seen = {
        proof.name
        for stack in stacks
        for caller, frame in zip((None, *stack.frames), stack.frames, strict=False)
        if (proof := sinks.sink_at(frame, caller))
    }
    assert seen >= set(row.proofs.split())


@pytest.mark.parametrize("spelling", ["without classes", "without folders", "without either"])
@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_in_every_spelling_no_line_but_this_is_named(row: Row, spelling: str) -> None:
    """Without classes and folders some samples are given up; none may be held against Django's own lines."""
    analysis = analyse(respelt(recorded(row), SPELLINGS[spelling]))
    lines = {finding.culprit.frame.line for finding in analysis.findings}
    without_either = {"without either"} if TELLS_CLASSES else BARE
    expected = row.by_name if row.by_name and spelling in BARE else row.line
    assert lines == {expected} or (not lines and spelling in without_either)
    assert all(finding.culprit.by_name is (spelling in BARE) for finding in analysis.findings)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_the_same_in_a_thread_is_innocent(row: Row) -> None:
    work = work_of(row)
    profile = stacks_of(sync_to_async(work))
    assert named(analyse(profile)) == []
    assert named(analyse(respelt(profile, SPELLINGS["without either"]))) == []


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("twin", INNOCENT, ids=[twin.about for twin in INNOCENT])
def test_what_sends_no_query_is_innocent(twin: Twin, spelling: str) -> None:
    profile = recorded(twin)
    assert sum(profile.stacks.values()) > 1
    assert named(analyse(respelt(profile, SPELLINGS[spelling]))) == []
