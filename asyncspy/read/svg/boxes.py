"""Takes the bytes of an SVG; gives the boxes that inferno or FlameGraph.pl drew in it, and how many are damaged.

inferno says in `fg:x` and `fg:w` where a box lies, in samples. FlameGraph.pl draws in pixels with one decimal: there
boxes are measured in tenths of a pixel, and their samples are read from their titles.

What stands there as inferno writes it is scanned; only expat touches the other XML. Entities and internal subsets are
refused; nothing that the file names is ever fetched.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from xml.parsers import expat

from asyncspy.errors import InputError
from asyncspy.read.frame_names import is_count
from asyncspy.read.svg.scan import Box, scan
from asyncspy.read.svg.towers import AS_SPEEDSCOPE

MAX_COUNT_DIGITS = 15
MAX_TITLE = 2_000
HEIGHT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,4})?")
PIXELS = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,3})?")
TITLE = re.compile(r"(.*) \(([0-9][0-9,]{0,17}) [a-zA-Z]{1,20}, [0-9.]{1,8}%.{0,40}\)", re.DOTALL)
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(slots=True)
class Drawing:
    """All boxes by their height, and the title: for py-spy, the command line that had them drawn."""

    rows: defaultdict[float, list[Box]] = field(default_factory=lambda: defaultdict(list))
    damaged: int = 0
    title: str = ""
    slack: int = 0
    """By how much a box may seem to overlap another: what rounding to a tenth of a pixel can do."""

    @property
    def by_py_spy(self) -> bool:
        """Whether py-spy had it drawn."""
        return "py-spy" in self.title


def draw(data: bytes) -> Drawing:
    """Read the boxes. Raises InputError for what is no XML, names entities, or holds no boxes."""
    drawing = _scanned(data) or _parsed(data).drawing
    if not drawing.rows:
        raise InputError(
            "it is an SVG without boxes that have a frame and a number of samples as title, as flame graphs do",
            remedy=AS_SPEEDSCOPE,
        )
    return drawing


def _scanned(data: bytes) -> Drawing | None:
    """The boxes, most of them without the help of expat; None where it must read the whole: to refuse it, for one."""
    rows, rest, mark, marks = scan(data)
    try:
        parsed = _parsed(rest, mark) if marks else None
    except InputError:
        return None
    if parsed is None or parsed.marks != marks:
        return None
    for height, row in rows.items():
        parsed.drawing.rows[height] += row
    return parsed.drawing


def _parsed(data: bytes, mark: str = "") -> _Handlers:
    handlers = _Handlers(mark)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = handlers.doctype
    parser.StartElementHandler = handlers.start
    parser.EndElementHandler = handlers.end
    parser.CharacterDataHandler = handlers.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise InputError(_why(data, error, parser.ErrorByteIndex), remedy=AS_SPEEDSCOPE) from None
    except (LookupError, ValueError) as error:  # an encoding that Python does not know, or not byte by byte
        raise InputError(f"its XML cannot be decoded: {error}", remedy=AS_SPEEDSCOPE) from None
    return handlers


def _why(data: bytes, error: expat.ExpatError, at: int) -> str:
    where = f"line {error.lineno}, column {error.offset}"
    if CONTROL.match(data, max(at, 0)) or b"&#" in data[max(at, 0) : at + 2]:
        return f"a name in it holds a control character, which XML cannot carry ({where})"
    return f"its XML is broken or cut short: {expat.ErrorString(error.code)} ({where})"


class _Handlers:
    """What expat calls: a box is a `<title>` followed by a `<rect>` with inferno's attributes."""

    def __init__(self, mark: str) -> None:
        self.drawing = Drawing()
        self.marks = 0
        self._mark = mark
        self._title = ""
        self._text: list[str] | None = None
        self._heading = False

    def doctype(self, _name: str, _system: str | None, _public: str | None, internal_subset: int) -> None:
        if internal_subset:
            raise InputError("its XML declares entities of its own, which are refused", remedy=AS_SPEEDSCOPE)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "title":
            self._text = []
        elif tag == "rect" and "fg:w" in attributes:
            self._box(attributes)
        elif tag == "rect" and self._title:
            self._box_in_pixels(attributes)
        elif tag == "text":
            self._heading = attributes.get("id") == "title"
        elif tag == self._mark and self._text is None and not self._heading:  # boxes were here, and counted
            self.marks += 1
            self._title = ""

    def text(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)
        elif self._heading:
            self.drawing.title += text[: MAX_TITLE - len(self.drawing.title)]

    def end(self, tag: str) -> None:
        if tag == "title" and self._text is not None:
            self._title, self._text = "".join(self._text), None
        elif tag == "text":
            self._heading = False

    def _box(self, attributes: dict[str, str]) -> None:
        x, width, y = attributes.get("fg:x", ""), attributes["fg:w"], attributes.get("y", "")
        name, bracket, _ = self._title.rpartition(" (")  # NAME (2,998 samples, 99.97%)
        good = bracket and is_count(x) and is_count(width) and max(len(x), len(width)) <= MAX_COUNT_DIGITS
        if good and HEIGHT.fullmatch(y) and int(width):
            self.drawing.rows[float(y)].append((int(x), int(x) + int(width), name, int(width)))
        else:
            self.drawing.damaged += 1
        self._title = ""

    def _box_in_pixels(self, attributes: dict[str, str]) -> None:
        x, width, y = (attributes.get(key, "") for key in ("x", "width", "y"))
        title, self._title = TITLE.fullmatch(self._title), ""
        if title is None:
            return
        if PIXELS.fullmatch(x) and PIXELS.fullmatch(width) and HEIGHT.fullmatch(y) and int(title[2].replace(",", "")):
            samples = int(title[2].replace(",", ""))
            start = round(float(x) * 10)
            self.drawing.rows[float(y)].append((start, start + round(float(width) * 10), title[1], samples))
            self.drawing.slack = 2
        else:
            self.drawing.damaged += 1
