"""Name files and lines as a reader knows them, and quote the source around them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import dedent
from typing import TYPE_CHECKING, NamedTuple

from asyncspy.report.present.figures import plural
from asyncspy.report.view import View

if TYPE_CHECKING:
    from asyncspy.model.stacks import ChainFrame, Frame

_IMPORT_ROOT = re.compile(r".*/(?:(?:site|dist)-packages|lib(?:64)?/python\d+(?:\.\d+)?t?)/(?=.)", re.DOTALL)
"""What comes before the import path of an installed module; the innermost match counts."""

MAX_LINE = 10**9
"""Higher line numbers come from damaged recordings."""

NOT_RECORDED = "file not recorded"

PACKAGE_NAMES = {
    "stdlib": "Python",
    "django": "Django",
    "channels": "Channels",
    "rest_framework": "Django REST framework",
}
"""Packages that people call by another name."""

MAX_PACKAGES_NAMED = 2
"""How many packages are named where frames are folded."""


class Place(NamedTuple):
    """A file as the reader knows it, and its line as `:22`, or nothing where that was not recorded; not escaped."""

    file: str
    line: str = ""

    def __str__(self) -> str:
        return self.file + self.line

    def shown(self, view: View) -> str:
        """The place, safe to show."""
        return view.escape(self.file) + self.line


def has_line(frame: Frame | ChainFrame) -> bool:
    """Whether the frame's line was recorded, and can be one."""
    return 0 < frame.line < MAX_LINE


def relative(file: str, root: str | None) -> str:
    """Shorten a file to its import path where it is installed, else to its path below the target's directory."""
    installed = _IMPORT_ROOT.match(file)
    if installed:
        return file[installed.end() :]
    above = (root or "").rstrip("/") + "/"
    return file[len(above) :] if above != "/" and file.startswith(above) else file


def place_of(frame: Frame | ChainFrame, view: View) -> Place:
    """Where a frame is: `shop/pricing.py:22`."""
    return Place(relative(frame.file, view.root) or NOT_RECORDED, f":{frame.line}" if has_line(frame) else "")


def package_name(package: str, view: View) -> str:
    """A package as people call it."""
    return PACKAGE_NAMES.get(package) or view.escape(package)


def folded_frames(links: Iterable[ChainFrame], view: View) -> str:
    """9 frames of Django and asgiref."""
    links = tuple(links)
    names = [package_name(one, view) for one in dict.fromkeys(link.package for link in links) if one is not None]
    shown = " and ".join(names)
    if len(names) > MAX_PACKAGES_NAMED:
        shown = f"{', '.join(names[:MAX_PACKAGES_NAMED])} and others"
    return f"{plural(len(links), 'frame')} of {shown}" if shown else plural(len(links), "frame")


class QuotedLine(NamedTuple):
    """One line of an excerpt, made safe to show."""

    number: int
    text: str
    to_change: bool


def excerpt(frame: Frame, view: View, *, context: int | None = None, limit: int = 2_000) -> list[QuotedLine]:
    """Quote the line to change between its neighbours, `context` of them on either side; nothing if unreadable."""
    found = view.source(frame.file, frame.line) if view.source is not None and has_line(frame) else []
    near = [(n, text) for n, text in found if context is None or abs(n - frame.line) <= context]
    if not any(n == frame.line for n, _ in near):
        return []
    # Escaped first: a line break in a line would make two of it.
    escaped = (view.escape(text.rstrip().expandtabs(4), limit=limit) for _, text in near)
    texts = dedent("\n".join(escaped)).split("\n")
    return [QuotedLine(n, text, n == frame.line) for (n, _), text in zip(near, texts, strict=True)]
