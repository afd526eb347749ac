"""A call of the connection has the name that the user's line gives it, whether the guard stopped it or not."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Event, Occurrences, Profile, Stack
from tests.analyse.stack_samples import ASYNCIO, GUARD, HANDLER, OWN, frames

VIEW = "checkout (shop/views.py:3)\n"
REFUSED = GUARD.format(line=24)
CURSOR = "BaseDatabaseWrapper.cursor (django/db/backends/base/base.py:320)\n"
SOURCES = {
    "async def checkout(request):\n    from django.db import connection\n    with connection.cursor() as cursor:\n"
    "        cursor.execute('SELECT 1')\n": "connection.cursor",
    "async def checkout(request):\n    from django.db import connections\n    connections['audit'].ensure_connection()"
    "\n": "connections['audit'].ensure_connection",
}


def found(*stacks: str, source: str | None = None, events: dict[Event, Occurrences] | None = None) -> Finding:
    profile = Profile({Stack(frames(ASYNCIO, HANDLER, VIEW, text)): 1 for text in stacks}, events=events or {})
    (finding,) = analyse(profile, source={f"{OWN}shop/views.py": source}.get).findings
    return finding


@pytest.mark.parametrize(("source", "call"), SOURCES.items())
def test_what_the_guard_stopped_is_named_as_the_line_spells_it(source: str, call: str) -> None:
    assert found(REFUSED, source=source).call == call


def test_without_the_source_the_frame_says_which_it_was_where_it_passed() -> None:
    assert found(REFUSED).call == "a method of the connection"
    assert found(REFUSED + CURSOR).call == "connection.cursor"
    assert found(REFUSED + "DatabaseWrapper.cursor (shop/audit/base.py:8)\n").call == "connection.cursor"


def test_a_line_that_calls_two_is_not_guessed() -> None:
    source = "async def checkout(request):\n    pass\n    connection.close(); connection.connect()\n"
    assert found(REFUSED, source=source).call == "a method of the connection"


def test_stopped_and_let_pass_are_one_fault_under_the_name_that_says_more() -> None:
    finding = found(REFUSED, REFUSED + "_Environ.__getitem__ (os.py:680)\n", REFUSED + CURSOR)
    assert (finding.call, finding.evidence.reached, finding.allowed) == ("connection.cursor", 3, True)


def test_the_logs_tell_of_the_same_fault() -> None:
    source = next(iter(SOURCES))
    event = Event("async-unsafe", frames(HANDLER, VIEW, REFUSED))
    finding = found(REFUSED, source=source, events={event: Occurrences(7)})
    assert (finding.call, finding.evidence.reached, finding.evidence.logged) == ("connection.cursor", 1, 7)


@pytest.mark.parametrize("above", [REFUSED, REFUSED + CURSOR])
def test_a_cursor_from_a_thread_is_no_remedy(above: str) -> None:
    """The queries on it would still run on the loop."""
    (remedy,) = found(above, source=next(iter(SOURCES))).remedies
    assert remedy.code is None
    assert "move the work with the connection into a sync function" in remedy.text
