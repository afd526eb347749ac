"""The recorded files, with what is known about each from its making and not from reading it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECORDINGS = FIXTURES / "recordings"
BAD = FIXTURES / "bad"
MADE: dict[str, dict[str, Any]] = json.loads((FIXTURES / "recordings.json").read_text())["recordings"]
PROGRAM = Path(__file__).parents[1] / "live" / "programs" / "shop" / "shop"

UNREADABLE = {"odd-control-character.svg"}
READABLE = sorted(set(MADE) - UNREADABLE)


def named(*endings: str, starts: str = "") -> list[str]:
    """The readable recordings whose names end so."""
    return [name for name in READABLE if name.endswith(endings) and name.startswith(starts)]


def marked(file: str, mark: str) -> int:
    """The number of the one line of the recorded program that carries a mark."""
    lines = (PROGRAM / file).read_text().splitlines()
    (number,) = [at for at, line in enumerate(lines, 1) if line.endswith(f"# {mark}")]
    return number
