"""Takes a log of any length, as text or JSON lines, with or without prefixes; gives a `Profile` of events, not samples.

What is looked for: tracebacks that end in SynchronousOnlyOperation, and the start-up lines in which django.request
says for which middleware it had to adapt the asynchronous handler. Memory stays flat: a log is read in blocks.
"""

from __future__ import annotations

from typing import BinaryIO

from asyncspy.model.stacks import InputFile, Profile
from asyncspy.read.logs.repeats import Repeats
from asyncspy.read.logs.tracebacks import Tracebacks
from asyncspy.read.logs.windows import windows

NO_TRACEBACKS = (
    "no SynchronousOnlyOperation is in it; Django's default logging writes no traceback for an error 500 "
    "with DEBUG=False, so this proves nothing"
)
MENTIONS = "{:,} lines name SynchronousOnlyOperation without a traceback: where it was raised is not told"
CUT = "{:,} tracebacks end before they name their exception: not counted"


def read(stream: BinaryIO, path: str) -> Profile:
    """Every violation that a traceback tells of, and every middleware that was adapted for."""
    found = Tracebacks()
    repeats = Repeats(found)
    for window in windows(stream):
        if not window.follows:
            found.interrupted()
        repeats.take(window.data)
    found.interrupted()
    notes = [] if found.events else [NO_TRACEBACKS]
    notes += [MENTIONS.format(found.mentions)] if found.mentions else []
    notes += [CUT.format(found.cut)] if found.cut else []
    count = sum(logged.times for logged in found.events.values())
    read_in = InputFile(path, "log", count, found.mentions + found.cut, tuple(notes))
    return Profile({}, inputs=(read_in,), events=found.events)
