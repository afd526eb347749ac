"""Read the traceback of the page that Django shows for an error with DEBUG; nothing else of the page is looked at.

The page also shows local variables and settings, which can hold secrets.
"""

from __future__ import annotations

import html
from typing import BinaryIO

from asyncspy.errors import InputError
from asyncspy.model.stacks import Profile
from asyncspy.read.logs.log_file import profile_of
from asyncspy.read.logs.records import Line
from asyncspy.read.logs.tracebacks import Tracebacks
from asyncspy.read.open_file import read_all

OPENS, CLOSES = b'id="traceback_area"', b"</textarea>"
"""Around the traceback as text, for the button that shares it."""


def read(stream: BinaryIO, path: str) -> Profile:
    """The violation that the page is about, if it is one."""
    _, opens, after = read_all(stream).partition(OPENS)
    text, closes, _ = after.partition(b">")[2].partition(CLOSES)
    if not opens or not closes:
        raise InputError(
            "it is a page of Django's without its traceback as text: it is cut short, or about no exception",
            remedy="save the whole page, or give the log that has the traceback",
        )
    found = Tracebacks()
    for line in html.unescape(text.decode("utf-8", "backslashreplace")).splitlines():
        found.add(Line(line))
    found.end_all()
    return profile_of(found, path, "log")
