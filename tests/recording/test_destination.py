"""A recording is written block by block, and what is written is what it holds."""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from typing import Any

import pytest

from asyncspy.recording import destination


@pytest.mark.parametrize("count", range(6))
def test_samples_are_written_in_blocks_and_none_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(destination, "SAMPLES_AT_ONCE", 2)
    profile: dict[str, Any] = {"type": "sampled", "samples": [[n, 0] for n in range(count)], "weights": [0.1] * count}
    document = {"asyncspy": {"format": 2}, "profiles": [profile, {"type": "evented", "events": []}, profile]}
    destination.write_json(tmp_path / "a.json", document)
    assert json.loads((tmp_path / "a.json").read_text()) == document


def test_arrays_are_lists_and_a_document_without_profiles_is_one_too(tmp_path: Path) -> None:
    destination.write_json(tmp_path / "a.json", {"profiles": [{"samples": [array("L", [1, 2])]}]})
    destination.write_json(tmp_path / "b.json", {"profiles": [], "looks": []})
    assert json.loads((tmp_path / "a.json").read_text()) == {"profiles": [{"samples": [[1, 2]]}]}
    assert json.loads((tmp_path / "b.json").read_text()) == {"profiles": [], "looks": []}
