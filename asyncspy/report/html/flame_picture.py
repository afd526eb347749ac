"""A flame graph to a picture of boxes: the callers above, wide is often, lit is what belongs to a finding.

Every box is a picture inside the picture: so its text is cut at its own edge, whatever the width of the page, without
a script. A script only moves the boxes.
"""

from __future__ import annotations

from asyncspy.model.analysis import Analysis, FlameBox, FlameGraph
from asyncspy.report.html.tags import Html, el
from asyncspy.report.present.figures import percent, plural
from asyncspy.report.present.place_names import has_line, relative
from asyncspy.report.view import View

ROW = 20
"""The height of a box."""

NARROW = 0.006
"""A box of a smaller share has no room for a letter, on any screen; zoomed in, the script writes it from the title."""

OWNERS = {"django": "django", "asgiref": "asgiref", "stdlib": "python"}
LEGEND = (
    ("own", "your code"),
    ("django", "Django"),
    ("asgiref", "asgiref"),
    ("python", "Python"),
    ("other", "packages"),
    ("lit", "a finding"),
)


def flames(analysis: Analysis, view: View) -> list[Html]:
    """A section for each graph that there is."""
    return [_section(drawn, view) for drawn in analysis.flames if drawn.samples]


def _section(drawn: FlameGraph, view: View) -> Html:
    legend = [el("li", el("i", class_=f"swatch {tone}"), name) for tone, name in LEGEND]
    depth = max(row.depth for row in drawn.rows) + 1
    boxes = [_box(row, drawn, view) for row in drawn.rows]
    picture = el(
        "svg", boxes, class_="flame", height=depth * ROW, role="group", tabindex=0,
        aria_label="Flame graph of the event loop; arrow keys walk, Enter zooms, Escape zooms out",
    )  # fmt: skip
    return el(
        "section",
        el("h2", "Where the event loop was, waits included" if drawn.waits else "What the event loop ran"),
        el("p", _about(drawn), class_="dim"),
        el("ul", legend, class_="legend"),
        el("p", "", class_="said", aria_live="polite"),
        el("div", picture, class_="scroll"),
        class_="graph",
        id="waits" if drawn.waits else "flame",
    )


def _about(drawn: FlameGraph) -> str:
    idle = f" The {plural(drawn.idle, 'sample')} in which it waited for work are left out." if drawn.idle else ""
    return f"{plural(drawn.samples, 'sample')} of the loop, callers above what they called; wide is often.{idle}"


def _box(row: FlameBox, drawn: FlameGraph, view: View) -> Html:
    share = row.samples / drawn.samples
    name = row.frame.function
    return el(
        "svg",
        el("title", _told(row, share, view)),
        el("rect", width="100%", height=ROW - 1, rx=2),
        el("text", name, x=4, y=14) if share >= NARROW else None,
        class_=_tone(row),
        x=f"{100 * row.start / drawn.samples:.3f}%",
        y=row.depth * ROW,
        width=f"{100 * share:.3f}%",
        height=ROW - 1,
        data_finding=row.finding + 1 if row.finding is not None else None,
    )


def _told(row: FlameBox, share: float, view: View) -> str:
    """What a pointer at rest shows: the function, its place, its part."""
    file = relative(row.frame.file, view.root)
    place = f" ({file}:{row.frame.line})" if file and has_line(row.frame) else f" ({file})" if file else ""
    return f"{row.frame.function}{place}: {plural(row.samples, 'sample')}, {percent(share)} of the loop"


def _tone(row: FlameBox) -> str:
    if row.finding is not None:
        return "b lit"
    owner = "root" if row.depth == 0 else "own" if row.package is None else OWNERS.get(row.package, "other")
    return f"b {owner} way" if row.towards else f"b {owner}"
