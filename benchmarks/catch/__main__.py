"""Prints what each reading of the same recordings catches of what was planted, and what it holds against the innocent.

    python -m benchmarks.catch                    the fixtures, and three fresh recordings of 10 s
    python -m benchmarks.catch --fixtures-only    no server, no py-spy
    python -m benchmarks.catch --seconds 60

A sample is true where a planted line is on its stack: those lines run on the event loop and nowhere else. A line counts
as planted where at least one sample holds it: what was not sampled nobody can read.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from asyncspy.analyse.confidence import SECONDS_ON_STACK
from asyncspy.model.stacks import Frame, Stack
from benchmarks.catch.cases import Case, fixtures, fresh
from benchmarks.catch.readings import READINGS, Reading


@dataclass
class Score:
    """One reading of a group of recordings, in samples and in lines."""

    flagged: int = 0
    true: int = 0
    there: int = 0
    lines_there: int = 0
    lines_named: int = 0
    lines_wrong: int = 0
    wrong: set[str] = field(default_factory=set)

    def add(self, other: Score) -> None:
        for name in ("flagged", "true", "there", "lines_there", "lines_named", "lines_wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def score(case: Case, reading: Reading) -> Score:
    """One reading of one recording."""
    result, named, there = Score(), set[Frame](), set[tuple[str, int]]()
    for stack, weight in case.profile.stacks.items():
        truth = _truth(stack, case)
        there |= truth
        result.there += weight if truth else 0
        blamed = reading(stack)
        if blamed is not None:
            named.add(blamed)
            result.flagged += weight
            result.true += weight if truth else 0
    right = {line for line in there if any(_is(frame, line) for frame in named)}
    wrong = {frame for frame in named if not any(_is(frame, line) for line in case.planted)}
    result.lines_there, result.lines_named, result.lines_wrong = len(there), len(right), len(wrong)
    return result


def _truth(stack: Stack, case: Case) -> set[tuple[str, int]]:
    return {line for line in case.planted if any(_is(frame, line) for frame in stack.frames)}


def _is(frame: Frame, line: tuple[str, int]) -> bool:
    return frame.line == line[1] and (frame.file == line[0] or frame.file.endswith("/" + line[0]))


def table(cases: Sequence[Case]) -> Iterable[str]:
    """The scores by group, and of all."""
    heads = ("flagged", "true", "precision", "there", "recall", "lines named", "wrong lines")
    yield f"{'recordings':28}{'reading':25}" + "".join(f"{head:>13}" for head in heads)
    groups = dict.fromkeys(case.group for case in cases)
    for group in (*groups, "all"):
        chosen = [case for case in cases if group in {case.group, "all"}]
        for number, (name, reading) in enumerate(READINGS.items()):
            total = Score()
            for case in chosen:
                total.add(score(case, reading))
            label = f"{group} ({len(chosen)})" if not number else ""
            yield f"{label:28}{name:25}" + "".join(f"{cell:>13}" for cell in _cells(total))
        yield ""


def _cells(total: Score) -> list[str]:
    return [
        f"{total.flagged:,}",
        f"{total.true:,}",
        _percent(total.true, total.flagged),
        f"{total.there:,}",
        _percent(total.true, total.there),
        f"{total.lines_named} of {total.lines_there}",
        str(total.lines_wrong),
    ]


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def on_stack(cases: Sequence[Case]) -> Iterable[str]:
    """How long one violation shows to each reading, where it is known how many were made."""
    known = [case for case in cases if case.violations]
    made = sum(case.violations or 0 for case in known)
    if not made:
        return
    yield f"Time on the stack per violation, of {made:,} that were made ({len(known)} recordings at 100 Hz):"
    for name, reading in READINGS.items():
        true = sum(score(case, reading).true / case.rate for case in known)
        yield f"  {name:25}{true / made * 1e6:>8.0f} µs"
    yield f"  {'assumed by the reports':25}{SECONDS_ON_STACK * 1e6:>8.0f} µs"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catch", description=__doc__.splitlines()[0])
    parser.add_argument("--fixtures-only", action="store_true", help="neither servers nor py-spy")
    parser.add_argument("--seconds", type=int, default=10, help="length of each fresh recording (default: 10)")
    chosen = parser.parse_args()
    cases = list(chain(fixtures(), () if chosen.fixtures_only else fresh(chosen.seconds)))
    print("\n".join(chain(table(cases), on_stack(cases))))


if __name__ == "__main__":
    main()
