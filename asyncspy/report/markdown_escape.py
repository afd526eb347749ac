"""Escape names and sentences for Markdown, so that no renderer takes them for anything else."""

from __future__ import annotations

import re

from asyncspy.report.view import escape

_SIGNS = re.compile(r"([\\`*\[\]<>#|~@&$]|(?<![^\W_])_|_(?![^\W_])|/(?=/)|(?<=www)\.)", re.IGNORECASE)
"""What any flavour of Markdown gives a meaning to within a line: mentions, entities, formulas, bare links."""

_AT_START = re.compile(r"^(\d+)([.)])|^([-+=])")

MAX_SENTENCE = 2_000
"""Characters of a sentence; only a hostile one is longer."""


def code(text: str) -> str:
    """A name from outside as inline code. `|` would end a table's cell even in code: a look-alike stands for it."""
    safe = escape(text).replace("|", "¦")
    ticks = "`" * (_longest_run_of_ticks([safe]) + 1)
    pad = " " if safe[:1] in "` " or safe[-1:] in "` " or not safe else ""
    return f"{ticks}{pad}{safe}{pad}{ticks}"


def plain(text: str) -> str:
    """A sentence that is shown as it is."""
    escaped = _SIGNS.sub(r"\\\1", escape(text, limit=MAX_SENTENCE))
    return _AT_START.sub(lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", escaped)


def code_block(lines: list[str], language: str = "") -> list[str]:
    """Lines of code, fenced; nothing where there are none."""
    safe = [escape(line, limit=MAX_SENTENCE) for line in lines]
    fence = "`" * max(3, _longest_run_of_ticks(safe) + 1)
    return [f"{fence}{language}", *safe, fence, ""] if lines else []


def _longest_run_of_ticks(lines: list[str]) -> int:
    return max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
