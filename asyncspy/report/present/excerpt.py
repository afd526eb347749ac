"""The lines around a culprit to an excerpt with the line to change marked."""

from __future__ import annotations

from textwrap import dedent

from rich.text import Text

from asyncspy.model.stacks import Frame
from asyncspy.report.present.place_names import has_line, outside
from asyncspy.report.terminal.layout import ALARM, FAINT, NAME, clip, indented, wrap_code
from asyncspy.report.view import View

CONTEXT = 1
"""How many neighbours are shown on either side."""

INDENT = 3


def excerpt(frame: Frame, view: View) -> list[Text]:
    """The line to change, whole, between its neighbours; nothing where it cannot be read."""
    found = view.source(frame.file, frame.line) if view.source is not None and has_line(frame) else []
    near = [(n, outside(text.rstrip().expandtabs(4), view)) for n, text in found if abs(n - frame.line) <= CONTEXT]
    near = [(n, text) for n, text in near if text or n == frame.line]
    if not any(n == frame.line for n, _ in near):
        return []
    width = max(len(str(n)) for n, _ in near)
    texts = dedent("\n".join(text for _, text in near)).split("\n")
    lines: list[Text] = []
    for (n, _), text in zip(near, texts, strict=True):
        lines += _marked(f"{n:>{width}}", text, view) if n == frame.line else [_neighbour(f"{n:>{width}}", text, view)]
    return indented(lines, INDENT)


def _neighbour(number: str, text: str, view: View) -> Text:
    signs = view.glyphs
    gutter = f"  {number} {signs.bar} "
    return Text(gutter + clip(text, view.columns - INDENT - len(gutter), signs.dots), FAINT)


def _marked(number: str, text: str, view: View) -> list[Text]:
    """Never cut: the call may be at its end. What does not fit goes on below, further in."""
    signs = view.glyphs
    gutter = f"{signs.arrow} {number} {signs.bar} "
    room = view.columns - INDENT - len(gutter)
    code = text.lstrip()
    margin = min(len(text) - len(code), room // 2)
    first, *more = indented(wrap_code(code, room - margin, NAME), margin)
    below = " " * (len(gutter) - 2) + f"{signs.bar} "
    return [Text.assemble((gutter, ALARM), first), *(Text.assemble((below, ALARM), line) for line in more)]
