"""Parse the boxes that inferno or FlameGraph.pl drew in an SVG.

inferno says in `fg:x` and `fg:w` where a box lies, in samples. FlameGraph.pl draws in pixels with one decimal: there
boxes are measured in tenths of a pixel, and their samples are read from their titles.

Entities and internal subsets are refused; nothing that the file names is ever fetched.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat

from asyncspy.errors import InputError
from asyncspy.read.frame_names import is_digits

MAX_COUNT_DIGITS = 15
MAX_TITLE = 2_000
HEIGHT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,4})?")
PIXELS = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,3})?")
TITLE = re.compile(r"(.*) \(([0-9][0-9,]{0,17}) [a-zA-Z]{1,20}, [0-9.]{1,8}%.{0,40}\)", re.DOTALL)
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
TENTHS_OF_A_PIXEL = 10
ROUNDING = 2
AS_SPEEDSCOPE = "record again in a form that loses nothing: py-spy record --format speedscope --full-filenames"


class Box(NamedTuple):
    """One box of a row: where it starts and ends, what its title names, and how many samples it says."""

    start: int
    end: int
    name: str
    samples: int


@dataclass(slots=True)
class Drawing:
    """All boxes by their height, and the title: for py-spy, the command line that had them drawn."""

    rows: defaultdict[float, list[Box]] = field(default_factory=lambda: defaultdict(list))
    damaged: int = 0
    title: str = ""
    tolerance: int = 0
    """How far a box may seem to overlap another, by rounding to a tenth of a pixel."""

    @property
    def by_py_spy(self) -> bool:
        """Whether py-spy had it drawn."""
        return "py-spy" in self.title


def parse_drawing(data: bytes) -> Drawing:
    """Read the boxes. Raises InputError for what is not XML, declares entities, or holds no boxes."""
    handlers = _Handlers()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = handlers.doctype
    parser.StartElementHandler = handlers.start
    parser.EndElementHandler = handlers.end
    parser.CharacterDataHandler = handlers.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise InputError(_reason(data, error, parser.ErrorByteIndex), remedy=AS_SPEEDSCOPE) from None
    except (LookupError, ValueError) as error:  # an encoding that Python does not know, or a multi-byte one
        raise InputError(f"its XML cannot be decoded: {error}", remedy=AS_SPEEDSCOPE) from None
    if not handlers.drawing.rows:
        raise InputError(
            "it is an SVG without boxes that have a frame and a number of samples as title, as flame graphs do",
            remedy=AS_SPEEDSCOPE,
        )
    return handlers.drawing


def _reason(data: bytes, error: expat.ExpatError, at: int) -> str:
    where = f"line {error.lineno}, column {error.offset}"
    if CONTROL.match(data, max(at, 0)) or b"&#" in data[max(at, 0) : at + 2]:
        return f"a name in it holds a control character, which XML cannot carry ({where})"
    return f"its XML is broken or cut short: {expat.ErrorString(error.code)} ({where})"


class _Handlers:
    """What expat calls: a box is a `<title>` followed by a `<rect>` with inferno's attributes."""

    def __init__(self) -> None:
        self.drawing = Drawing()
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
            self._add_box(attributes)
        elif tag == "rect" and self._title:
            self._add_box_in_pixels(attributes)
        elif tag == "text":
            self._heading = attributes.get("id") == "title"

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

    def _add_box(self, attributes: dict[str, str]) -> None:
        x, width, y = attributes.get("fg:x", ""), attributes["fg:w"], attributes.get("y", "")
        name, bracket, _ = self._title.rpartition(" (")  # NAME (2,998 samples, 99.97%)
        good = bracket and is_digits(x) and is_digits(width) and max(len(x), len(width)) <= MAX_COUNT_DIGITS
        samples = int(width) if good and HEIGHT.fullmatch(y) else 0
        if samples:
            self.drawing.rows[float(y)].append(Box(int(x), int(x) + samples, name, samples))
        else:
            self.drawing.damaged += 1
        self._title = ""

    def _add_box_in_pixels(self, attributes: dict[str, str]) -> None:
        x, width, y = (attributes.get(key, "") for key in ("x", "width", "y"))
        title, self._title = TITLE.fullmatch(self._title), ""
        if title is None:
            return
        samples = int(title[2].replace(",", ""))
        if PIXELS.fullmatch(x) and PIXELS.fullmatch(width) and HEIGHT.fullmatch(y) and samples:
            start = round(float(x) * TENTHS_OF_A_PIXEL)
            end = start + round(float(width) * TENTHS_OF_A_PIXEL)
            self.drawing.rows[float(y)].append(Box(start, end, title[1], samples))
            self.drawing.tolerance = ROUNDING
        else:
            self.drawing.damaged += 1
