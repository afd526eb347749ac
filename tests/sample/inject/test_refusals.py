"""Every refusal that the code knows is said in words, with a next step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asyncspy.sample import inject
from asyncspy.sample.inject.refusal_words import WORDS, in_words
from asyncspy.sample.inject.refused import NotInjected

SOURCES = "".join(each.read_text() for each in Path(inject.__file__).parent.glob("*.py"))
KINDS = sorted(
    {*re.findall(r'NotInjected\(\s*"(\w+)"', SOURCES), "older", "newer", "version", "denied", "traced", "another"}
)


def test_words_and_kinds_are_the_same() -> None:
    assert set(KINDS) == set(WORDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("detail", ["", "3.8", "\x1b[31m{pid}"])
def test_each_is_said_in_words(kind: str, detail: str) -> None:
    error = in_words(77, NotInjected(kind, detail))
    assert error.exit_code == 3
    assert error.message.startswith("nothing was injected into process 77: ")
    assert error.message.isprintable()
    assert not re.search(r"[{}]", error.message + error.remedy) or "{pid}" in detail
    assert error.remedy
