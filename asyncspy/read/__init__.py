"""Takes a file that anybody may have made; gives a `Profile`, or one clear `InputError`.

Formats are chosen by what the file holds, never by its name; `FORMATS` is tried in order.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from asyncspy.errors import InputError
from asyncspy.model import Profile
from asyncspy.read import folded, speedscope, svg
from asyncspy.read.source import SourceFiles

__all__ = ["FORMATS", "Format", "SourceFiles", "load"]

HEAD_BYTES = 64 * 1024
MAX_BYTES = 1024**3
RECORD_AGAIN = "record again with: py-spy record --format speedscope --full-filenames --gil --pid PID --output FILE"


class Format(NamedTuple):
    """One kind of file: whether the first bytes look like it, and how to read all of them."""

    name: str
    sniff: Callable[[bytes], bool]
    read: Callable[[bytes, str], Profile]


FORMATS = (
    Format("speedscope", speedscope.sniff, speedscope.read),
    Format("svg", svg.sniff, svg.read),
    Format("raw", folded.sniff, folded.read),  # last: nearly any text could be a folded stack
)


def load(path: Path) -> Profile:
    """Read a recording of any known format. Raises InputError, with the file named, for what is none."""
    data = _bytes(path).removeprefix(b"\xef\xbb\xbf")
    head = data[:HEAD_BYTES]
    known = next((one for one in FORMATS if one.sniff(head)), None)
    if known is None:
        names = ", ".join(one.name for one in FORMATS)
        raise InputError(
            f"{path} is not a recording of a known format ({names})",
            remedy=f"give a file that asyncspy attach or py-spy record wrote, or {RECORD_AGAIN}",
        )
    try:
        return known.read(data, str(path))
    except InputError as error:
        raise InputError(f"{path}: {error.message}", remedy=error.remedy) from error


def _bytes(path: Path) -> bytes:
    """All of a regular file that is neither empty nor beyond reason."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path} is a folder", remedy="name the recordings in it: asyncspy report FOLDER/*")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is not a regular file", remedy="save it to a file and give that")
        if status.st_size > MAX_BYTES:
            raise InputError(
                f"{path} holds {status.st_size:,} bytes; at most {MAX_BYTES:,} are read",
                remedy="record for a shorter time or at a lower rate",
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", remedy="check the name and the folder") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{path} cannot be read: {reason}", remedy="check its permissions") from None
    if not data.strip():
        raise InputError(
            f"{path} is empty: py-spy writes an empty raw file when it saw no samples",
            remedy="record again while the worker serves requests",
        )
    return data
