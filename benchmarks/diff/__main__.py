"""Cuts real recordings of unchanged apps into windows, compares every two, and counts what is wrongly told to differ.

    asyncspy demo --duration 150 --output demo.json
    python -m benchmarks.diff demo.json [--windows 20]

Within a window the samples follow one another as they did in the app: what comes in bursts stays in bursts. No pair
may be told to differ in more than 5% of all pairs.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from asyncspy.analyse import analyse
from asyncspy.analyse.compare.comparison import compare
from asyncspy.model.analysis import Analysis
from asyncspy.read import load

CHANGED = {"new", "gone", "more", "less"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--windows", type=int, default=20)
    options = parser.parse_args()
    for path in options.recordings:
        windows = [_analysed(document) for document in _cut(json.loads(path.read_text()), options.windows)]
        _print(path, windows)


def _cut(document: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """The recording's consecutive parts; every thread's samples are cut in as many."""
    windows = []
    for i in range(number):
        window = {**document, "asyncspy": copy.deepcopy(document["asyncspy"]), "profiles": []}
        window["asyncspy"]["duration"] = document["asyncspy"]["duration"] / number
        for profile in document["profiles"]:
            size = len(profile["samples"])
            part = slice(size * i // number, size * (i + 1) // number)
            cut = {"samples": profile["samples"][part], "weights": profile["weights"][part]}
            window["profiles"].append({**profile, **cut})
        windows.append(window)
    return windows


def _analysed(document: dict[str, Any]) -> Analysis:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "window.json"
        file.write_text(json.dumps(document))
        return analyse(load(file))


def _print(path: Path, windows: list[Analysis]) -> None:
    pairs = list(itertools.combinations(windows, 2))
    changes: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    bad = 0
    for before, after in pairs:
        differences = compare(before, after).differences
        changes.update(each.change for each in differences)
        off = [each for each in differences if each.change in CHANGED]
        wrong.update(f"{each.change} {each.finding.culprit.frame.function} {each.finding.kind}" for each in off)
        bad += bool(off)
    print(f"{path.name}: {len(pairs)} pairs of {len(windows)} windows, {bad} told to differ ({bad / len(pairs):.1%})")
    print(f"  findings: {', '.join(f'{number} {change}' for change, number in changes.most_common())}")
    for name, number in wrong.most_common(10):
        print(f"  wrong: {number} {name}")


if __name__ == "__main__":
    main()
