"""A zip file that Python runs (zipapp, shiv, pex) to the names that its directory holds; nothing in it is unpacked."""

from __future__ import annotations

import os
import struct
from pathlib import Path

MARK = b"PK\x05\x06"
END = struct.Struct("<4s4H2LH")
LONGEST_COMMENT = 65_535
LONGEST_DIRECTORY = 8 * 1024 * 1024
"""Some 80,000 names; zipapps of Django hold 5,000."""


def directory(path: Path) -> bytes | None:
    """The raw central directory, in which the names stand in plain; None for what is no zip file, or too large."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        size = os.fstat(opened).st_size
        behind = max(0, size - END.size - LONGEST_COMMENT)
        tail = os.pread(opened, size - behind, behind)
        at = tail.rfind(MARK)
        if at < 0 or len(tail) - at < END.size:
            return None
        length = int(END.unpack_from(tail, at)[5])
        # What is put in front of a zip file, as its #! line, is not counted in its offsets.
        start = behind + at - length
        return os.pread(opened, length, start) if start >= 0 and length <= LONGEST_DIRECTORY else None
    except OSError:
        return None
    finally:
        os.close(opened)
