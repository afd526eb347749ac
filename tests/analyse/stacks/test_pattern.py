"""A rule matches its frame in every spelling, and no other frame in any."""

from __future__ import annotations

import pytest

from asyncspy.analyse.stacks.pattern import Pattern, Rules
from asyncspy.model.stacks import Frame

COUNT = Pattern("QuerySet.count", "django/db/models/query.py")
FETCH = Pattern("QuerySet._fetch_all", "django/db/models/query.py")
SPAWN = Pattern("*._spawn_asgi_worker", "granian/server/mp.py")
STRICT: Rules[str] = Rules([(COUNT, "count"), (FETCH, "fetch"), (SPAWN, "spawn")])
LENIENT: Rules[str] = Rules([(COUNT, "count"), (FETCH, "fetch")], lenient=True)
WHOLE = "/srv/venv/lib/python3.12/site-packages/django/db/models/query.py"


@pytest.mark.parametrize(
    ("function", "file", "strict", "lenient"),
    [
        ("QuerySet.count", WHOLE, True, True),
        ("count", WHOLE, True, True),
        ("QuerySet.count", "django/db/models/query.py", True, True),
        ("count", "django/db/models/query.py", True, True),
        ("QuerySet.count", "query.py", True, True),
        ("count", "query.py", False, True),  # may be anybody's
        ("QuerySet.count", "C:\\venv\\Lib\\site-packages\\django\\db\\models\\query.py", True, True),
        ("Rows.count", "query.py", False, False),
        ("Rows.count", "shop/query.py", False, False),
        ("count", "shop/query.py", False, False),
        ("count", "/srv/mydjango/db/models/query.py", False, False),
        ("QuerySet.counted", WHOLE, False, False),
        ("Outer.QuerySet.count", WHOLE, False, False),
    ],
)
def test_the_poorer_the_spelling_the_more_it_takes(function: str, file: str, strict: bool, lenient: bool) -> None:
    frame = Frame(function, file, 3)
    assert (STRICT.match(frame) == "count", LENIENT.match(frame) == "count") == (strict, lenient)


def test_a_name_that_nobody_else_has_needs_no_folder() -> None:
    assert STRICT.match(Frame("_fetch_all", "query.py")) == "fetch"


@pytest.mark.parametrize("owner", ["MPServer", "Granian", "a.b.<locals>.C"])
def test_a_star_stands_for_any_class(owner: str) -> None:
    file = "/srv/venv/lib/python3.12/site-packages/granian/server/mp.py"
    assert STRICT.match(Frame(f"{owner}._spawn_asgi_worker", file)) == "spawn"
    assert STRICT.match(Frame("_spawn_asgi_worker", file)) == "spawn"
    assert STRICT.match(Frame(f"{owner}._spawn_wsgi_worker", file)) is None


def test_the_first_rule_that_fits_wins() -> None:
    rules: Rules[int] = Rules([(COUNT, 1), (Pattern("*.count", "django/db/models/query.py"), 2)])
    assert rules.match(Frame("QuerySet.count", WHOLE)) == 1
    assert rules.match(Frame("Other.count", WHOLE)) == 2
