"""Whole reports against golden/. After a change that is meant: `make bless`, then read the difference."""

from __future__ import annotations

import pytest

from tests.report.goldens import GOLDEN, REPORTS, golden_text


@pytest.mark.parametrize("name", REPORTS)
def test_reports_look_as_they_were_blessed(name: str) -> None:
    file = GOLDEN / name
    assert file.is_file(), f"{file} is missing: make bless writes it"
    assert golden_text(name) == file.read_text(encoding="utf-8")


def test_no_golden_is_left_over() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == set(REPORTS)
