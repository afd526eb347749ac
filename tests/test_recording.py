"""The saved form: what is written is read back, and what later or broken hands wrote is met with words."""

from __future__ import annotations

import json

import pytest

from asyncspy import recording
from asyncspy.errors import InputError
from asyncspy.model import Origin, Worker

TARGET = Worker(7, 1, "worker", True, "gunicorn", "27.0", "shop.asgi:application", python="3.12", started_at=1.5)
ORIGIN = Origin("py-spy 0.4.3", "gil", 100, 180.0, "2026-11-21T02:13:00+00:00", 17, 2, 1.2, True, "0.1.0", TARGET)


def test_what_is_embedded_is_extracted() -> None:
    document = recording.embed({"profiles": []}, ORIGIN)
    assert recording.extract(json.loads(json.dumps(document))) == ORIGIN
    assert document["profiles"] == []


def test_a_file_of_py_spys_own_says_nothing() -> None:
    assert recording.extract({"profiles": []}) is None


def test_a_later_format_asks_for_an_upgrade() -> None:
    with pytest.raises(InputError) as caught:
        recording.extract({"asyncspy": {"format": recording.FORMAT + 1, "sampler": "x"}})
    assert "upgrade" in caught.value.remedy


def test_unknown_keys_of_a_later_version_are_passed_over() -> None:
    origin = recording.extract({"asyncspy": {"format": 1, "sampler": "py-spy", "weather": "fine"}})
    assert origin == Origin("py-spy")


@pytest.mark.parametrize(
    "broken",
    [
        {"rate": "fast"},
        {"samples": -5},
        {"rate": 10**400},
        {"duration": float("nan")},
        {"mode": "hearsay"},
        {"duration": None, "rate": True},
        {"target": [1]},
        {"interrupted": 3},
    ],
)
def test_values_of_the_wrong_kind_are_left_out(broken: dict[str, object]) -> None:
    assert recording.extract({"asyncspy": {"format": 1, "sampler": "py-spy", **broken}}) == Origin("py-spy")


def test_an_account_without_what_it_needs_is_refused_with_a_way_out() -> None:
    with pytest.raises(InputError) as caught:
        recording.extract({"asyncspy": {"format": 1, "sampler": "py-spy", "target": {"pid": "x"}}})
    assert "remove" in caught.value.remedy
