"""Compare names of distributions and versions of releases as Python's packaging does, as far as packages need it."""

from __future__ import annotations

import re

PHASES = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "c": 3, "rc": 3, "pre": 3, "": 4, "post": 5}
RELEASE = re.compile(r"v?(\d+(?:\.\d+)*)[._-]?(dev|alpha|beta|post|pre|rc|a|b|c)?[._-]?(\d*)", re.ASCII | re.IGNORECASE)
LONGEST_NUMBER = 9

ReleaseKey = tuple[tuple[int, ...], int, int]


def release_key(version: str | None) -> ReleaseKey | None:
    """What to order a version by: 0.66b1 comes before 0.66, and 4.0 is 4.0.0; None where that is not a version."""
    found = RELEASE.match(version or "")
    if found is None or max(map(len, found[1].split("."))) > LONGEST_NUMBER or len(found[3]) > LONGEST_NUMBER:
        return None
    numbers = list(map(int, found[1].split(".")))
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers), PHASES[(found[2] or "").lower()], int(found[3] or 0)


def is_before(version: str | None, release: str) -> bool | None:
    """Whether a version is older than a release; None where it is not known."""
    have, need = release_key(version), release_key(release)
    return have < need if have is not None and need is not None else None


def same_name(one: str, other: str) -> bool:
    """Whether two names are one distribution's: pip does not mind case, nor which of -, _ and . is where."""
    return _normal(one) == _normal(other)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
