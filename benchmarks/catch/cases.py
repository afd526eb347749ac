"""Recordings with the truth that was planted in them: the fixtures, and fresh ones of real servers under load."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncspy import read
from asyncspy.demo.planted import planted
from asyncspy.demo.server import running_shop
from asyncspy.demo.traffic import Load
from asyncspy.model.stacks import Profile
from tests.live.harness import PROGRAMS, loading, serving

FIXTURES = Path(__file__).parents[2] / "fixtures"
PROGRAM = PROGRAMS / "shop"
WITHOUT_LINES = (".nolineno.txt", ".function.txt")


@dataclass(frozen=True)
class Case:
    """One recording; `planted` are the faulty lines, as the ends of file names with their numbers."""

    group: str
    name: str
    profile: Profile
    planted: frozenset[tuple[str, int]]
    violations: int | None = None
    rate: int = 100


def fixtures() -> Iterator[Case]:
    """The recorded files of the shop, of every server, loop and format, that have line numbers."""
    made: dict[str, Any] = json.loads((FIXTURES / "recordings.json").read_text())["recordings"]
    for name, about in sorted(made.items()):
        if "every" not in about or name.endswith(WITHOUT_LINES):
            continue
        group = "fixtures, " + _share(about["every"], allowed="allowed" in name)
        full = name.endswith(("speedscope.json",)) and "--gil" in about["command"]
        violations = about["statuses"].get("500", 0) if full else None
        lines = frozenset(marked("planted")) if about["every"] else frozenset()
        yield Case(group, name, read.load(FIXTURES / "recordings" / name), lines, violations)


def fresh(seconds: int) -> Iterator[Case]:
    """The shop at one fault in 1 and in 40 requests, and the demo's shop; each recorded for so long."""
    for every in (1, 40):
        with serving(PROGRAM, loop="uvloop", env={"SHOP_VIOLATE_EVERY": str(every)}) as server:
            with loading(server.url) as loads, _recorded(server.pid, seconds) as profile:
                pass
            made = loads[0].statuses.get(500, 0)
        yield Case(f"fresh, {_share(every)}", "shop", profile, frozenset(marked("planted")), made)
    with running_shop(workers=2) as shop:
        with Load(shop.url, shop.session, seconds=seconds * 2 + 60), _recorded(shop.pid, seconds) as profile:
            pass
        lines = frozenset((mark.file, mark.line) for mark in planted(shop.root))
    yield Case("fresh, the demo's shop", "demo", profile, lines)


def marked(mark: str) -> Iterator[tuple[str, int]]:
    """The lines of the shop that carry a mark."""
    for file in sorted(PROGRAM.rglob("*.py")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if line.rstrip().endswith(f"# {mark}"):
                yield file.relative_to(PROGRAM).as_posix(), number


def _share(every: int, *, allowed: bool = False) -> str:
    how = f"1 fault in {every}" if every else "no fault"
    return f"{how}, allowed" if allowed else how


@contextmanager
def _recorded(pid: int, seconds: int) -> Iterator[Profile]:
    """What asyncspy attach saves of it."""
    with tempfile.TemporaryDirectory(prefix="asyncspy-catch-") as folder:
        options = [
            "--pid",
            str(pid),
            "--mode",
            "gil",
            "--duration",
            str(seconds),
            "--output",
            folder,
            "--format",
            "json",
        ]
        subprocess.run(
            [sys.executable, "-m", "asyncspy", "attach", *options],
            check=True, capture_output=True, timeout=seconds * 2 + 120,
        )  # fmt: skip
        (saved,) = Path(folder).iterdir()
        yield read.load(saved)
