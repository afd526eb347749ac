"""Lay out styled text in lines that keep to a width, and print the lines as a page.

Rich wraps and measures; its tables and paddings are not used, since they fill lines with blanks and break inside of
columns, while these lines can be copied as they are.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import accumulate, takewhile

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from asyncspy.model.stacks import Frame
from asyncspy.report.present.places import Place, excerpt
from asyncspy.report.view import View

MAX_PROSE_WIDTH = 100
"""Sentences grow no wider than this, whatever the terminal; longer lines are hard to read."""

CODE_INDENT = "    "
"""How far in a line of code goes on."""

EXCERPT_INDENT = 3

# Of the sixteen colours, only those that both light and dark grounds carry; none says anything that words do not.
ALARM = "bold red"
CODE = "green"
FAINT = "dim"
NAME = "bold"
PLACE = "cyan"

_MEASURE = Console(file=io.StringIO(), width=MAX_PROSE_WIDTH, color_system=None)


def head(text: str, room: int) -> str:
    """As much of the text's start as fits into this many cells: wide characters take two, marks none."""
    return text[: _fitting(text, room)]


def tail(text: str, room: int) -> str:
    """As much of the text's end as fits into this many cells."""
    return text[len(text) - _fitting(reversed(text), room) :]


def _fitting(chars: Iterable[str], room: int) -> int:
    """Counted in one pass: names from outside are long, and measuring every prefix would take minutes."""
    return sum(1 for _ in takewhile(lambda cells: cells <= room, accumulate(map(cell_len, chars))))


def clip(text: str, room: int, dots: str) -> str:
    """The text's start, if not all of it fits."""
    return text if cell_len(text) <= room else head(text, room - len(dots)) + dots


def fit_place(place: Place, view: View, room: int) -> str:
    """`shop/pricing.py:22`; where that is wider than `room`, its middle goes and the line number stays."""
    return shorten_path(view.escape(place.file), room - len(place.line), view.glyphs.dots) + place.line


def shorten_path(path: str, room: int, dots: str) -> str:
    """A path that fits: folders go from the middle first, then the front of what is left."""
    if cell_len(path) <= room:
        return path
    first, *rest = path.split("/")
    for start in range(1, len(rest)):
        kept = "/".join(rest[start:])
        for candidate in (f"{first}/{dots}/{kept}", f"{dots}/{kept}"):
            if cell_len(candidate) <= room:
                return candidate
    return dots + tail(path, room - len(dots))


def prose_room(view: View, indent: int) -> int:
    """How wide a sentence may be that starts at this column."""
    return min(view.columns, MAX_PROSE_WIDTH) - indent


def wrap(text: Text, room: int) -> list[Text]:
    """The text in lines of at most `room` cells; words that are longer are broken."""
    return list(text.wrap(_MEASURE, room, overflow="fold")) or [Text()]


def prose(sentence: str, view: View, indent: int = 0, style: str = "") -> list[Text]:
    """A sentence in lines that will start at this column; nothing where there is none."""
    return wrap(Text(sentence, style), prose_room(view, indent)) if sentence else []


def section(title: str, sentences: Iterable[str], view: View, *, indent: int = 2) -> list[Text]:
    """A title, and sentences indented below it; nothing where there are none."""
    lines = [line for sentence in sentences for line in prose(sentence, view, indent)]
    return [Text(title, NAME), *indented(lines, indent)] if lines else []


def wrap_code(code: str, room: int, style: str) -> list[Text]:
    """A line of code in lines that break as a programmer would: before a dot, after a bracket, a comma, a blank."""
    lines: list[Text] = []
    hang = ""
    while cell_len(hang + code) > room:
        fits = len(head(code, room - len(hang)))
        best = max(code.rfind(".", 1, fits), *(code.rfind(sign, 0, fits) + 1 for sign in "([{, "))
        cut = best if best > fits // 2 else fits
        lines.append(Text(hang + code[:cut].rstrip(), style))
        code, hang = code[cut:].lstrip(), CODE_INDENT
    return [*lines, Text(hang + code, style)]


def source_excerpt(frame: Frame, view: View) -> list[Text]:
    """The line to change between its neighbours; nothing where it cannot be read."""
    quoted = [line for line in excerpt(frame, view, context=1, limit=300) if line.text or line.to_change]
    width = max((len(str(line.number)) for line in quoted), default=0)
    signs, lines = view.glyphs, list[Text]()
    for number, text, to_change in quoted:
        gutter = f"{signs.arrow if to_change else ' '} {number:>{width}} {signs.bar} "
        room = view.columns - EXCERPT_INDENT - len(gutter)
        if not to_change:
            lines.append(Text(gutter + clip(text, room, signs.dots), FAINT))
            continue
        # Never cut: the call may be at its end. What does not fit goes on below, further in.
        margin = min(len(text) - len(text.lstrip()), room // 2)
        first, *more = indented(wrap_code(text.lstrip(), room - margin, NAME), margin)
        below = " " * (len(gutter) - 2) + f"{signs.bar} "
        lines += [Text.assemble((gutter, ALARM), first), *(Text.assemble((below, ALARM), line) for line in more)]
    return indented(lines, EXCERPT_INDENT)


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


def faint_facts(facts: Iterable[str], view: View, room: int | None = None) -> list[Text]:
    """Facts beside each other, with dots between them."""
    return flow([Text(fact, FAINT) for fact in facts], room or view.columns, f" {view.glyphs.dot} ")


def commands(label: str, steps: Iterable[tuple[str, str]], view: View, *, width: int = 7) -> list[Text]:
    """Command lines with their purposes, the first beside a label."""
    lines: list[Text] = []
    for command, purpose in steps:
        parts = [Text(command, CODE), Text(purpose, FAINT)]
        lines += labelled("" if lines else label, flow(parts, view.columns - width, "   ", lead="  "), 0, width, NAME)
    return lines


def arrowed(command: str | None, view: View, indent: int) -> list[Text]:
    """A command line behind an arrow; nothing where there is none."""
    if not command:
        return []
    arrow = f"{view.glyphs.arrow} "
    lines = wrap(Text(view.escape(command), CODE), view.columns - indent - len(arrow))
    return labelled(arrow, lines, indent, len(arrow))


def indented(lines: Iterable[Text], indent: int) -> list[Text]:
    """The lines, moved right; empty ones stay empty."""
    return [Text.assemble(" " * indent, line) if line.plain else line for line in lines]


def labelled(label: str, lines: Sequence[Text], indent: int, label_width: int, style: str = FAINT) -> list[Text]:
    """A label, and lines that hang beside it; nothing where there are no lines."""
    if not lines:
        return []
    first = Text.assemble(" " * indent, (label.ljust(label_width), style), lines[0])
    return [first, *indented(lines[1:], indent + label_width)]


def warnings(sentences: Iterable[str], view: View, indent: int = 0) -> list[Text]:
    """Sentences that each hang beside an exclamation mark."""
    return [
        line for sentence in sentences for line in labelled("!", prose(sentence, view, indent + 2), indent, 2, ALARM)
    ]


def columns(rows: Sequence[Sequence[Text]], *, right: Sequence[int] = (), gap: int = 2) -> list[Text]:
    """Rows with aligned cells; the columns named in `right` are flush right, and the last is left as it is."""
    widths = [max(row[i].cell_len for row in rows) for i in range(len(rows[0]))] if rows else []
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


def columns_or_flow(rows: Sequence[Sequence[Text]], room: int, *, right: Sequence[int] = ()) -> list[Text]:
    """Rows with aligned cells where all fit, else each row flowing on its own."""
    lines = columns(rows, right=right)
    if any(line.cell_len > room for line in lines):
        return [line for row in rows for line in flow(row, room, "  ", lead="  ")]
    return lines


def page(sections: Iterable[Sequence[Text]], view: View) -> str:
    """The finished text, an empty line between sections: with the sixteen colours of a terminal, or with none."""
    out = io.StringIO()
    console = Console(  # NO_COLOR, FORCE_COLOR and TERM are not asked again: they were when the view was made
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
    lines: list[Text] = []
    for shown in filter(None, sections):
        lines += [Text(), *shown] if lines else shown
    for line in lines:
        line.rstrip()
    console.print(Text("\n").join(lines), soft_wrap=True)
    return out.getvalue()
