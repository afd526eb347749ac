"""A count to its entries, most first; ties go by their spelling, so that the order of stacks never shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def ranked(counted: Mapping[T, int]) -> list[tuple[T, int]]:
    """All entries with their counts."""
    return sorted(counted.items(), key=lambda item: (-item[1], repr(item[0])))


def most_common(counted: Mapping[T, int]) -> T:
    """The entry that counts most."""
    return ranked(counted)[0][0]
