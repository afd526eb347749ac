"""The corpus's source goes in; the lines and packages that a report must name or never name come out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from asyncspy.demo.planted import Mark, planted, twins
from tests.live.harness import PROGRAMS

PROGRAM = PROGRAMS / "corpus"
_IN_PACKAGE = re.compile(r"#\s*planted in (\w+):\s*(.+)")

Place = tuple[str, int]
"""A whole file name and a line; a package's name and 0 where no line of the program is on the stack."""


@dataclass(frozen=True)
class Truth:
    """What was planted and what was done right, with the words for it."""

    planted: dict[Place, str]
    twins: dict[Place, str]


def truth() -> Truth:
    """Read from the comments: there is no other list."""
    in_packages = {
        (found[1], 0): found[2] for file in PROGRAM.rglob("*.py") for found in _IN_PACKAGE.finditer(file.read_text())
    }
    return Truth(_places(planted(PROGRAM)) | in_packages, _places(twins(PROGRAM)))


def _places(marks: tuple[Mark, ...]) -> dict[Place, str]:
    return {(str(PROGRAM / mark.file), mark.line): mark.about for mark in marks}
