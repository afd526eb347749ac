"""Sort the entries of a counter, most first; ties are broken by repr, so that the order of stacks does not matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def ranked(counted: Mapping[T, int]) -> list[tuple[T, int]]:
    """All entries with their counts, most first."""
    return sorted(counted.items(), key=lambda item: (-item[1], repr(item[0])))


def most_common(counted: Mapping[T, int]) -> T:
    """The entry with the highest count."""
    return ranked(counted)[0][0]
