"""Whole reports against golden/*.txt.

After a change that is meant: `ASYNCSPY_BLESS=1 pytest tests/report/test_golden.py`, then read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from asyncspy.report import FORMATS
from asyncspy.report.terminal.worker_tree import render_workers
from tests.report import examples
from tests.report.views import view

GOLDEN = Path(__file__).parent / "golden"

REPORTS = {
    "typical-80": lambda: FORMATS["terminal"](examples.typical, view(80)),
    "crowded-60-ascii": lambda: FORMATS["terminal"](examples.crowded, view(60, ascii=True)),
    "none-seen-120": lambda: FORMATS["terminal"](examples.none_seen, view(120)),
    "costly-80": lambda: FORMATS["terminal"](examples.costly, view(80)),
    "waiting-80": lambda: FORMATS["terminal"](examples.waiting, view(80)),
    "workers-80": lambda: render_workers(examples.WORKERS, view(80), now=examples.NOW),
}


@pytest.mark.parametrize("name", REPORTS)
def test_reports_look_as_they_were_blessed(name: str) -> None:
    file, text = GOLDEN / f"{name}.txt", REPORTS[name]()
    if os.environ.get("ASYNCSPY_BLESS"):
        file.write_text(text, encoding="utf-8")
    assert file.is_file(), f"{file} is missing: bless it with ASYNCSPY_BLESS=1"
    assert text == file.read_text(encoding="utf-8")


def test_no_golden_is_left_over() -> None:
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(REPORTS)
