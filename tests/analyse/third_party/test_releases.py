"""Versions are in the order in which packages are released."""

from __future__ import annotations

import itertools

import pytest

from asyncspy.analyse.third_party.releases import is_before, release_key

IN_ORDER = [
    "0.9",
    "0.63.6",
    "1.0.dev1",
    "1.0a2",
    "1.0b1",
    "1.0rc1",
    "1.0",
    "1.0.post1",
    "1.0.1",
    "1.10",
    "64.0",
    "65.22.1",
]


def test_every_two_of_them_are_in_order() -> None:
    for one, other in itertools.combinations(IN_ORDER, 2):
        assert is_before(one, other) is True, (one, other)
        assert is_before(other, one) is False, (one, other)


@pytest.mark.parametrize(("one", "other"), [("4.0", "4.0.0"), ("v2.1", "2.1"), ("1.0-rc1", "1.0rc1"), ("1.0.0", "1")])
def test_spellings_of_one_release_are_one(one: str, other: str) -> None:
    assert release_key(one) == release_key(other)


@pytest.mark.parametrize("unknown", [None, "", "master", "1" * 400, "1.0b" + "9" * 400])
def test_what_is_no_version_is_not_known(unknown: str | None) -> None:
    assert is_before(unknown, "1.0") is None
