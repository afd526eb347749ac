"""Draw a flame graph as boxes: callers above, width is frequency, and what belongs to a finding is lit.

Every box is an SVG of its own, so that its text is cut at its edge at any width of the page, without a script. The
script only moves the boxes.
"""

from __future__ import annotations

from asyncspy.model.analysis import Analysis, FlameBox, FlameGraph
from asyncspy.report.html.tags import Html, el
from asyncspy.report.present.figures import percent, plural
from asyncspy.report.present.places import has_line, relative
from asyncspy.report.view import View

BOX_HEIGHT = 20

NARROWEST_LABEL = 0.006
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


def flame_sections(analysis: Analysis, view: View) -> list[Html]:
    """A section for each graph that there is."""
    return [_section(flame, view) for flame in analysis.flames if flame.samples]


def _section(flame: FlameGraph, view: View) -> Html:
    what = "waiting tasks" if flame.of_tasks else "the event loop"
    legend = [el("li", el("i", class_=f"swatch {tone}"), name) for tone, name in LEGEND]
    depth = max(row.depth for row in flame.rows) + 1
    boxes = [_box(row, flame, view) for row in flame.rows]
    picture = el(
        "svg", boxes, class_="flame", height=depth * BOX_HEIGHT, role="group", tabindex=0,
        aria_label=f"Flame graph of {what}; arrow keys walk, Enter zooms, Escape zooms out",
    )  # fmt: skip
    title, anchor = _name(flame)
    idle = f" The {plural(flame.idle, 'sample')} in which it waited for work are left out." if flame.idle else ""
    about = f"{plural(flame.samples, 'sample')} of the loop, callers above what they called; wide is often.{idle}"
    if flame.of_tasks:
        about = f"{flame.samples / 1000:.1f} tasks on average, each above what it awaits; wide is long or often."
    return el(
        "section",
        el("h2", title),
        el("p", about, class_="dim"),
        el("ul", legend, class_="legend"),
        el("p", "", class_="said", aria_live="polite"),
        el("div", picture, class_="scroll"),
        class_="graph",
        id=anchor,
    )


def _name(flame: FlameGraph) -> tuple[str, str]:
    """A graph's title and anchor."""
    if flame.of_tasks:
        return "What requests and tasks wait for", "waiting"
    return (
        ("Where the event loop was, waits included", "waits") if flame.waits else ("What the event loop ran", "flame")
    )


def _box(row: FlameBox, flame: FlameGraph, view: View) -> Html:
    share = row.samples / flame.samples
    return el(
        "svg",
        el("title", _title(row, share, flame, view)),
        el("rect", width="100%", height=BOX_HEIGHT - 1, rx=2),
        el("text", row.frame.function, x=4, y=14) if share >= NARROWEST_LABEL else None,
        class_=_classes(row),
        x=f"{100 * row.start / flame.samples:.3f}%",
        y=row.depth * BOX_HEIGHT,
        width=f"{100 * share:.3f}%",
        height=BOX_HEIGHT - 1,
        data_finding=row.finding + 1 if row.finding is not None else None,
    )


def _title(row: FlameBox, share: float, flame: FlameGraph, view: View) -> str:
    """What a pointer at rest shows: the function, its place, its part."""
    file = relative(row.frame.file, view.root)
    place = f" ({file}:{row.frame.line})" if file and has_line(row.frame) else f" ({file})" if file else ""
    if flame.of_tasks:
        return (
            f"{row.frame.function}{place}: {row.samples / 1000:.2f} tasks on average, {percent(share)} of all that wait"
        )
    return f"{row.frame.function}{place}: {plural(row.samples, 'sample')}, {percent(share)} of the loop"


def _classes(row: FlameBox) -> str:
    if row.finding is not None:
        return "b lit"
    owner = "root" if row.depth == 0 else "own" if row.package is None else OWNERS.get(row.package, "other")
    return f"b {owner} way" if row.towards else f"b {owner}"
