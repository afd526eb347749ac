"""Boxes that a pattern takes out of an SVG are those that an XML parser finds in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncspy.errors import InputError
from asyncspy.read.svg import boxes, flame_graph, scan
from tests.read.fixtures import FIXTURES

DRAWINGS = sorted(FIXTURES.rglob("*.svg"))
PY_SPY = FIXTURES / "recordings" / "uvicorn-asyncio-every1.svg"


def outcome(data: bytes) -> object:
    try:
        return flame_graph.read(data, "flame.svg")
    except InputError as error:
        return error.message


def both(data: bytes) -> tuple[object, object]:
    """What comes of a drawing when boxes are scanned for, and when expat parses all of it."""
    scanned = outcome(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boxes, "_scanned", lambda _data: None)
        return scanned, outcome(data)


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_every_drawing_of_the_fixtures(path: Path) -> None:
    scanned, parsed = both(path.read_bytes())
    assert scanned == parsed


def test_nearly_all_that_py_spy_draws_is_scanned() -> None:
    data = PY_SPY.read_bytes()
    found = scan.scan(data)
    assert sum(map(len, found.rows.values())) == data.count(b"<g><title>")
    assert found.marks == 1
    assert b"<title>" not in found.rest


def box(name: str, x: int = 0, width: int = 10, y: int = 52) -> str:
    return (
        f'<g><title>{name} ({width} samples, 1.00%)</title><rect x="0.1%" y="{y}" width="0.1%" height="15" '
        f'fill="rgb(227,120,20)" fg:x="{x}" fg:w="{width}"/><text x="0.3%" y="{y + 10}"></text></g>'
    )


ALL = box("all")
TOP = box("a (a.py:1)", 0, 6, 68)
NEXT = box("b (b.py:2)", 6, 3, 68)
HEAD = '<svg xmlns:fg="x"><text id="title">py-spy record</text>'


@pytest.mark.parametrize(
    "body",
    [
        f"{ALL}<!-- {TOP} -->{NEXT}",
        f"{ALL}<![CDATA[{TOP}]]>{NEXT}",
        f"{ALL}<script>{TOP}</script>{NEXT}",
        f"{ALL}<title>{TOP}</title>{NEXT}",
        f'{ALL}<text id="title">{TOP} --gil</text>{NEXT}',
        f'{ALL}<x y="{TOP}"/>{NEXT}',
        f'{ALL}<title>c (1 samples, 1%)</title>{TOP}<rect y="68" fg:x="9" fg:w="1"/>',
        f"{ALL}{TOP}<mark-0/>{NEXT}",
        f"{ALL}{TOP}</svg>{NEXT}",
        f"{ALL}{TOP}<unclosed>{NEXT}",
        f"{ALL}{TOP}&nothing;{NEXT}",
        f"{ALL}{TOP}\x00{NEXT}",
        ALL + TOP.replace("a.py", "&lt;a&gt;&amp;lt;&quot;&apos;") + NEXT,
        ALL + TOP.replace("a.py", "&#97;.py") + NEXT,
        ALL + TOP.replace("a.py", "café.py") + NEXT,
        ALL + TOP.replace("a.py", "a]]>b") + NEXT,
        ALL + TOP.replace("a.py", "a\tb\r\nc") + NEXT,
        ALL + TOP.replace("(a.py:1)", "(a (b) (c.py:1)") + NEXT,
        ALL + TOP.replace('fg:w="6"', 'fg:w="0"') + NEXT,
        ALL + TOP.replace('fg:w="6"', 'fg:w="06"') + NEXT,
        ALL + TOP.replace('y="68"', 'y="68.00"') + NEXT,
        ALL + TOP.replace('y="68"', 'y="6_8"') + NEXT,
        ALL + TOP.replace('fg:w="6"', 'fg:w="6" fg:w="6"') + NEXT,
        f"{ALL}{TOP}<text/>{NEXT}\n\n<g>{box('c (c.py:1)', 9, 1, 68)}</g>",
    ],
)
def test_places_where_a_box_is_none_or_another(body: str) -> None:
    scanned, parsed = both(f"{HEAD}{body}</svg>".encode())
    assert scanned == parsed


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16", "utf-8", "UTF-8", "us-ascii", "nonsense", "utf-7"])
def test_an_encoding_that_changes_what_the_bytes_mean(encoding: str) -> None:
    data = f"<?xml version='1.0' encoding='{encoding}'?>{HEAD}{ALL}{TOP}{NEXT}</svg>".encode()
    scanned, parsed = both(data)
    assert scanned == parsed


PIECES = st.sampled_from(
    [ALL, TOP, NEXT, "<g>", "</g>", "<!--", "-->", "<title>", "</title>", "&lt;", "]]>", "\n", "é"]
)


@given(body=st.lists(PIECES, max_size=8), at=st.integers(0, 5_000), put=st.binary(max_size=3))
@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
def test_whatever_stands_between_boxes(body: list[str], at: int, put: bytes) -> None:
    data = f"{HEAD}{ALL}{''.join(body)}{TOP}</svg>".encode()
    place = at % len(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "BLOCK", 50)
        scanned, parsed = both(data[:place] + put + data[place:])
    assert scanned == parsed
