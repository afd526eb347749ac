from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from asyncspy.model.stacks import Frame
from asyncspy.report.present.places import place_of, relative
from asyncspy.report.terminal.layout import fit_place, shorten_path
from asyncspy.report.view import View


@pytest.mark.parametrize(
    ("file", "root", "shown"),
    [
        ("/srv/shop/shop/views.py", "/srv/shop", "shop/views.py"),
        ("/srv/shop/shop/views.py", "/srv/shop/", "shop/views.py"),
        ("/srv/shopping/views.py", "/srv/shop", "/srv/shopping/views.py"),
        ("/srv/shop/views.py", "/", "/srv/shop/views.py"),
        ("/srv/shop/views.py", None, "/srv/shop/views.py"),
        ("/srv/shop/.venv/lib/python3.12/site-packages/django/apps.py", "/srv/shop", "django/apps.py"),
        ("/usr/lib/python3/dist-packages/asgiref/sync.py", None, "asgiref/sync.py"),
        ("/usr/lib/python3.13t/asyncio/events.py", None, "asyncio/events.py"),
        ("shop/views.py", "/srv/shop", "shop/views.py"),
        ("<string>", None, "<string>"),
    ],
)
def test_names_are_as_short_as_a_reader_knows_them(file: str, root: str | None, shown: str) -> None:
    assert relative(file, root) == shown


def test_a_line_that_was_not_recorded_is_not_shown() -> None:
    assert str(place_of(Frame("f", "a.py", 0), View())) == "a.py"
    assert str(place_of(Frame("f", "a.py", 10**4000), View())) == "a.py"
    assert str(place_of(Frame("f", "", 0), View())) == "file not recorded"


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (40, "apps/checkout/views/regional/pages.py"),
        (36, "apps/…/views/regional/pages.py"),
        (26, "…/views/regional/pages.py"),
        (24, "apps/…/regional/pages.py"),
        (17, "apps/…/pages.py"),
        (10, "…/pages.py"),
        (8, "…ages.py"),
    ],
)
def test_folders_go_before_the_file_does(room: int, shown: str) -> None:
    assert shorten_path("apps/checkout/views/regional/pages.py", room, "…") == shown


@given(st.text("ab/界é.", min_size=1, max_size=60), st.integers(1, 99_999), st.integers(12, 60))
def test_a_place_fits_and_keeps_its_line(file: str, line: int, room: int) -> None:
    shown = fit_place(place_of(Frame("f", file, line), View()), View(), room)
    assert cell_len(shown) <= room
    assert shown.endswith(f":{line}")
