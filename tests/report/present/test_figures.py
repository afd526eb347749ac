from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncspy.report.present import figures


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.42, "0.4s"),
        (1.59, "1.6s"),
        (9.96, "10s"),
        (40, "40s"),
        (59.7, "1m"),
        (190, "3m 10s"),
        (7800, "2h 10m"),
        (3600, "1h"),
        (3 * 86400 + 4 * 3600 + 59, "3d 4h"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert figures.span(seconds) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (1.0, "100%"), (0.25, "25%"), (0.025, "2.5%"), (0.0025, "0.25%"), (0.000172, "0.017%")],
)
def test_shares_have_two_telling_digits(share: float, text: str) -> None:
    assert figures.percent(share) == text


def test_bounds_have_the_precision_of_their_share() -> None:
    assert figures.percent_interval(0.0018, 0.0034, 0.0025, "–") == "0.18–0.34%"


def test_an_upper_bound_is_rounded_up() -> None:
    assert figures.percent_bound(0.000172) == "0.018%"
    assert figures.percent_bound(0.25) == "25%"


@given(st.floats(1e-7, 1))
def test_no_bound_is_understated(share: float) -> None:
    assert float(figures.percent_bound(share).rstrip("%")) / 100 >= share - 1e-9


@pytest.mark.parametrize(("part", "text"), [(0, "0%"), (1, "<1%"), (82, "8%"), (1000, "100%")])
def test_rough_shares(part: int, text: str) -> None:
    assert figures.rough_percent(part, 1000) == text


def test_nothing_of_nothing_is_no_error() -> None:
    assert figures.rough_percent(0, 0) == "0%"


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), 10**400])
def test_numbers_that_are_none(value: float | None) -> None:
    assert figures.finite(value) is None


def test_sizes() -> None:
    assert figures.memory(112 * 1024**2) == "112 MiB"
    assert figures.memory(1434 * 1024**2) == "1.4 GiB"
