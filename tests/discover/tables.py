"""Recorded process tables, and small ones built by hand."""

from __future__ import annotations

import json
from pathlib import Path

from asyncspy.discover.command_line import ProcessInfo

FOLDER = Path(__file__).parents[2] / "fixtures" / "processes"


def recorded(name: str) -> list[ProcessInfo]:
    """The rows of one recorded tree."""
    saved = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return [ProcessInfo(**{**row, "cmdline": tuple(row["cmdline"])}) for row in saved["processes"]]


def row(pid: int, line: str, *, ppid: int = 1, environ: dict[str, str] | None = None) -> ProcessInfo:
    """A process by its command line, split at spaces."""
    words = tuple(line.split())
    return ProcessInfo(pid, ppid, words[0].rpartition("/")[2] if words else "", words, environ=environ)
