"""Lists of samples that are counted by their text give the very profile that decoding them gives."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncspy.errors import InputError
from asyncspy.read.speedscope import reader, sample_lists
from tests.read.fixtures import FIXTURES

DOCUMENTS = sorted(path for path in FIXTURES.rglob("*.json") if b'"samples"' in path.read_bytes()[:1_000_000])
NEVER = 1 << 60


def outcome(data: bytes) -> object:
    try:
        return reader.read(io.BytesIO(data), "x.json")
    except InputError as error:
        return error.message


def both(data: bytes) -> tuple[object, object]:
    """What comes of a document when every list is long, and when none is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample_lists, "LONG", 0)
        by_text = outcome(data)
        patch.setattr(sample_lists, "LONG", NEVER)
        return by_text, outcome(data)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_document_of_the_fixtures(path: Path) -> None:
    by_text, decoded = both(path.read_bytes())
    assert by_text == decoded


def test_lists_are_counted_by_their_text_and_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_lists, "LONG", 0)
    data = (FIXTURES / "recordings" / "uvicorn-asyncio-every1.speedscope.json").read_bytes()
    profiles = sample_lists.decoded(data)["profiles"]
    assert {type(one["samples"]) for one in profiles if len(one["weights"]) > 1} == {sample_lists.Samples}


SAMPLES = st.lists(st.lists(st.sampled_from([0, 1, 2, 5, -1, True, None, 1.0, "0", [0]]), max_size=4), max_size=6)
WEIGHTS = st.lists(st.sampled_from([0.01, 0.02, -1.0, 0, None, "1"]), max_size=7)
UNITS = st.sampled_from(["seconds", "none"])
ONE_WEIGHT = st.sampled_from([0.01, 1, 7, 0, -1.0, True, None, float("nan"), 1e300])


@given(
    samples=SAMPLES,
    weights=WEIGHTS | ONE_WEIGHT,
    mixed=st.booleans(),
    unit=UNITS,
    block=st.sampled_from([3, 9, 20, 40, 1 << 20]),
    compact=st.booleans(),
)
@settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
def test_whatever_is_in_the_lists(
    samples: list[object], weights: object, mixed: bool, unit: str, block: int, compact: bool
) -> None:
    if not isinstance(weights, list):
        weights = [True if mixed and at == 1 else weights for at in range(len(samples))]
    profile = {"type": "sampled", "name": "x", "unit": unit, "samples": samples, "weights": weights}
    other = {"type": "sampled", "name": "y", "unit": unit, "samples": [[0], [1], [0]], "weights": [3, 3, 3]}
    frames = [{"name": "a"}, {"name": "b"}, {"name": 5}]
    document = {"profiles": [profile, other], "shared": {"frames": frames}}
    data = json.dumps(document, separators=(",", ":") if compact else None).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample_lists, "BLOCK", block)
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
