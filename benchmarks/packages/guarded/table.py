"""Write what was seen of each reported bug into the README: `python -m benchmarks.packages.guarded.table`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from benchmarks.packages.guarded.__main__ import FOUND, problems, runs_of
from benchmarks.packages.guarded.case import ReportedBug
from benchmarks.packages.guarded.cases import CASES
from benchmarks.packages.table import README

BEGIN, END = "<!-- bugs: made by python -m benchmarks.packages.guarded.table -->", "<!-- end of bugs -->"
HEAD = ("| issue | run | guard reached from | asyncspy blames | and says |", "| --- | --- | --- | --- | --- |")


def rows(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """A row for each run of each case; what was not run has none."""
    for case in CASES:
        for name, *_ in runs_of(case):
            if name in found.get(case.issue, {}):
                yield row(case, name, found[case.issue][name])


def row(case: ReportedBug, name: str, seen: dict[str, Any]) -> str:
    """One run: the release, the truth, the verdict, and what is wrong with it."""
    said = [one for source in ("live", "log") for one in seen.get(source) or () if isinstance(one, dict)]
    reached = ", ".join(sorted({f"`{chain[0]}`" for chain in seen.get("reached", ())})) or "no"
    blamed = ", ".join(sorted({f"`{one['culprit']}`" for one in said})) or "nobody"
    wrong = problems(case, name, seen)
    right = f"“{case.says}”" if name in case.affected else "silence"
    return f"| {case.issue} | {case.distribution} {name} | {reached} | {blamed} | {'WRONG' if wrong else right} |"


def main() -> None:
    """Write the table, and print how many runs are as they should be."""
    lines = list(rows(json.loads(FOUND.read_text())))
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text("\n".join([before + BEGIN, *HEAD, *lines, END + rest.partition(END)[2]]))
    print(f"{len(lines)} runs, {sum(line.endswith('WRONG |') for line in lines)} of them wrong")


if __name__ == "__main__":
    main()
