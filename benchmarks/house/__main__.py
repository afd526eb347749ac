"""One `report` to how much of the package it goes through, and each command to what it imports.

    python -m benchmarks.house [--fixture PATH] [--json] [--modules] [--package CHECKOUT]
    python -m benchmarks.house --imports [--rounds 15] [--json] [--package CHECKOUT]

What is counted, and why so, is in README.md beside this.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.house.checkout import HERE, Checkout, checkout, environment, room_of
from benchmarks.house.imports import FIXTURE, imports, print_imports
from benchmarks.house.traced import GENERATOR


def traced(of: Checkout, fixture: Path) -> dict[str, Any]:
    """What one report ran, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.house.traced", str(of.folder), str(fixture)]
    where = {**environment(), "PYTHONPATH": str(HERE)}
    ran = subprocess.run(command, env=where, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(ran.stderr)
    told: dict[str, Any] = json.loads(ran.stdout)
    if told["exit"]:
        raise SystemExit(f"report {fixture} left with {told['exit']}: {told['stderr']}")
    return told


def measured(of: Checkout, fixture: Path) -> dict[str, Any]:
    """All figures of the table."""
    told = traced(of, fixture)
    functions = [(path, name) for path, _line, name in told["functions"]]
    files = {path for path, _ in functions}
    ran, went = Counter(room_of(path) for path, _ in functions), Counter(map(room_of, files))
    return {
        "fixture": str(fixture),
        "functions": len(functions),
        "generator_expressions": sum(name == GENERATOR for _, name in functions),
        "files": len(files),
        "changes": told["changes"],
        "calls": told["calls"],
        "loaded": len(told["modules"]),
        "lines": sum(module.lines for module in of.modules),
        "rooms": {
            room: {
                "files": len(modules),
                "lines": sum(module.lines for module in modules),
                "ran_files": went[room],
                "ran_functions": ran[room],
            }
            for room, modules in of.by_room().items()
        },
        "modules": told["modules"],
    }


def print_table(figures: dict[str, Any], *, modules: bool) -> None:
    """The figures as a table; the names of the modules at the end, if wanted."""
    generators = figures["generator_expressions"]
    written = f"{figures['functions'] - generators} written with def, {generators} generator expressions"
    rows = [
        ("functions that ran", figures["functions"], written),
        ("files in which they ran", figures["files"], f"of {sum(room['files'] for room in figures['rooms'].values())}"),
        ("changes of the room", figures["changes"], f"in {figures['calls']:,} calls"),
        ("modules loaded", figures["loaded"], ""),
        ("lines of the package", figures["lines"], ""),
    ]
    print(f"asyncspy report {figures['fixture']}\n")
    for what, figure, more in rows:
        print(f"{what:<24}{figure:>8,}   {more}".rstrip())
    print(f"\n{'room':<24}{'files':>8}{'lines':>8}{'files in which':>18}{'functions':>12}")
    print(f"{'functions ran':>58}{'that ran':>12}")
    for room, its in figures["rooms"].items():
        print(f"{room:<24}{its['files']:>8}{its['lines']:>8,}{its['ran_files']:>18}{its['ran_functions']:>12}")
    if modules:
        print("", *figures["modules"], sep="\n")


def main() -> None:
    """Print one of the two tables."""
    options = argparse.ArgumentParser()
    options.add_argument("--fixture", type=Path, default=FIXTURE, metavar="PATH")
    options.add_argument("--package", type=Path, default=HERE, help="the checkout whose code runs  [default: this one]")
    options.add_argument("--json", action="store_true", help="print all figures, and the modules, as JSON")
    options.add_argument("--modules", action="store_true", help="print the modules that were loaded, too")
    options.add_argument("--imports", action="store_true", help="what each command imports, and how long it takes")
    options.add_argument("--rounds", type=int, default=15, help="with --imports: runs of each  [default: 15]")
    chosen = options.parse_args()
    of = checkout(chosen.package)
    if not chosen.fixture.exists():
        raise SystemExit(f"{chosen.fixture} is not here: run this from the root of the repository")
    figures = imports(of, chosen.fixture, chosen.rounds) if chosen.imports else measured(of, chosen.fixture)
    if chosen.json:
        print(json.dumps(figures, indent=1))
    elif chosen.imports:
        print_imports(figures)
    else:
        print_table(figures, modules=chosen.modules)


if __name__ == "__main__":
    main()
