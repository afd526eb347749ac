"""Styled pieces of text to lines that keep to a width, and those to the finished page."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from asyncspy.report.terminal.fit import head
from asyncspy.report.view import View

PROSE = 100
"""Sentences grow no wider than this, whatever the terminal; longer lines lose the eye."""

HANG = "    "
"""How far in a line of code goes on."""

# Of the sixteen colours, only those that both light and dark grounds carry; none says anything that words do not.
ALARM = "bold red"
CODE = "green"
FAINT = "dim"
NAME = "bold"
PLACE = "cyan"

_MEASURE = Console(file=io.StringIO(), width=PROSE, color_system=None)


def prose_room(view: View, indent: int) -> int:
    """How wide a sentence may be that starts at this column."""
    return min(view.columns, PROSE) - indent


def wrap(text: Text, room: int) -> list[Text]:
    """The text in lines of at most `room` cells; words that are longer are broken."""
    return list(text.wrap(_MEASURE, room, overflow="fold")) or [Text()]


def wrap_code(code: str, room: int, style: str) -> list[Text]:
    """A line of code in lines that break as a programmer would: before a dot, after a bracket, a comma, a blank."""
    lines: list[Text] = []
    hang = ""
    while cell_len(hang + code) > room:
        fits = len(head(code, room - len(hang)))
        best = max(code.rfind(".", 1, fits), *(code.rfind(sign, 0, fits) + 1 for sign in "([{, "))
        cut = best if best > fits // 2 else fits
        lines.append(Text(hang + code[:cut].rstrip(), style))
        code, hang = code[cut:].lstrip(), HANG
    return [*lines, Text(hang + code, style)]


def flow(parts: Sequence[Text], room: int, joint: str, *, lead: str = "") -> list[Text]:
    """Parts joined into lines that break between parts, `lead` opening each further one; wider parts are wrapped."""
    lines: list[Text] = []
    for part in parts:
        if lines and cell_len(lines[-1].plain + joint + part.plain) <= room:
            lines[-1] = Text.assemble(lines[-1], (joint, FAINT), part)
        else:
            mark = lead if lines else ""
            lines += labelled(mark, wrap(part, room - len(mark)), 0, len(mark))
    return lines


def indented(lines: Iterable[Text], indent: int) -> list[Text]:
    """The lines, moved right; empty ones stay empty."""
    return [Text.assemble(" " * indent, line) if line.plain else line for line in lines]


def labelled(label: str, lines: Sequence[Text], indent: int, label_width: int, style: str = FAINT) -> list[Text]:
    """A label, and lines that hang beside it."""
    first = Text.assemble(" " * indent, (label.ljust(label_width), style), lines[0])
    return [first, *indented(lines[1:], indent + label_width)]


def columns(rows: Sequence[Sequence[Text]], *, right: Sequence[int] = (), gap: int = 2) -> list[Text]:
    """Rows with aligned cells; the columns named in `right` are flush right, and the last is left as it is."""
    widths = [max(row[i].cell_len for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        line = Text()
        for i, cell in enumerate(row):
            pad = " " * (widths[i] - cell.cell_len)
            before, after = (pad, "") if i in right else ("", pad)
            line = Text.assemble(line, before, cell, after, " " * gap)
        line.rstrip()
        lines.append(line)
    return lines


def clip(text: str, room: int, dots: str) -> str:
    """The text's start, if not all of it fits."""
    if cell_len(text) <= room:
        return text
    return head(text, room - len(dots)) + dots


def page(lines: Iterable[Text], view: View) -> str:
    """The finished text: with the sixteen colours of a terminal, or with none."""
    out = io.StringIO()
    console = Console(  # nothing is left to NO_COLOR, FORCE_COLOR or TERM: they were weighed when the view was made
        file=out,
        width=view.columns,
        color_system="standard" if view.color else None,
        force_terminal=view.color,
        no_color=not view.color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for line in lines:
        line.rstrip()
        console.print(line, soft_wrap=True)
    return out.getvalue()
