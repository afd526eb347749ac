"""The table of a watch: what is found, how much of it, and how that goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Evidence
from asyncspy.report.terminal.watch_table import BARS, TREND_WIDTH, WatchTable, watch_line, watch_table
from tests.report import examples
from tests.report.views import view


def seen(samples: int) -> Analysis:
    """One finding of so many samples so far."""
    return replace(examples.one, findings=(replace(examples.own, evidence=Evidence(heading=samples)),))


def after(*samples: int) -> WatchTable:
    board = WatchTable("uvicorn worker 48291")
    for slices, number in enumerate(samples, 1):
        board.add(seen(number) if number else examples.none_seen, 10.0 * slices)
    return board


def text(board: WatchTable, width: int = 80, **changed: object) -> str:
    return "\n".join(part.plain for part in watch_table(board, view(width, **changed)))


def test_before_the_first_slice_it_says_what_it_waits_for() -> None:
    assert "uvicorn worker 48291" in text(after())
    assert "Waiting for the first slice." in text(after())


def test_a_finding_has_its_samples_its_last_slice_its_share_and_its_place() -> None:
    shown = text(after(4, 10))
    assert "2 slices" in shown
    assert "20s" in shown
    row = next(one for one in shown.splitlines() if "+6" in one)
    assert row.split()[:2] == ["10", "+6"]
    assert "unsafe" in row
    assert "shop/pricing.py:22" in shown
    assert "helper_count" in shown


def test_the_trend_rises_and_falls_with_the_slices() -> None:
    shown = text(after(1, 9, 9, 10))
    assert f"{BARS[1]}{BARS[-1]} {BARS[1]}" in shown


def test_what_comes_later_begins_after_blanks_and_what_goes_stays() -> None:
    board = after(0, 0, 5)
    (trend,) = board.trends.values()
    assert trend == [0, 0, 5]
    board.add(examples.none_seen, 40.0)
    assert trend == [0, 0, 5, 0]


def test_a_long_watch_shows_its_last_slices() -> None:
    (trend,) = after(*range(1, 3 * TREND_WIDTH)).trends.values()
    assert len(trend) == TREND_WIDTH


def test_nothing_found_is_said() -> None:
    assert "No async-unsafe call was seen" in text(after(0))
    assert "nothing found" in watch_line(after(0), view())


def test_a_slice_in_one_line() -> None:
    told = watch_line(after(4, 10), view())
    assert "shop/pricing.py:22 10 (+6)" in told
    assert "\n" not in told


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("analysis", [examples.typical, examples.crowded, examples.waiting, examples.costly])
def test_it_fits_every_terminal(analysis: Analysis, width: int) -> None:
    board = WatchTable("gunicorn master 48290 with its 2 workers")
    board.add(analysis, 10.0)
    shown = watch_table(board, view(width))
    assert max(part.cell_len for part in shown) <= max(width, 60)
    for finding in analysis.findings:
        assert finding.culprit.frame.function[:10] in "\n".join(part.plain for part in shown)


def test_hostile_names_are_inert() -> None:
    board = WatchTable("process 7")
    board.add(examples.hostile_all, 10.0)
    shown = text(board)
    assert "\x1b" not in shown
    assert "\x1b" not in watch_line(board, view())


def test_without_unicode_it_is_drawn_all_the_same() -> None:
    assert text(after(1, 9), ascii=True).isascii()
