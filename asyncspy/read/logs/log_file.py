"""Read a log of any length, text or JSON lines, with or without prefixes, into a `Profile` of events.

What is looked for: tracebacks that end in SynchronousOnlyOperation, and the start-up lines in which django.request says
for which middleware it had to adapt the asynchronous handler. Memory stays flat: a log is read in blocks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import BinaryIO

from asyncspy.model.stacks import InputFile, Profile
from asyncspy.read.logs.indented_json import on_lines
from asyncspy.read.logs.journal_export import as_blocks
from asyncspy.read.logs.records import unwrap
from asyncspy.read.logs.split_lines import SplitLines
from asyncspy.read.logs.tracebacks import Tracebacks
from asyncspy.read.logs.windows import BLOCK, find_windows

NO_TRACEBACKS = (
    "no traceback of SynchronousOnlyOperation is in it; Django's default logging writes no traceback for an error 500 "
    "with DEBUG=False, so this proves nothing"
)
MENTIONS = "{:,} lines name SynchronousOnlyOperation without a traceback: where it was raised is not told"
FIELDS = "fields of GraphQL answers in which it was raised: {}"
MAX_FIELDS = 10
CUT = "{:,} tracebacks end before they name their exception: not counted"

HOLE = re.compile(rb"\0{16,}")
LEFT_OUT = "{:,} messages were left out by journalctl, which shows long and odd ones only with --all"
BROKEN = "{:,} records were split into pieces that cannot be put together: not counted"


def read(stream: BinaryIO, path: str, block_size: int = BLOCK) -> Profile:
    """Read every violation that has a traceback, and every middleware that was adapted for."""
    found, split = Tracebacks(), SplitLines()
    blocks = on_lines(map(without_nuls, as_blocks(stream, block_size)))
    for window in find_windows(split.rejoin(blocks)):
        if not window.follows:
            found.end_all()
        for text in window.data.decode("utf-8", "backslashreplace").split("\n"):
            for line in unwrap(text):
                found.add(line)
    found.end_all()
    notes = [BROKEN.format(split.broken)] if split.broken else []
    notes += [LEFT_OUT.format(split.left_out)] if split.left_out else []
    return profile_of(found, path, "log", split.broken, notes)


def profile_of(found: Tracebacks, path: str, form: str, dropped: int = 0, more_notes: Sequence[str] = ()) -> Profile:
    """What was found in a file, with notes on what could not be used."""
    notes = [] if found.events or found.fields else [NO_TRACEBACKS]
    notes += [MENTIONS.format(found.mentions)] if found.mentions else []
    notes += [FIELDS.format(", ".join(sorted(found.fields)[:MAX_FIELDS]))] if found.fields else []
    notes += [CUT.format(found.cut)] if found.cut else []
    count = sum(occurrences.times for occurrences in found.events.values())
    read_in = InputFile(path, form, count, found.mentions + found.cut + dropped, (*notes, *more_notes))
    return Profile({}, inputs=(read_in,), events=found.events)


def without_nuls(block: bytes) -> bytes:
    """The block with an end of line for a hole, whose writer went on behind it, and without single NULs."""
    return HOLE.sub(b"\n", block).replace(b"\0", b"") if b"\0" in block else block
