"""The comparison itself: it sees what a report left out, and what a report named wrongly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.live.corpus.attached import table
from tests.live.corpus.marks import PROGRAM, Truth
from tests.live.corpus.sightings import sightings

VIEWS = f"{PROGRAM}/corpus/views.py"
PLANTED, PACKAGE, TWIN = (VIEWS, 5), ("ninja", 0), (VIEWS, 9)
TRUTH = Truth({PLANTED: "count()", PACKAGE: "a lazy queryset"}, {TWIN: "acount()"})
FRAMES = [
    (VIEWS, 5),
    (VIEWS, 9),
    ("/lib/site-packages/django/db/models/sql/compiler.py", 1600),
    ("/lib/site-packages/django/db/models/sql/query.py", 300),
    ("/lib/site-packages/ninja/schema.py", 90),
    ("/lib/site-packages/django/utils/asyncio.py", 24),
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two samples of the planted line on its way to the database, one that only builds, and the others' one each."""
    samples = [[0, 2], [0, 5], [0, 3], [1, 2], [1, 4, 2]]
    document = {
        "shared": {"frames": [{"name": "f", "file": file, "line": line} for file, line in FRAMES]},
        "profiles": [{"samples": samples, "weights": [0.01] * len(samples)}],
    }
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(document))
    return path


def report(*places: tuple[str, int]) -> dict[str, Any]:
    return {
        "findings": [
            {
                "kind": "async-unsafe",
                "culprit": {"file": file, "line": line, "package": None if line else file},
                "evidence": {"reached": 1, "heading": 1},
                "call": "QuerySet.count",
            }
            for file, line in places
        ]
    }


def test_only_lines_on_their_way_to_the_database_are_sighted(recording: Path) -> None:
    assert sightings(recording, TRUTH.planted) == {PLANTED: 2, PACKAGE: 1}


def test_all_is_well(recording: Path) -> None:
    shown, wrong = table(report(PLANTED, PACKAGE), recording, TRUTH)
    assert wrong == []
    assert "planted 2, seen 1, found 1, false alarms 0" in shown


def test_what_was_seen_and_not_found_is_missed_and_a_named_twin_is_a_false_alarm(recording: Path) -> None:
    _, wrong = table(report(TWIN), recording, TRUTH)
    assert [words.partition(":")[0] for words in wrong] == ["missed", "false alarm"]
