"""Files, functions and frames to the names that a reader knows them by: short, relative, inert."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len

from asyncspy.report.terminal.fit import tail
from asyncspy.report.view import View
from asyncspy.untrusted import escape_unprintable

if TYPE_CHECKING:  # listing workers needs no other names
    from asyncspy.model.stacks import ChainFrame, Frame

_IMPORT_ROOT = re.compile(r".*/(?:(?:site|dist)-packages|lib(?:64)?/python\d+(?:\.\d+)?t?)/(?=.)", re.DOTALL)
"""What stands before the import path of an installed module; the innermost counts."""

LONGEST_FILE = 10**9
"""Lines beyond this are a damaged recording's invention."""


def has_line(frame: Frame | ChainFrame) -> bool:
    """Whether the frame's line was recorded, and can be one."""
    return 0 < frame.line < LONGEST_FILE


def outside(text: str, view: View) -> str:
    """A name from a target, a file or a log, made safe to show."""
    return escape_unprintable(text, ascii_only=view.ascii)


def relative(file: str, root: str | None) -> str:
    """A file as its import path where it is installed, else as seen from the target's working directory."""
    installed = _IMPORT_ROOT.match(file)
    if installed:
        return file[installed.end() :]
    above = (root or "").rstrip("/") + "/"
    return file[len(above) :] if above != "/" and file.startswith(above) else file


def place(frame: Frame | ChainFrame, view: View, room: int | None = None) -> str:
    """`shop/pricing.py:22`; where that is wider than `room`, its middle goes and the line number stays."""
    name = outside(relative(frame.file, view.root), view) or "file not recorded"
    line = f":{frame.line}" if has_line(frame) else ""
    if room is not None:
        name = shorten(name, room - len(line), view.glyphs.dots)
    return name + line


def shorten(path: str, room: int, dots: str) -> str:
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
