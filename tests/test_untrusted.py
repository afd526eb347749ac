from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncspy.report.view import escape
from asyncspy.untrusted import DEFAULT_LIMIT, escape_unprintable

ANY_TEXT = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("shop/pricing.py", "shop/pricing.py"),
        ("prix_élevé_価格", "prix_élevé_価格"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("a\x00\x7f\x9b", r"a\x00\x7f\x9b"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066x\u2069\u200f", r"\u2066x\u2069\u200f"),
        ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\ud800", r"\ud800"),
        ("no\u00a0break", r"no\xa0break"),
        ("\U000e0041", r"\U000e0041"),
        ("[bold]x[/] :smile:", "[bold]x[/] :smile:"),
    ],
)
def test_what_is_not_plainly_visible_is_spelt_out(text: str, shown: str) -> None:
    assert escape_unprintable(text) == shown


def test_marks_that_climb_are_cut_down_and_none_sits_on_our_own_text() -> None:
    assert escape_unprintable("e" + "\u0301" * 40).count("\u0301") == 2
    assert escape_unprintable("\u0301e") == r"\u0301e"


def test_plain_terminals_get_plain_text() -> None:
    assert escape_unprintable("Größe …(価)", ascii_only=True) == r"Gr\xf6\xdfe ...(\u4fa1)"


def test_long_names_keep_both_ends() -> None:
    shown = escape_unprintable("start" + "x" * 10_000 + "end.py")
    assert len(shown) == DEFAULT_LIMIT
    assert shown.startswith("startx")
    assert "…" in shown
    assert shown.endswith("xend.py")


@given(ANY_TEXT)
def test_nothing_a_terminal_obeys_comes_through(text: str) -> None:
    shown = escape_unprintable(text)
    assert not [char for char in shown if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    shown.encode("utf-8")


@given(ANY_TEXT)
def test_plain_means_printable_ascii(text: str) -> None:
    assert all(" " <= char <= "~" for char in escape_unprintable(text, ascii_only=True))


@given(ANY_TEXT | st.text(alphabet="ab ./\t", max_size=40), st.integers(8, 30), st.booleans())
def test_reports_leave_plain_names_alone_and_escape_all_others(text: str, limit: int, ascii_only: bool) -> None:
    assert escape(text, limit=limit, ascii_only=ascii_only) == escape_unprintable(
        text, limit=limit, ascii_only=ascii_only
    )
