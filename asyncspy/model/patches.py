"""Types for what is done about findings: the edited lines of each, or why a person has to do it, and the diff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from asyncspy.model.findings import Culprit, Remedy
from asyncspy.model.stacks import FindingKind


class PatchedLine(NamedTuple):
    """Lines of a file, named from the root, that a patch replaces: from `line` on, before and after."""

    file: str
    line: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FindingFix:
    """What is done about one finding, by its number in the report; if it is left to a person, for what `reason`.

    `covered_by` is the finding whose change of the same expression moves this one's call into a thread as well.
    """

    number: int
    kind: FindingKind
    culprit: Culprit
    call: str
    outcome: Literal["patched", "left"]
    lines: tuple[PatchedLine, ...] = ()
    reason: str | None = None
    covered_by: int | None = None
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True)
class Patch:
    """A unified diff with paths from `root`, and what it does about which finding."""

    root: str
    diff: bytes
    fixes: tuple[FindingFix, ...]
    files: tuple[str, ...] = ()
    written: bool = False
