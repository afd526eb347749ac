"""Find the planted faults of the demo project, and their legitimate twins, by the comments in its source.

A line that calls async-unsafe Django on the event loop ends with `# planted: …`; a line that does the same work
correctly ends with `# twin: …`. There is no other list of them.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from asyncspy.model.findings import Finding

PROJECT = Path(__file__).with_name("project")
_MARK = re.compile(r"#\s*(planted|twin):\s*(.+)")


@dataclass(frozen=True, slots=True)
class Mark:
    """One marked line; `file` is relative to the project's root, `function` is qualified as Python does it."""

    kind: Literal["planted", "twin"]
    file: str
    function: str
    line: int
    about: str


def planted(root: Path = PROJECT) -> tuple[Mark, ...]:
    """The lines that a report must name."""
    return tuple(mark for mark in marks(root) if mark.kind == "planted")


def twins(root: Path = PROJECT) -> tuple[Mark, ...]:
    """The lines that a report must never name."""
    return tuple(mark for mark in marks(root) if mark.kind == "twin")


def marks(root: Path = PROJECT) -> tuple[Mark, ...]:
    """Every marked line of a copy of the project, by file and line."""
    return tuple(
        mark for path in sorted(root.rglob("*.py")) for mark in _marks_in(path, path.relative_to(root).as_posix())
    )


def _marks_in(path: Path, name: str) -> Iterator[Mark]:
    source = path.read_text(encoding="utf-8")
    functions = list(_functions(ast.parse(source)))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        found = _MARK.match(token.string) if token.type == tokenize.COMMENT else None
        if found is None:
            continue
        line = token.start[0]
        # A nested function comes after the one around it.
        around = [qualname for qualname, first, last in functions if first <= line <= last]
        kind = cast(Literal["planted", "twin"], found[1])
        yield Mark(kind, name, around[-1] if around else "<module>", line, found[2].strip())


def _functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, int, int]]:
    """Each function's qualified name, first and last line."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            qualname = prefix + child.name
            yield qualname, child.lineno, child.end_lineno or child.lineno
            yield from _functions(child, f"{qualname}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)


@dataclass(frozen=True, slots=True)
class PlantedResult:
    """Which planted faults a report missed, and what it named besides them."""

    planted: int
    twins: int
    missed: tuple[Mark, ...]
    false_alarms: tuple[Mark, ...]
    others: tuple[str, ...]

    @property
    def as_planted(self) -> bool:
        """Whether every fault was named, and nothing else."""
        return not (self.missed or self.false_alarms or self.others)

    def lines(self) -> list[str]:
        """The result in words, and what to do about missed faults."""
        lines = [
            f"Planted: {self.planted} faults, {self.planted - len(self.missed)} of them named.",
            f"Legitimate twins: {self.twins}, {len(self.false_alarms) or 'none'} of them named.",
            *(f"not sampled in this run: {mark.file}:{mark.line} ({mark.about})" for mark in self.missed),
            *(f"named, but legitimate: {mark.file}:{mark.line} ({mark.about})" for mark in self.false_alarms),
            *(f"named, but not planted: {place}" for place in self.others),
        ]
        return [*lines, "A longer run sees more: asyncspy demo --duration 60"] if self.missed else lines


def compare(
    faults: Sequence[Mark], legitimate: Sequence[Mark], root: Path, findings: Iterable[Finding]
) -> PlantedResult:
    """Compare findings with the marks of the project that was served from `root`."""
    unsafe = [finding.culprit.frame for finding in findings if finding.kind == "async-unsafe"]
    named = {(frame.file, frame.line) for frame in unsafe}
    known = {(str(root / mark.file), mark.line) for mark in (*faults, *legitimate)}
    return PlantedResult(
        len(faults),
        len(legitimate),
        tuple(mark for mark in faults if (str(root / mark.file), mark.line) not in named),
        tuple(mark for mark in legitimate if (str(root / mark.file), mark.line) in named),
        tuple(f"{file}:{line}" for file, line in sorted(named - known)),
    )
