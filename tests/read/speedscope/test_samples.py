"""Samples that are counted as JSON text give the very profile that decoding all of them gives."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncspy.errors import InputError
from asyncspy.read import decode_json
from asyncspy.read.speedscope import document, samples
from tests.read.fixtures import FIXTURES

DOCUMENTS = sorted(path for path in FIXTURES.rglob("*.json") if b'"samples"' in path.read_bytes()[:1_000_000])


def outcome(decode: Callable[[bytes], object], data: bytes) -> object:
    try:
        return document.profile_of(decode(data), "x.json")
    except InputError as error:
        return re.sub(r"position \d+", "position N", error.message)  # in the document, or in one sample of it


def both(data: bytes) -> tuple[object, object]:
    """What comes of a document when samples are counted as text, and when all of it is decoded."""
    return outcome(samples.decode_document, data), outcome(decode_json.decode, data)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_document_of_the_fixtures(path: Path) -> None:
    by_text, decoded = both(path.read_bytes())
    assert by_text == decoded


def test_samples_are_counted_as_text_and_not_decoded() -> None:
    data = (FIXTURES / "recordings" / "uvicorn-asyncio-every1.speedscope.json").read_bytes()
    profiles = samples.decode_document(data)["profiles"]
    assert {type(sample) for one in profiles for sample in one["samples"]} == {bytes}


SAMPLES = st.lists(st.lists(st.sampled_from([0, 1, 2, 5, -1, True, None, 1.0, "0", [0]]), max_size=4), max_size=6)
WEIGHTS = st.lists(st.sampled_from([0.01, 0.02, -1.0, 0, None, "1"]), max_size=7)
UNITS = st.sampled_from(["seconds", "none"])
ONE_WEIGHT = st.sampled_from([0.01, 1, 7, 0, -1.0, True, None, float("nan"), 1e300])


@given(
    listed=SAMPLES,
    weights=WEIGHTS | ONE_WEIGHT,
    mixed=st.booleans(),
    unit=UNITS,
    compact=st.booleans(),
)
@settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
def test_whatever_is_in_the_lists(listed: list[object], weights: object, mixed: bool, unit: str, compact: bool) -> None:
    if not isinstance(weights, list):
        weights = [True if mixed and at == 1 else weights for at in range(len(listed))]
    profile = {"type": "sampled", "name": "x", "unit": unit, "samples": listed, "weights": weights}
    other = {"type": "sampled", "name": "y", "unit": unit, "samples": [[0], [1], [0]], "weights": [3, 3, 3]}
    frames = [{"name": "a"}, {"name": "b"}, {"name": 5}]
    made = {"profiles": [profile, other], "shared": {"frames": frames}}
    data = json.dumps(made, separators=(",", ":") if compact else None).encode()
    by_text, decoded = both(data)
    assert by_text == decoded


@pytest.mark.parametrize(
    "text",
    [
        '[["samples",[[0]]]]',
        r'{"profiles":[{"a\"samples":[[0],[0]],"samples":[[0],[0]],"weights":[1,1]}],"shared":{"frames":[{"name":"a"}]}}',
        '{"profiles":[{"samples":[[0],[01]],"weights":[1,1]}],"shared":{"frames":[{"name":"a"}]}}',
        '{"profiles":[{"samples":[[0],[0_0]],"weights":[1,1]}],"shared":{"frames":[{"name":"a"}]}}',
        '{"profiles":[{"samples":[[0],[0,]],"weights":[1,1]}],"shared":{"frames":[{"name":"a"}]}}',
        '{"profiles":[{"samples":[[0],[ 0]],"weights":[1,1]}],"shared":{"frames":[{"name":"a"}]}}',
        '{"profiles":[{"samples":[[0],[0]],"samples":7,"weights":[1,1]}],"shared":{"frames":[{"name":"a"}]}}',
        '{"profiles":[{"samples":[[0],[[0]]],"weights":[1,1]}],"shared":{"frames":[{"name":"a"}]}}',
        '{"profiles":[{"samples":[[0],[0]',
        '{"profiles":[{"samples":"samples-0-0","x":{"samples":[[0],[0]]},"weights":[1]}],"shared":{"frames":[{"name":"a"}]}}',
    ],
)
def test_texts_made_to_be_taken_for_what_they_are_not(text: str) -> None:
    by_text, decoded = both(text.encode())
    assert by_text == decoded


def test_more_samples_than_memory_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = (FIXTURES / "recordings" / "uvicorn-asyncio-every1.speedscope.json").read_bytes()
    monkeypatch.setattr(samples, "MAX_SAMPLES", 10)
    with pytest.raises(InputError, match="more than 10 samples"):
        samples.decode_document(data)
