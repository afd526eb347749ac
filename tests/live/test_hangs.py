"""Every way to hang that needs no special versions, each in a server of its own; and what only looks like it.

`-s` prints what was said of each. `ASYNCSPY_TWIN_TRIES` says how often the twins are dumped.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.live.hung import Kind, agree, row, watched
from tests.live.postgres import Postgres, postgres

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

KINDS = (
    Kind("second_call", "suspected", "thread", certain=False),
    Kind("result_in_the_thread", "suspected", "loop", certain=False),
    Kind("result_on_the_loop", "deadlock", "loop"),
    Kind("exhausts", "pool-exhausted", "loop"),
    Kind("lock_across_await", "deadlock", "lock", requests=2),
    Kind("sleeps", "blocked-loop", "sleep", server="uvloop"),
    Kind("reads", "blocked-loop", "socket", server="uvloop"),
    Kind("asks_itself", "deadlock", "socket"),
)
"""In all versions. Two that wait in a thread have the frames of what is merely slow: more cannot be said in 2 s."""


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    lines: list[str] = []
    yield lines
    print("\n" + "\n".join(lines))  # noqa: T201 - the table that -s is for


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_hang_is_told_with_its_line(kind: Kind, tmp_path: Path, table: list[str]) -> None:
    hang = watched(kind, tmp_path)
    table.append(row(kind.name, hang))
    agree(kind, hang)


@pytest.mark.skipif(sys.version_info < (3, 14), reason="Python 3.14 is the first that lets its tasks be read")
def test_the_coroutine_that_a_thread_waits_for_is_named(tmp_path: Path) -> None:
    kind = Kind("slow", "suspected", "loop", middleware="sync", env={"HANGS_TWIN_SECONDS": "100"})
    hang = watched(kind, tmp_path)
    assert [(each["line"]["function"], each["frames"][-1]["function"]) for each in hang["coroutines"]] == [
        ("slow", "sleep")
    ]


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    """A PostgreSQL of our own, on a socket in a folder of its own."""
    with postgres() as server:
        yield server


@pytest.mark.parametrize(
    "kind",
    [
        Kind("database_on_the_loop", "blocked-loop", "socket", certain=False, mark="in the database"),
        Kind("database_in_a_thread", "slow", "socket", mark="in the database"),
    ],
    ids=lambda kind: kind.name,
)
def test_a_lock_in_postgresql_is_told_with_its_line(
    kind: Kind, database: Postgres, tmp_path: Path, table: list[str]
) -> None:
    """psycopg wakes up every now and then while it waits: one long query and many short ones look alike."""
    kind = replace(kind, env={"HANGS_DSN": database.dsn})
    with database.lock_held():
        hang = watched(kind, tmp_path)
    table.append(row(kind.name, hang))
    agree(kind, hang)
